@testable import Console
import Foundation
import Testing
@testable import Training

/// `:train` from the recipe to a model that ranks.
@Suite struct TrainingRunTests {
  /// In memory where the system has such a folder: every file of a run waits for its disk.
  static let quickFolder = FileManager.default.isWritableFile(atPath: "/dev/shm")
    ? URL(filePath: "/dev/shm") : FileManager.default.temporaryDirectory

  private func recipe(_ scratch: Scratch, steps: Int = 4) throws -> String {
    let rows = [(TestSession.apple, "apple", "사과"), (TestSession.cat, "cat", "고양이")]
      .map { #"{"image": "\#($0)", "caption": {"en": "\#($1)", "ko": "\#($2)"}}"# }
    _ = try scratch.write("pairs.jsonl", rows.joined(separator: "\n"))
    return try scratch.write(
      "recipe.yaml",
      """
      name: tiny
      data: {sources: [pairs.jsonl]}
      tokenizer: {vocabulary: 530, minimum-count: 1}
      model:
        image-size: 16
        patch-size: 8
        embedding: 8
        vision: {width: 8, layers: 1, heads: 1, feed-forward: 16}
        text: {width: 8, layers: 1, heads: 1, feed-forward: 16, positions: 12}
      schedule: {steps: \(steps), warm-up: 1, batch: 2}
      evaluation: {source: pairs.jsonl, every: 2}
      output: {folder: run, save-every: 2}
      """)
  }

  @Test func aScriptTrainsLoadsAndRanks() async throws {
    let scratch = try Scratch(in: TrainingRunTests.quickFolder)
    let recipe = try recipe(scratch)
    let test = TestSession()
    let code = try await test.exitCode(
      ofScript: """
        :train \(recipe) steps=2
        :train \(recipe) resume
        :load \(scratch.file("run"))
        :image \(TestSession.apple)
        :rank apple | cat | 사과
        """, in: scratch)
    let found = test.transcript()
    #expect(code == 0, "\(found.errors)")
    #expect(test.codes.count >= 5 && test.codes.allSatisfy { $0 == nil }, "\(found.errors)")
    #expect(found.output.contains("step 2 of 4 in"))
    #expect(found.output.contains("step 4 of 4 in"))
    #expect(found.output.contains("held out: 2 pictures among 2 texts, at step 4"))
    #expect(found.output.contains("probability"))
    let lines = test.transcript(format: .json).output.split(separator: "\n")
    let trained = try #require(lines.first { $0.contains(#""verb":"train""#) })
    for part in [#""step":2"#, #""steps":4"#, #""interrupted":false"#, #""loss":"#, #""top1":"#] {
      #expect(trained.contains(part), "\(part) in \(trained)")
    }
    // A second run does not write over the first.
    #expect(try await test.run(":train \(recipe)").failure?.code == "train.file")
  }

  /// After Ctrl-C the run is saved, a script ends, and at the prompt the session goes on.
  @Test func anInterruptSavesAndTheSessionGoesOn() async throws {
    let scratch = try Scratch(in: TrainingRunTests.quickFolder)
    let recipe = try recipe(scratch, steps: 100_000)
    let test = TestSession()
    let state = scratch.file("run/training-state.safetensors")
    let watch = Task {
      while !FileManager.default.fileExists(atPath: state) {
        try await Task.sleep(for: .milliseconds(5))
      }
      test.session.interrupt()
    }
    let code = try await test.exitCode(
      ofScript: ":train \(recipe)\n:print not reached", in: scratch)
    try await watch.value
    #expect(code == 130)
    let found = test.transcript()
    #expect(!found.output.contains("not reached"))
    #expect(found.errors.contains("resume goes on"), "\(found.errors)")
    let results = test.records.compactMap { try? $0.outcome.get().result as? TrainResult }
    let step = try #require(results.first?.step)
    let more = try await test.run(":train \(recipe) steps=\(step + 1) resume", origin: .prompt)
    #expect(more.failure == nil)
    #expect(try await test.run(":load \(scratch.file("run"))", origin: .prompt).failure == nil)
  }
}
