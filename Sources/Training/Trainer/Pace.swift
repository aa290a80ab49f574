/// How fast steps follow one another.
struct Pace {
  private var times: [(step: Int, instant: ContinuousClock.Instant)]
  private let clock = ContinuousClock()

  init(step: Int) { times = [(step, clock.now)] }

  /// Seconds since the step before.
  mutating func advance(to step: Int) -> Double {
    let now = clock.now
    let passed = times.last.map { $0.instant.duration(to: now) / .seconds(1) } ?? 0
    times.append((step, now))
    if times.count > 20 { times.removeFirst() }
    return passed
  }

  /// Seconds that were no step.
  mutating func skip() -> Double {
    let now = clock.now
    guard let last = times.last else { return 0 }
    let passed = last.instant.duration(to: now)
    for index in times.indices { times[index].instant = times[index].instant.advanced(by: passed) }
    return passed / .seconds(1)
  }

  var secondsPerStep: Double {
    guard let first = times.first, let last = times.last, last.step > first.step else { return 0 }
    return first.instant.duration(to: last.instant) / .seconds(1) / Double(last.step - first.step)
  }
}
