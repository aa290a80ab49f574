import Foundation
import Testing

@testable import Tensors
@testable import Training

@Suite struct TrainerTests {
  @Test func theSameSeedGivesTheSameBytes() throws {
    let run = try TinyRun()
    try run.train(run.write(folder: "a", adding: TinyRun.evaluation))
    for (index, (threads, workers)) in [(1, 3), (2, 1), (3, 3)].enumerated() {
      let recipe = try run.write(
        folder: "b\(index)", ["workers: 1": "workers: \(workers)"], adding: TinyRun.evaluation)
      try run.train(recipe, threads: threads)
      try run.expectSame("a", "b\(index)", "\(threads) threads, \(workers) workers")
    }
    try run.train(run.write(folder: "c", ["seed: 5": "seed: 6"], adding: TinyRun.evaluation))
    #expect(try run.bytes("a/model.safetensors") != run.bytes("c/model.safetensors"))
    #expect(try run.state("a").tensors != run.state("c").tensors)
  }

  static let kinds: [(name: String, changes: [String: String])] = [
    ("f32", [:]),
    ("bf16, no average", ["precision: f32": "precision: bf16", ", average: 0.9": ""]),
    ("chunks", ["batch: 4": "batch: 5, chunk: 2"]),
    ("sigmoid", ["schedule:": "loss: {kind: sigmoid, temperature: 0.1}\nschedule:"]),
  ]

  @Test(arguments: kinds)
  func goesOnAsIfItHadNeverStopped(_ name: String, _ changes: [String: String]) throws {
    let run = try TinyRun()
    func recipe(_ folder: String) throws -> String {
      try run.write(folder: folder, changes, adding: TinyRun.evaluation)
    }
    let whole = try run.train(recipe("whole"))
    #expect(whole.losses.count == 6 && !whole.summary.isInterrupted)
    // Stopped by the caller, where nothing is due to be measured.
    let first = try run.train(recipe("parts"), steps: 3)
    #expect(first.summary.step == 3 && first.summary.heldOut?.step == 3)
    let second = try run.train(recipe("parts"), resumes: true)
    #expect(first.losses + second.losses == whole.losses)
    try run.expectSame("whole", "parts")
    // Stopped by the user, twice.
    let early = try run.train(recipe("stops"), interruptedAfter: 1)
    #expect(early.summary.isInterrupted && early.summary.step == 1)
    let later = try run.train(recipe("stops"), resumes: true, interruptedAfter: 4)
    #expect(later.summary.isInterrupted && later.summary.step == 4)
    let last = try run.train(recipe("stops"), resumes: true)
    #expect(early.losses + later.losses + last.losses == whole.losses)
    try run.expectSame("whole", "stops")
    #expect(last.summary.heldOut == whole.summary.heldOut)
  }

  /// Wherever in a step the flag is raised.
  @Test func isInterruptedAtAnyMoment() throws {
    let run = try TinyRun()
    try run.train(run.write(folder: "whole", adding: TinyRun.evaluation))
    let recipe = try run.write(folder: "parts", adding: TinyRun.evaluation)
    var (isDone, resumes, interrupts) = (false, false, 0)
    for attempt in 0..<40 where !isDone {
      let cancellation = Cancellation()
      let context = run.context(threads: 2, cancellation)
      defer { context.pool.close() }
      if attempt < 30 {
        Thread.detachNewThread {
          usleep(UInt32(2000 + 1700 * attempt))
          cancellation.cancel()
        }
      }
      do {
        let options = Trainer.Options(resumes: resumes)
        let trainer = try Trainer(recipePath: recipe, options: options, context: context)
        let summary = try trainer.run { _ in }
        (isDone, resumes) = (!summary.isInterrupted, true)
        interrupts += summary.isInterrupted ? 1 : 0
      } catch TrainingError.cancelled {
        interrupts += 1
        #expect(resumes || !FileManager.default.fileExists(atPath: run.file("parts")))
      }
    }
    #expect(isDone && interrupts > 0)
    try run.expectSame("whole", "parts")
  }

