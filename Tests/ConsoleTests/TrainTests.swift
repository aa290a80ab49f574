@testable import Console
import Engine
import Foundation
import Testing
@testable import Training

@Suite struct TrainTests {
  private func parse(_ rest: String) throws -> Train {
    try Train(try Arguments(rest, for: Train.signature))
  }

  @Test func takesARecipeStepsAndResume() throws {
    let plain = try parse("recipe.yaml")
    #expect(plain.recipe == "recipe.yaml" && plain.steps == nil && !plain.resumes)
    let full = try parse("\"my recipe.yml\" steps=20 resume")
    #expect(full.recipe == "my recipe.yml" && full.steps == 20 && full.resumes)
  }

  @Test(arguments: ["", "a.yaml b.yaml", "a.yaml steps=0", "a.yaml steps=x", "a.yaml rate=2"])
  func refusesWhatItDoesNotTake(_ rest: String) async throws {
    #expect(try await TestSession().run(":train " + rest).failure?.code == "usage")
  }

  @Test func namesARecipeThatIsNotThere() async throws {
    let test = TestSession()
    let failure = try #require(try await test.run(":train /nonexistent/recipe.yaml").failure)
    #expect(failure.code == "file.missing")
    #expect(failure.message == "the recipe /nonexistent/recipe.yaml cannot be read")
    #expect(failure.remedy?.contains("no such file") == true)
  }

  @Test func passesOnWhatTheTrainerRefuses() {
    let error = EngineError.training(
      .recipe(file: "r.yaml", line: 3, problem: "no such key", remedy: "remove it"))
    let failure = CommandFailure(error)
    #expect(failure.code == "recipe.invalid")
    #expect(failure.message == "r.yaml, line 3: no such key")
    #expect(failure.remedy == "remove it")
  }

  @Test func completesRecipesAndFolders() throws {
    let folder = try Scratch()
    for name in ["a.yaml", "b.yml", "c.txt", "yaml"] { _ = try folder.write(name, "") }
    try FileManager.default.createDirectory(
      atPath: folder.file("sub"), withIntermediateDirectories: false)
    let line = ":train \(folder.path)/"
    let found = CommandCompleter(CompletionContext()).candidates(for: line, at: line.utf8.count)
    #expect(found.map(\.replacement) == ["a.yaml", "b.yml", "sub/"].map { folder.path + "/" + $0 })
  }

  // MARK: Results

  @Test func saysWhatCameOfIt() {
    let result = TrainResult(HandmadeRun.summary(), recipe: "r.yaml")
    let lines = PlainText.lines(
      of: result.report, cells: .init(symbols: .ascii, colors: .monochrome))
    #expect(lines.first == "out/small clip  4.4 M parameters, step 1000 of 1000 in 5 min 12 s")
    #expect(lines.last == ":load \"out/small clip\" takes it into use")
    #expect(lines.contains { $0.hasPrefix("  ko ") })
    #expect(lines.contains("  3 files could not be used"))
    #expect(lines.contains("    a2.png: no picture"))
    #expect(!lines.contains { $0.contains("resume") })
  }

  @Test func namesNoMoreSkippedFilesThanAnyoneReads() throws {
    let result = TrainResult(HandmadeRun.summary(skipped: 250), recipe: "r.yaml")
    #expect(result.skipped == 250 && result.skippedFiles.count == 100)
    let lines = PlainText.lines(
      of: result.report, cells: .init(symbols: .ascii, colors: .monochrome))
    #expect(lines.contains("    … and 245 more"))
  }

  @Test func saysHowToGoOn() {
    let early = TrainResult(HandmadeRun.summary(step: 20), recipe: "my r.yaml")
    let lines = PlainText.lines(
      of: early.report, cells: .init(symbols: .ascii, colors: .monochrome))
    #expect(lines.contains(":train \"my r.yaml\" resume goes on"))
    let stopped = Train.outcome(
      HandmadeRun.summary(step: 20, isInterrupted: true), recipe: "my r.yaml")
    #expect(stopped.warnings.map(\.code) == ["interrupted"])
    #expect(stopped.warnings[0].message.contains(":train \"my r.yaml\" resume"))
    #expect(TrainResult(HandmadeRun.summary(step: 0), recipe: "r").loss == nil)
  }

  @Test func endsAScriptAsAnyInterruptDoes() {
    var state = ExitState()
    func record(isInterrupted: Bool) -> Record {
      Record(
        sequence: 1, verb: "train", source: nil, milliseconds: 1,
        outcome: .success(
          Train.outcome(
            HandmadeRun.summary(step: 20, isInterrupted: isInterrupted), recipe: "r.yaml")))
    }
    state.note(record(isInterrupted: false))
    #expect(state.code == 0)
    state.note(record(isInterrupted: true))
    #expect(state.code == 130)
  }

  // MARK: On the way

  @Test func logsFirstStepsLastStepsAndMeasurements() throws {
    var log = TrainingLog()
    let start = ContinuousClock.now
    // Two steps a second.
    let lines = (1...HandmadeRun.steps).compactMap { step in
      log.line(for: HandmadeRun.report(step), at: start + .milliseconds(500 * step))
    }
    let first = try #require(lines.first)
    #expect(first.hasPrefix("step 1/1000  loss "))
    #expect(first.hasSuffix("  812 pairs/s  5 min 10 s left"))
    #expect(lines.last?.hasPrefix("step 1000/1000") == true)
    #expect(lines.count { $0.contains("held out") } == 10)
    // A fiftieth of the run takes the ten seconds here.
    #expect((50...61).contains(lines.count), "\(lines.count)")
    #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy { (0x20..<0x7f).contains($0.value) } })
  }

  @Test func logsFastRunsOnlyNowAndThen() {
    var log = TrainingLog()
    let start = ContinuousClock.now
    let lines = (1...99).compactMap { step in
      log.line(for: HandmadeRun.report(step), at: start + .milliseconds(step))
    }
    #expect(lines.count == 1)
  }

  @Test func plainLinesGoToTheChatterAndJSONHasNone() {
    for (format, quiet, expected) in [
      (OutputFormat.text, false, 2), (.text, true, 0), (.json, false, 0),
    ] {
      let streams = KeptStreams()
      var renderer = PlainRenderer(to: streams, format: format, isQuiet: quiet)
      for step in [1, 2, 3, 1000] { renderer.show(.training(HandmadeRun.report(step))) }
      let lines = streams.errors.withLock { $0 }.split(separator: "\n")
      #expect(lines.count == expected)
      #expect(streams.output.withLock { $0 }.isEmpty)
    }
  }

  @Test(arguments: [
    (0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min"),
    (90_000 * 3, "3 d 3 h"), (.nan, "?"), (.infinity, "?"), (-1, "?"),
  ])
  func tellsTime(_ seconds: Double, _ text: String) {
    #expect(Format.duration(seconds: seconds) == text)
  }
}
