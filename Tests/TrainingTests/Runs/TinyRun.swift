import Foundation
import Media
import Testing

@testable import Checkpoints
@testable import Models
@testable import Tensors
@testable import Training

/// A folder with eight small pictures, captions in two languages and recipes for models that take
/// milliseconds to train.
final class TinyRun {
  let data: DataFolder

  /// In memory where the system has such a folder: every file of a run waits for its disk.
  static let quickFolder = FileManager.default.isWritableFile(atPath: "/dev/shm")
    ? URL(filePath: "/dev/shm") : FileManager.default.temporaryDirectory

  static let captions = [
    ("red", "빨강"), ("green", "초록"), ("blue", "파랑"), ("yellow", "노랑"), ("white", "하양"),
    ("black", "검정"), ("violet", "보라"), ("cyan", "청록"),
  ]
  private static let colours: [[Int]] = [
    [220, 20, 20], [20, 200, 40], [20, 40, 220], [230, 220, 20], [250, 250, 250], [5, 5, 5],
    [150, 30, 200], [20, 210, 220],
  ]

  init() throws {
    data = try DataFolder(in: TinyRun.quickFolder)
    var rows = ""
    for (index, (english, korean)) in TinyRun.captions.enumerated() {
      let colour = TinyRun.colours[index]
      let picture = try Bitmap.made(width: 16, height: 16) { x, y, channel in
        (x / 4 + y / 4) % 2 == index % 2 ? colour[channel] : colour[channel] / 2
      }
      try data.write(PNGWriter.encode(picture), to: "\(index).png")
      rows += #"{"image": "\#(index).png", "caption": {"en": "\#(english)", "ko": "\#(korean)"}}"# + "\n"
    }
    try data.write(rows, to: "pairs.jsonl")
  }

  static let recipe = """
    name: tiny
    seed: 5
    precision: f32
    data:
      sources: [pairs.jsonl]
      languages: {en: 1, ko: 1}
      augmentation: {area: [0.7, 1], rotation: 10, flip: 0.5}
      workers: 1
    tokenizer: {vocabulary: 540, minimum-count: 1}
    model:
      image-size: 16
      patch-size: 8
      embedding: 16
      vision: {width: 16, layers: 1, heads: 2, feed-forward: 32}
      text: {width: 16, layers: 1, heads: 2, feed-forward: 32, positions: 10}
    optimizer: {learning-rate: 0.01, average: 0.9}
    schedule: {steps: 6, warm-up: 2, batch: 4}
    output: {folder: run, save-every: 2}

    """

  static let evaluation = "evaluation: {source: pairs.jsonl, every: 2}\n"

  /// Writes the recipe, with texts replaced that it holds once and lines added, and gives its path.
  @discardableResult
  func write(
    named name: String = "recipe.yaml", folder: String = "run", _ changes: [String: String] = [:],
    adding lines: String = ""
  ) throws -> String {
    var text = TinyRun.recipe
    for (old, new) in changes {
      try #require(text.ranges(of: old).count == 1, "\(old)")
      text = text.replacing(old, with: new)
    }
    text = text.replacing("folder: run", with: "folder: \(folder)")
    return try data.write(text + lines, to: name)
  }

  func file(_ name: String) -> String { data.path + "/" + name }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: file(name))) }

  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file(folder)).sorted()
  }

  // MARK: Training

  struct Result {
    var summary: TrainingSummary
    var losses: [Double]
  }

  func context(
    threads: Int = 1, _ cancellation: Cancellation = Cancellation()
  ) -> ExecutionContext {
    ExecutionContext(pool: ThreadPool(threadCount: threads), cancellation: cancellation)
  }

  /// Trains, and raises the flag after the step `interruptedAfter`.
  @discardableResult
  func train(
    _ recipe: String, steps: Int? = nil, resumes: Bool = false, threads: Int = 1,
    interruptedAfter last: Int? = nil
  ) throws -> Result {
    let context = context(threads: threads)
    defer { context.pool.close() }
    let trainer = try Trainer(
      recipePath: recipe, options: .init(steps: steps, resumes: resumes), context: context)
    var losses: [Double] = []
    let summary = try trainer.run { report in
      losses.append(report.loss)
      if report.step == last { context.cancellation.cancel() }
    }
    return Result(summary: summary, losses: losses)
  }

  /// The refusal of a run.
  func refusal(_ recipe: String, resumes: Bool = false) -> (problem: String, remedy: String?)? {
    TrainingTests.refusal { try train(recipe, resumes: resumes) }
  }

  // MARK: What it left

  /// All tensors and the record of a saved state, but for the seconds.
  func state(_ folder: String) throws -> (tensors: [String: [Float]], record: String) {
    let path = file(folder)
    let store = try WeightStore(file: path + "/" + TrainingState.fileName)
    var tensors: [String: [Float]] = [:]
    for name in store.names { tensors[name] = try store.tensor(name).array }
    var record = try TrainingState.File(in: path).record
    record.seconds = 0
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (tensors, String(decoding: try encoder.encode(record), as: UTF8.self))
  }

  /// Whether two runs left the same checkpoint and the same state.
  func expectSame(
    _ first: String, _ second: String, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(
      try bytes("\(first)/model.safetensors") == bytes("\(second)/model.safetensors"), comment,
      sourceLocation: sourceLocation)
    let (one, other) = (try state(first), try state(second))
    #expect(one.tensors == other.tensors, comment, sourceLocation: sourceLocation)
    #expect(one.record == other.record, comment, sourceLocation: sourceLocation)
  }
}
