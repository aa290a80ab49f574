import Foundation
import TestSupport
import Testing

/// `gaze train` as a process that is stopped and killed.
@Suite(.serialized) struct TrainProgramTests {
  private static let pictures = Fixture.root.deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "examples/pictures").path

  /// In memory where the system has such a folder: every file of a run waits for its disk.
  static let quickFolder = FileManager.default.isWritableFile(atPath: "/dev/shm")
    ? URL(filePath: "/dev/shm") : FileManager.default.temporaryDirectory

  /// A folder with recipes for a model of a few numbers; it goes with this object.
  private final class Place {
    let url = TrainProgramTests.quickFolder.appending(path: "gaze-\(UUID().uuidString)")

    init() throws {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      let names = [
        ("red-apple", "apple", "사과"), ("cat-face", "cat", "고양이"), ("fish", "fish", "물고기"),
      ]
      let rows = names
        .map { #"{"image": "\#(pictures)/\#($0).png", "caption": {"en": "\#($1)", "ko": "\#($2)"}}"# }
      try write(rows.joined(separator: "\n"), to: "pairs.jsonl")
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ text: String, to name: String) throws {
      try Data(text.utf8).write(to: url.appending(path: name))
    }

    /// A recipe whose run is saved after every step.
    func recipe(_ folder: String, steps: Int = 200) throws -> String {
      try write(
        """
        name: tiny
        data: {sources: [pairs.jsonl], augmentation: {rotation: 10}}
        tokenizer: {vocabulary: 530, minimum-count: 1}
        model:
          image-size: 16
          patch-size: 8
          embedding: 8
          vision: {width: 8, layers: 1, heads: 1, feed-forward: 16}
          text: {width: 8, layers: 1, heads: 1, feed-forward: 16, positions: 8}
        schedule: {steps: \(steps), warm-up: 2, batch: 2}
        output: {folder: \(folder), save-every: 1}
        """, to: "\(folder).yaml")
      return url.appending(path: "\(folder).yaml").path
    }

    func exists(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: url.appending(path: name).path)
    }

    func weights(_ folder: String) throws -> Data {
      try Data(contentsOf: url.appending(path: "\(folder)/model.safetensors"))
    }
  }

  private struct Ended {
    var code: Int32
    var wasKilled: Bool
    var output: String
    var errors: String
  }

  /// Runs `gaze train`, and sends a signal once `isReady`.
  private func train(
    _ arguments: [String], _ signal: Int32? = nil, when isReady: () -> Bool = { true }
  ) throws -> Ended {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "gaze")
    process.arguments = ["train", "--threads", "1"] + arguments
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    if let signal {
      while process.isRunning, !isReady() { usleep(500) }
      kill(process.processIdentifier, signal)
    }
    // Short enough for the pipes to hold.
    process.waitUntilExit()
    func text(_ pipe: Pipe) throws -> String {
      String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
    return Ended(
      code: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: try text(output), errors: try text(errors))
  }

  @Test func goesOnAfterItWasStoppedAndKilled() throws {
    let place = try Place()
    let whole = try train([place.recipe("whole")])
    #expect(whole.code == 0, "\(whole.errors)")
    #expect(whole.errors.contains("step 1/200  loss "))
    #expect(whole.output.contains("takes it into use"))
    let recipe = try place.recipe("parts")
    let state = "parts/training-state.safetensors"
    let killed = try train([recipe], SIGKILL) { place.exists(state) }
    #expect(killed.wasKilled && killed.code == SIGKILL)
    #expect(place.exists(state) && !place.exists("parts/config.json"))
    // The file of the last state is replaced; its time tells.
    let path = place.url.appending(path: state).path
    func number() -> UInt64? {
      (try? FileManager.default.attributesOfItem(atPath: path))?[.systemFileNumber] as? UInt64
    }
    let before = number()
    let stopped = try train([recipe, "--resume"], SIGINT) { number() != before }
    #expect(stopped.code == 130 && !stopped.wasKilled)
    #expect(stopped.errors.contains(":train \(recipe) resume goes on"), "\(stopped.errors)")
    #expect(place.exists("parts/config.json"))
    let last = try train([recipe, "--resume"])
    #expect(last.code == 0, "\(last.errors)")
    #expect(try place.weights("whole") == place.weights("parts"))
  }

  @Test func tellsOfEveryStepWhenAsked() throws {
    let place = try Place()
    let ended = try train([place.recipe("run", steps: 3), "--json", "--stream"])
    #expect(ended.code == 0 && ended.errors.isEmpty, "\(ended.errors)")
    let lines = ended.output.split(separator: "\n")
    #expect(lines.map { $0.contains(#""partial":true"#) } == [true, true, true, false])
    #expect(lines.allSatisfy { $0.contains(#""seq":1,"#) && $0.contains(#""loss":"#) })
  }

  @Test func endsWithOneAndNamesFileAndLine() throws {
    let place = try Place()
    let missing = try train(["\(place.url.path)/none.yaml"])
    #expect(missing.code == 1 && missing.output.isEmpty)
    #expect(missing.errors.contains("the recipe \(place.url.path)/none.yaml cannot be read"))
    let recipe = try place.recipe("run", steps: 3)
    let text = try String(contentsOfFile: recipe, encoding: .utf8)
    try place.write(text.replacing("warm-up: 2", with: "warm-up: -2"), to: "run.yaml")
    let wrong = try train([recipe])
    #expect(wrong.code == 1 && wrong.output.isEmpty)
    #expect(wrong.errors.contains("\(recipe), line 10: schedule.warm-up: -2"), "\(wrong.errors)")
    try place.write(text.replacing("pairs.jsonl", with: "none.jsonl"), to: "run.yaml")
    let json = try train([recipe, "--json"])
    #expect(json.code == 1)
    #expect(json.output.contains(#""code":"data.invalid""#), "\(json.output)")
    #expect(json.output.contains("none.jsonl"))
    #expect(!place.exists("run"))
  }
}
