import Training

/// Picks the steps that are worth a line, so that a run of a minute and one of a week both leave a
/// log that can be read.
package struct TrainingLog: Sendable {
  /// The lines that a run is divided into at most, besides those of its measurements.
  private static let lines = 50
  /// The least time between two of them.
  private static let pause = Duration.seconds(10)

  private var last: (step: Int, time: ContinuousClock.Instant)?
  private var heldOutStep: Int?

  package init() {}

  /// The line for a step, nil for most: the first step, the last and each measurement have one,
  /// others when a fiftieth of the run and ten seconds have gone by.
  package mutating func line(
    for report: TrainingReport, at now: ContinuousClock.Instant = .now
  ) -> String? {
    let news = report.heldOut.flatMap { $0.step == heldOutStep ? nil : $0 }
    if let last, news == nil, report.step < report.steps {
      let isFar = (report.step - last.step) >= report.steps / TrainingLog.lines
      guard isFar, now - last.time >= TrainingLog.pause else { return nil }
    }
    last = (report.step, now)
    heldOutStep = report.heldOut?.step
    return TrainingText.line(report, heldOut: news)
  }
}
