import Training

/// What a front end with a screen keeps of a run, and when it looks again.
package struct TrainingView: Sendable {
  /// Between two drawings. Steps may be far shorter: drawing each would take the processor from
  /// them, and a large pane takes some ten milliseconds.
  private static let pause = Duration.milliseconds(400)

  package private(set) var history = TrainingHistory()
  private var log = TrainingLog()
  private var drawn: ContinuousClock.Instant?

  package init() {}

  /// Takes note of a step.
  ///
  /// - Returns: the step's line, where it has one, and whether it is time to draw.
  package mutating func take(
    _ report: TrainingReport, at now: ContinuousClock.Instant = .now
  ) -> (line: String?, isDue: Bool) {
    history.append(report)
    let isDue = drawn.map { now - $0 >= TrainingView.pause } ?? true
    if isDue { drawn = now }
    return (log.line(for: report, at: now), isDue)
  }
}
