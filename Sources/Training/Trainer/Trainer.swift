import Checkpoints
import Foundation
import Media
import Models
import Tensors
import Tokenizers

/// One training run: reads its data, takes its steps, saves its checkpoint.
package final class Trainer {
  /// What the caller may ask beyond the recipe.
  package struct Options: Sendable {
    /// Stop after this many steps, whatever the schedule says; nil: at its end.
    package var steps: Int?
    /// Go on from the saved state in the output folder instead of refusing to write over it.
    package var resumes = false

    /// Finds the checkpoint that a recipe goes on from.
    package var locator: CheckpointLocator

    package init(
      steps: Int? = nil, resumes: Bool = false, locator: CheckpointLocator = CheckpointLocator()
    ) {
      self.steps = steps
      self.resumes = resumes
      self.locator = locator
    }
  }

  package let recipe: Recipe
  let file: RecipeFile
  let folder: String
  let source: PictureSource
  let tokenizer: TrainedTokenizer
  let normalization: PixelScaling.Normalization
  private let options: Options
  private let context: ExecutionContext
  private let encoder: PairEncoder
  private let evaluation: Evaluation?
  private(set) var learner: ContrastiveLearner
  private(set) var record: TrainingState.Record
  private(set) var heldOut: HeldOutAccuracy?
  /// Whether what the folder holds is all that there is.
  var isSaved: Bool

  /// - Parameter recipePath: the recipe file; its folder is what relative paths start from.
  /// - Throws: ``TrainingError`` before anything is computed or written.
  package init(
    recipePath: String, options: Options, context: ExecutionContext
  ) throws(TrainingError) {
    let file = try RecipeFile(path: recipePath)
    let recipe = file.recipe
    (self.file, self.recipe, self.options, self.context) = (file, recipe, options, context)
    folder = file.located(recipe.output.folder)
    try Trainer.checkOutput(folder, resumes: options.resumes)
    let saved = options.resumes ? try TrainingState.File(in: folder) : nil
    if let saved { try Trainer.check(saved.record.settings, recipe, file.path) }
    let base = FilePaths.folder(of: file.path)
    context.precision = recipe.precision
    context.recomputesBlocks = recipe.model.checkpointsActivations
    let catalogue = try CaptionedPictures(
      recipe.data, relativeTo: base, unless: context.cancellation)
    let start = try Start(recipe, file, catalogue, options.locator, in: context)
    (tokenizer, normalization) = (start.tokenizer, start.normalization)
    let side = start.configuration.vision.imageSize
    source = PictureSource(
      catalogue, side: side, cacheBytes: recipe.data.cacheBytes,
      augmentation: recipe.data.augmentation)
    let encoder = PairEncoder(
      tokenizer: tokenizer.tokenizer, text: start.configuration.text, side: side,
      patches: recipe.model.seenPatches(of: start.configuration.vision))
    self.encoder = encoder
    evaluation = try recipe.evaluation.map { evaluation throws(TrainingError) in
      try Evaluation(
        evaluation, relativeTo: base, encoder: encoder, normalization: start.normalization,
        unless: context.cancellation)
    }
    let fresh = TrainingState.Record(
      step: 0, seconds: 0, settings: recipe.settings.map { [$0.key, $0.value] },
      data: catalogue.fingerprint, tokenizer: ContentHash(of: tokenizer.json).hexadecimal,
      history: LearningCurve())
    record = saved?.record ?? fresh
    learner = try start.learner(recipe, saved, in: context)
    (heldOut, isSaved) = (record.history.heldOut.last, saved != nil)
    try Trainer.check(record, against: fresh, file.path)
    try checkpoint.check(folder)
  }

  /// Trains until the schedule, the caller or the user ends it. An interrupt saves the state and
  /// returns a summary that says so; the flag that was raised stays up.
  ///
  /// - Parameter report: called after each step, on the training thread.
  /// - Throws: ``TrainingError/cancelled`` when interrupted before the first step: nothing is written.
  package func run(
    report: (TrainingReport) -> Void
  ) throws(TrainingError) -> TrainingSummary {
    try createFolder()
    var last: TrainingReport?
    var isInterrupted = false
    do throws(TrainingError) {
      try train(last: &last, report)
    } catch {
      guard case .cancelled = error else { throw error }
      guard record.step > 0 else {
        removeEmptyFolder()
        throw error
      }
      isInterrupted = true
    }
    if !isSaved { try save() }
    try export()
    return TrainingSummary(
      folder: folder, step: record.step, steps: recipe.schedule.steps,
      isInterrupted: isInterrupted, seconds: record.seconds, last: last,
      parameters: learner.parameters.count, skipped: skipped, heldOut: heldOut)
  }

  // MARK: Steps

  private func train(
    last: inout TrainingReport?, _ report: (TrainingReport) -> Void
  ) throws(TrainingError) {
    // A run that was interrupted while it measured does that first.
    try measureWhenDue()
    let end = min(recipe.schedule.steps, options.steps ?? .max)
    let loader = BatchLoader(
      source, recipe: recipe.data, seed: recipe.seed, batch: recipe.schedule.batch,
      firstStep: record.step, endStep: end, mean: normalization.mean,
      deviation: normalization.deviation)
    defer { loader.close() }
    var pace = Pace(step: record.step)
    while record.step < end, let batch = try loader.next(unless: context.cancellation) {
      var latest = try step(on: batch, &pace)
      last = latest
      // An interrupt of the measurement takes nothing from the step.
      defer { report(latest) }
      try measureWhenDue()
      latest.heldOut = heldOut
      last = latest
      record.seconds += pace.skip()
      if record.step % recipe.output.saveEvery == 0, record.step < end { try save() }
    }
    // What is measured where the caller stops is no part of the course, which would be another one
    // for it.
    if let evaluation, heldOut?.step != record.step {
      heldOut = try evaluation(try learner.model(), step: record.step, in: context)
      last?.heldOut = heldOut
    }
  }

  private func step(
    on batch: Batch, _ pace: inout Pace
  ) throws(TrainingError) -> TrainingReport {
    guard !context.cancellation.isCancelled else { throw .cancelled }
    let rate = LearningRate(
      greatest: recipe.optimizer.learningRate, schedule: recipe.schedule
    ).at(record.step + 1)
    let pairs = try encoder.pairs(batch, seed: recipe.seed, in: context)
    let step = try learner.step(on: pairs, learningRate: rate, in: context)
    isSaved = false
    record.step += 1
    record.seconds += pace.advance(to: record.step)
    let report = report(step, rate, pace)
    record.history.append(report)
    return report
  }

  private func report(
    _ step: ContrastiveLearner.Step, _ rate: Double, _ pace: Pace
  ) -> TrainingReport {
    let count = step.outcome.cosines.shape[0]
    let side = min(count, TrainingReport.shownPairs)
    let cosines = step.outcome.cosines.floats
    let left = Double(recipe.schedule.steps - record.step) * pace.secondsPerStep
    return TrainingReport(
      step: record.step, steps: recipe.schedule.steps,
      epoch: Double(record.step * recipe.schedule.batch) / Double(source.catalogue.entries.count),
      loss: step.outcome.loss, learningRate: rate, logitScale: learner.logitScale,
      gradientNorm: step.gradientNorm,
      pairsPerSecond: Double(recipe.schedule.batch) / max(pace.secondsPerStep, 1e-9),
      secondsLeft: left, batchAccuracy: step.outcome.accuracy,
      similarities: (0..<side * side).map { cosines[$0 / side * count + $0 % side] },
      similaritySide: side, heldOut: heldOut, skippedFiles: skipped.count)
  }

  /// Measures after each so many steps, and after the last.
  private func measureWhenDue() throws(TrainingError) {
    let step = record.step
    guard let evaluation, step > 0, record.history.heldOut.last?.step != step,
      step % evaluation.recipe.every == 0 || step == recipe.schedule.steps
    else { return }
    let accuracy = try evaluation(try learner.model(), step: step, in: context)
    record.history.append(accuracy)
    (heldOut, isSaved) = (accuracy, false)
  }

  /// Files that could not be used, each once: what is held out may be what is learned from.
  private var skipped: [SkippedFile] {
    let found = source.skipped
    guard let more = evaluation?.pictures.skipped, !more.isEmpty else { return found }
    return found + more.filter { !found.contains($0) }
  }
}
