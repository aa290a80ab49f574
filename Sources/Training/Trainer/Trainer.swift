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
  private let file: RecipeFile
  private let folder: String
  private let options: Options
  private let context: ExecutionContext
  private let source: PictureSource
  private let tokenizer: TrainedTokenizer
  private let encoder: PairEncoder
  private let evaluation: Evaluation?
  private var learner: ContrastiveLearner
  private var record: TrainingState.Record
  private var heldOut: HeldOutAccuracy?

  /// - Parameter recipePath: the recipe file; its folder is what relative paths start from.
  /// - Throws: ``TrainingError`` before anything is computed or written.
  package init(
    recipePath: String, options: Options, context: ExecutionContext
  ) throws(TrainingError) {
    file = try RecipeFile(path: recipePath)
    recipe = file.recipe
    self.options = options
    self.context = context
    folder = file.located(recipe.output.folder)
    try Trainer.checkOutput(folder, resumes: options.resumes)
    let base = FilePaths.folder(of: file.path)
    context.precision = recipe.precision
    context.recomputesBlocks = recipe.model.checkpointsActivations
    let catalogue = try CaptionedPictures(recipe.data, relativeTo: base)
    let start = try Start(recipe, file, catalogue, options.locator, in: context)
    source = PictureSource(
      catalogue, side: start.configuration.vision.imageSize, cacheBytes: recipe.data.cacheBytes,
      augmentation: recipe.data.augmentation)
    tokenizer = start.tokenizer
    let encoder = PairEncoder(
      tokenizer: tokenizer.tokenizer, text: start.configuration.text,
      side: start.configuration.vision.imageSize,
      patches: recipe.model.seenPatches(of: start.configuration.vision))
    self.encoder = encoder
    evaluation = try recipe.evaluation.map { evaluation throws(TrainingError) in
      try Evaluation(evaluation, relativeTo: base, encoder: encoder)
    }
    let fresh = TrainingState.Record(
      step: 0, seconds: 0, settings: recipe.settings.map { [$0.key, $0.value] },
      data: catalogue.fingerprint, history: LearningCurve())
    if options.resumes {
      let state = try TrainingState(from: folder, in: context)
      try Trainer.check(state.record, against: fresh, recipe, file.path)
      learner = start.learner(
        recipe, state.parameters,
        AdamW(
          recipe.optimizer, means: state.means, squares: state.squares, average: state.average,
          count: state.record.step))
      record = state.record
      heldOut = record.history.heldOut.last
    } else {
      do throws(TensorError) {
        learner = start.learner(
          recipe, start.parameters,
          try AdamW(recipe.optimizer, of: start.parameters, in: context))
      } catch {
        throw TrainingError(error)
      }
      record = fresh
    }
  }

  /// Trains until the schedule, the caller or the user ends it. An interrupt saves the state and
  /// returns a summary that says so.
  ///
  /// - Parameter report: called after each step, on the training thread.
  package func run(
    report: (TrainingReport) -> Void
  ) throws(TrainingError) -> TrainingSummary {
    try createFolder()
    let end = min(recipe.schedule.steps, options.steps ?? .max)
    let loader = BatchLoader(
      source, recipe: recipe.data, seed: recipe.seed, batch: recipe.schedule.batch,
      firstStep: record.step, endStep: end, mean: PixelScaling.clipMean,
      deviation: PixelScaling.clipDeviation)
    defer { loader.close() }
    var pace = Pace(step: record.step)
    var last: TrainingReport?
    var isInterrupted = false
    var savedStep = record.step
    do throws(TrainingError) {
      while record.step < end, let batch = try loader.next() {
        guard !context.cancellation.isCancelled else { throw .cancelled }
        let latest = try step(on: batch, &pace)
        last = latest
        report(latest)
        if record.step % recipe.output.saveEvery == 0, record.step < end {
          try save()
          savedStep = record.step
        }
      }
    } catch {
      guard case .cancelled = error else { throw error }
      isInterrupted = true
      context.cancellation.reset()
    }
    if !isInterrupted, let evaluation, heldOut?.step != record.step {
      last?.heldOut = try measure(evaluation)
    }
    if savedStep != record.step || record.step == 0 { try save() }
    try export()
    return TrainingSummary(
      folder: folder, step: record.step, steps: recipe.schedule.steps,
      isInterrupted: isInterrupted, seconds: record.seconds, last: last,
      parameters: learner.parameters.count, skipped: source.skipped)
  }

  // MARK: One step

  private func step(
    on batch: Batch, _ pace: inout Pace
  ) throws(TrainingError) -> TrainingReport {
    let rate = LearningRate(
      greatest: recipe.optimizer.learningRate, schedule: recipe.schedule
    ).at(record.step + 1)
    let pairs = try encoder.pairs(batch, seed: recipe.seed, in: context)
    let step = try learner.step(on: pairs, learningRate: rate, in: context)
    record.step += 1
    record.seconds += pace.advance(to: record.step)
    var report = report(step, rate, pace)
    if let evaluation, record.step % evaluation.recipe.every == 0 {
      report.heldOut = try measure(evaluation)
      record.seconds += pace.skip()
    }
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
      similaritySide: side, heldOut: heldOut, skippedFiles: source.skippedCount)
  }

  private func measure(_ evaluation: Evaluation) throws(TrainingError) -> HeldOutAccuracy {
    let accuracy = try evaluation(try learner.model(), step: record.step, in: context)
    record.history.append(accuracy)
    heldOut = accuracy
    return accuracy
  }

  // MARK: Saving

  private func save() throws(TrainingError) {
    try TrainingState(
      parameters: learner.parameters, means: learner.optimizer.means,
      squares: learner.optimizer.squares, average: learner.optimizer.average, record: record
    ).save(to: folder)
  }

  /// The weights, or their average, as a checkpoint that Gaze and transformers load.
  private func export() throws(TrainingError) {
    let (start, end) = (BytePairTrainer.startOfText, BytePairTrainer.endOfText)
    func token(_ text: String) -> CLIPFolder.TokenizerText.Token {
      CLIPFolder.TokenizerText.Token(text, id: Int(tokenizer.tokenizer.id(ofToken: text) ?? 0))
    }
    try CLIPFolder(
      configuration: learner.configuration,
      tokenizer: CLIPFolder.TokenizerText(
        json: tokenizer.json, start: token(start), end: token(end)),
      dtype: recipe.output.dtype, temperature: recipe.loss.temperature,
      mean: PixelScaling.clipMean, deviation: PixelScaling.clipDeviation
    ).write(
      (learner.optimizer.average ?? learner.parameters).all, card: card, to: folder)
  }

  private var card: ModelCard {
    var card = ModelCard(name: recipe.name)
    card.licence = recipe.output.licence
    card.notes = recipe.output.notes
    card.languages = Set(
      source.catalogue.pictures.flatMap { $0.captions.map(\.language) }
    ).filter { !$0.isEmpty }.sorted()
    card.sources = source.catalogue.sources.map {
      ModelCard.Source(name: $0.path, pictures: $0.pictures, captions: $0.captions)
    }
    card.parameters = learner.parameters.count
    card.imageSize = learner.configuration.vision.imageSize
    (card.steps, card.batch, card.seconds) = (record.step, recipe.schedule.batch, record.seconds)
    card.curve = record.history.points.map {
      ModelCard.Point(
        step: $0.step, loss: $0.loss, accuracy: $0.batchAccuracy, learningRate: $0.learningRate)
    }
    card.heldOut = heldOut
    card.hasLogitBias = learner.configuration.hasLogitBias
    card.template = recipe.evaluation?.templates.values.flatMap(\.self).min()
    card.recipe = file.text
    return card
  }

  private func createFolder() throws(TrainingError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .file(
        path: folder, problem: "it cannot be made: \(error.localizedDescription)",
        remedy: "name another place under output.folder")
    }
  }

  /// Refuses to write over what a run left, or anything else, unless that is to go on.
  private static func checkOutput(_ folder: String, resumes: Bool) throws(TrainingError) {
    let state = FilePaths.joined(folder, TrainingState.fileName)
    if resumes {
      guard FileManager.default.fileExists(atPath: state) else {
        throw .file(
          path: folder, problem: "there is no saved run in it", remedy: "train without resume")
      }
      return
    }
    let found = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard found.isEmpty else {
      throw .file(
        path: folder,
        problem: found.contains(TrainingState.fileName)
          ? "a run was saved in it" : "it is not empty",
        remedy: "go on with resume, or name another place under output.folder")
    }
  }

  private static func check(
    _ saved: TrainingState.Record, against fresh: TrainingState.Record, _ recipe: Recipe,
    _ path: String
  ) throws(TrainingError) {
    let earlier = saved.settings.compactMap { $0.count == 2 ? (key: $0[0], value: $0[1]) : nil }
    let changed = recipe.keys(differingFrom: earlier)
    guard changed.isEmpty else {
      throw .recipe(
        file: path, line: nil,
        problem: "the saved run had other settings: \(changed.joined(separator: ", "))",
        remedy: "restore them, or train into another folder")
    }
    guard saved.data == fresh.data else {
      throw .data(
        path: path, problem: "the saved run had other pictures or captions",
        remedy: "restore them, or train into another folder")
    }
  }
}

/// How fast steps follow one another.
private struct Pace {
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
