import Foundation
import JSONDocuments
import Media
import TestSupport
import Testing

@testable import Checkpoints
@testable import Models
@testable import Tensors
@testable import Training

/// A written folder, loaded by transformers and by Gaze.
///
/// Needs a Python with torch and transformers: the one that `GAZE_PYTHON` names, or `python3`.
/// Skipped without.
@Suite struct CLIPFolderParityTests {
  private static let python = ProcessInfo.processInfo.environment["GAZE_PYTHON"] ?? "python3"
  private static let hasReference = (try? run(["-c", "import torch, transformers"])) == 0
  private static let texts = [
    "a red apple", "an emoji of a Flag: Côte d'Ivoire!", "빨간 사과", "사과", "👩‍🚒 firefighter",
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
  ]
  private static let pictures = ["red-apple.png", "house.png"]

  /// The exit code of the Python, its output unseen.
  private static func run(_ arguments: [String], input: String = "") throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardInput = pipe
    try process.run()
    try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try pipe.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test(.enabled(if: hasReference), arguments: [(ElementType.f32, false), (.bf16, true)])
  func bothReadTheSame(_ dtype: ElementType, _ hasLogitBias: Bool) throws {
    let sample = try CLIPSample(hasLogitBias: hasLogitBias)
    let place = try TemporaryPlace()
    let (folder, out) = (place.path("folder"), place.path("out"))
    try sample.folder(dtype).write(sample.parameters, card: ModelCard(name: "x"), to: folder)
    let files = Self.pictures.map {
      CLIPSample.repository.appending(path: "examples/pictures/\($0)").path
    }
    let script = Fixture.root.deletingLastPathComponent()
      .appending(path: "Reference/embed_folder.py").path
    let code = try Self.run(
      [script, folder, out] + files, input: Self.texts.joined(separator: "\n"))
    try #require(code == 0, "transformers did not load the folder")
    let fixture = try Fixture(folder: URL(filePath: out))
    #expect(try fixture.manifest.required("model").asString() == "CLIPModel")
    #expect(try fixture.manifest.required("processor").asString() == "CLIPProcessor")
    #expect(try fixture.manifest.required("missing").elements().isEmpty)
    let unexpected = try fixture.manifest.required("unexpected").elements().map { try $0.asString() }
    #expect(unexpected == (hasLogitBias ? ["logit_bias"] : []))
    #expect(
      try Data(contentsOf: URL(filePath: out + "/again.safetensors"))
        == Data(contentsOf: URL(filePath: folder + "/model.safetensors")))
    try expectSame(fixture, folder, hasLogitBias ? nil : sample.parameters.scalar("logit_scale"))
  }

  private func expectSame(_ fixture: Fixture, _ folder: String, _ logitScale: Float?) throws {
    let expected = try fixture.expected()
    func floats(_ key: String) throws -> [Float] { try #require(expected[key], "\(key)").floats }
    let bundle = try ModelRegistry.load(CheckpointLocator(environment: [:]).locate(folder))
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1), precision: .f32)
    let processed = try Self.pictures.map { name in
      let url = CLIPSample.repository.appending(path: "examples/pictures/\(name)")
      let image = try ImageFile.decode(bytes: Array(Data(contentsOf: url)), source: name)
      return try bundle.imageProcessor.process(image.bitmap)
    }
    #expect(processed.flatMap(\.pixels) == (try floats("pixels")))
    let pictures = try bundle.model.embed(pictures: processed, in: context).array
    expectAgreement(pictures, try floats("pictures"), tolerance: 1e-4, "pictures")
    var texts: [Float] = []
    for (index, text) in Self.texts.enumerated() {
      let limit = bundle.model.textPositions
      let ids = try bundle.tokenizer.encode(text, length: .atMost(limit)).map { Int($0) }
      #expect(ids == (try #require(expected["ids/\(index)"]).integers), "\(text)")
      texts += try bundle.model.embed(texts: [bundle.model.inputIDs(from: ids)], in: context).array
    }
    expectAgreement(texts, try floats("texts"), tolerance: 1e-4, "texts")
    guard let logitScale else { return }
    let width = bundle.model.embeddingWidth
    let logits = Self.pictures.indices.flatMap { picture in
      Self.texts.indices.map { text in
        exp(logitScale)
          * (0..<width).reduce(Float(0)) { sum, index in
            sum + pictures[picture * width + index] * texts[text * width + index]
          }
      }
    }
    expectAgreement(logits, try floats("logits"), tolerance: 1e-4, "logits")
  }
}
