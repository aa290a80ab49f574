import Training

/// How a run stands, in words.
package enum TrainingText {
  /// `78.1 %`.
  static func percent(_ share: Double) -> String { Format.percent(Float(share)) }

  /// For a status line: `step 420/1000  loss 2.3456  3 min 20 s left`.
  package static func status(_ report: TrainingReport) -> String {
    "\(place(report))  loss \(Format.decimal(report.loss, 4))  \(timeLeft(report))"
  }

  static func place(_ report: TrainingReport) -> String { "step \(report.step)/\(report.steps)" }

  static func timeLeft(_ report: TrainingReport) -> String {
    Format.duration(seconds: report.secondsLeft) + " left"
  }

  static func temperature(_ report: TrainingReport) -> String {
    Format.decimal(1 / report.logitScale, 4)
  }

  /// A line of a log.
  ///
  /// - Parameter heldOut: a measurement that no line has told yet.
  static func line(_ report: TrainingReport, heldOut: HeldOutAccuracy?) -> String {
    var parts = [
      place(report), "loss \(Format.decimal(report.loss, 4))",
      "batch \(percent(report.batchAccuracy))",
      "learning rate \(Format.scientific(report.learningRate))",
      "temperature \(temperature(report))",
      "\(Format.decimal(report.pairsPerSecond, 0)) pairs/s", timeLeft(report),
    ]
    if let heldOut {
      parts.append("held out \(percent(heldOut.top1)) (first five \(percent(heldOut.top5)))")
    }
    return parts.joined(separator: "  ")
  }
}