  /// Means, squares and average are changed with the weights or not at all.
  @Test func anInterruptedStepOfTheOptimizerChangesNothing() throws {
    let context = TinyRunContext.make()
    let weights = Parameters(["w": context.tensor([1, 2], [2])])
    let gradients = Parameters(["w": context.tensor([0.5, -0.5], [2])])
    var recipe = OptimizerRecipe()
    recipe.averageDecay = 0.9
    var optimizer = try AdamW(recipe, of: weights, in: context)
    context.cancellation.cancel()
    #expect(throws: TensorError.cancelled) {
      try optimizer.step(weights, gradients: gradients, learningRate: 0.1, in: context)
    }
    #expect(optimizer.count == 0)
    #expect(optimizer.means["w"]?.array == [0, 0] && optimizer.squares["w"]?.array == [0, 0])
    context.cancellation.reset()
    _ = try optimizer.step(weights, gradients: gradients, learningRate: 0.1, in: context)
    #expect(optimizer.count == 1 && optimizer.means["w"]?.array != [0, 0])
  }

  @Test func aFinishedRunHasNothingLeftToDo() throws {
    let run = try TinyRun()
    let recipe = try run.write(adding: TinyRun.evaluation)
    let whole = try run.train(recipe)
    let before = (try run.bytes("run/model.safetensors"), try run.state("run").record)
    for steps in [nil, 2, 100] {
      let again = try run.train(recipe, steps: steps, resumes: true)
      #expect(again.losses.isEmpty && again.summary.step == 6 && again.summary.last == nil)
      #expect(again.summary.heldOut == whole.summary.heldOut && !again.summary.isInterrupted)
    }
    #expect(try run.bytes("run/model.safetensors") == before.0)
    #expect(try run.state("run").record == before.1)
  }

  @Test func chunksGiveTheSameLosses() throws {
    let run = try TinyRun()
    let whole = try run.train(run.write(folder: "a", ["batch: 4": "batch: 6"]))
    let parts = try run.train(run.write(folder: "b", ["batch: 4": "batch: 6, chunk: 4"]))
    for (one, other) in zip(whole.losses, parts.losses) {
      #expect((one - other).magnitude < 1e-5, "\(one) \(other)")
    }
    #expect(whole.losses.count == 6 && parts.losses.count == 6)
  }

  // MARK: Interrupts on the way there

  @Test func anInterruptBeforeTheFirstStepWritesNothing() throws {
    let run = try TinyRun()
    let recipe = try run.write(adding: TinyRun.evaluation)
    let context = run.context()
    context.cancellation.cancel()
    #expect(throws: TrainingError.self) {
      try Trainer(recipePath: recipe, options: .init(), context: context)
    }
    context.cancellation.reset()
    let trainer = try Trainer(recipePath: recipe, options: .init(), context: context)
    context.cancellation.cancel()
    do {
      _ = try trainer.run { _ in }
      Issue.record("it ran")
    } catch {
      #expect(error.code == "interrupted")
    }
    #expect(!FileManager.default.fileExists(atPath: run.file("run")))
  }

  @Test(arguments: ["pairs.jsonl", "pairs.csv", "folder"])
  func readingIsInterrupted(_ source: String) throws {
    let run = try TinyRun()
    try run.data.write("image,caption\n0.png,a\n", to: "pairs.csv")
    try run.data.writePictures(["folder/a.png"])
    try run.data.write("a", to: "folder/a.txt")
    let cancellation = Cancellation()
    func read() throws {
      _ = try CaptionedPictures(
        sources: [.init(path: source)], relativeTo: run.data.path, unless: cancellation)
    }
    try read()
    cancellation.cancel()
    #expect(refusal(read)?.problem == "interrupted")
  }

  @Test func theCourseKeepsEveryStep() {
    var curve = LearningCurve()
    for step in 1...1000 {
      var report = TinyRunContext.report(step)
      report.loss = Double(step)
      curve.append(report)
    }
    #expect(curve.points.map(\.step) == Array(stride(from: 4, through: 1000, by: 4)))
    #expect(curve.points.map(\.loss) == stride(from: 2.5, to: 1000, by: 4).map(\.self))
    #expect(curve.isPossible(after: 1000) && !curve.isPossible(after: 999))
  }
}

enum TinyRunContext {
  static func make() -> ExecutionContext { ExecutionContext(pool: ThreadPool(threadCount: 1)) }

  static func report(_ step: Int) -> TrainingReport {
    TrainingReport(
      step: step, steps: 1000, epoch: 1, loss: 1, learningRate: 1e-3, logitScale: 20,
      gradientNorm: 1, pairsPerSecond: 1, secondsLeft: 1, batchAccuracy: 0.5, similarities: [],
      similaritySide: 0, heldOut: nil, skippedFiles: 0)
  }
}
