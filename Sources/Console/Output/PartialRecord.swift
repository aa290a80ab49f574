import Training

/// How far a command is, as a line of JSON ahead of its record.
struct PartialRecord<Progress: Encodable>: Encodable {
  let schema = JSONRecord.schema
  let seq: Int
  let verb: String
  let source: Source?
  let partial = true
  let data: Progress

  init(_ progress: Progress, of invocation: Invocation) {
    seq = invocation.sequence
    verb = invocation.verb
    source = invocation.source
    data = progress
  }

  var line: String { JSONRecord.line(of: self) }
}

/// The data of a step on the way of `:train`.
///
/// Without the similarities that a live view draws: a thousand numbers would hide the others.
struct TrainProgress: Encodable {
  let step: Int
  let steps: Int
  let epoch: Double
  let loss: Double
  let logitScale: Double
  let learningRate: Double
  let gradientNorm: Double
  let batchAccuracy: Double
  let pairsPerSecond: Double
  let secondsLeft: Double
  /// Nil after steps that were not followed by a measurement.
  let heldOut: HeldOutAccuracy?
  let skipped: Int

  init(_ report: TrainingReport) {
    step = report.step
    steps = report.steps
    epoch = report.epoch
    loss = report.loss
    logitScale = report.logitScale
    learningRate = report.learningRate
    gradientNorm = report.gradientNorm
    batchAccuracy = report.batchAccuracy
    pairsPerSecond = report.pairsPerSecond
    secondsLeft = report.secondsLeft
    // A report carries the last measurement along.
    heldOut = report.heldOut.flatMap { $0.step == report.step ? $0 : nil }
    skipped = report.skippedFiles
  }
}
