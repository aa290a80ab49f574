import Checkpoints
import Foundation
import Media
import Tensors
import TestSupport
import Testing

@testable import Engine

/// Attention that a pool's learned query reads, from a picture and a text to the weights, against
/// PyTorch's autograd in f64.
@Suite struct PoolTraceTests {
  /// The `siglip` fixture as a checkpoint, with the tokenizer that it lacks.
  private func model(in folder: URL) async throws -> LoadedModel {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["config.json", "preprocessor_config.json", "model.safetensors"] {
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: name),
        withDestinationURL: Fixture.root.appending(path: "siglip/\(name)"))
    }
    try Data(tinyTokenizer(count: 90, padding: 1).utf8).write(
      to: folder.appending(path: "tokenizer.json"))
    return try await ModelLoader(
      runtime: EngineRuntime(threads: 2), locator: CheckpointLocator(environment: [:])
    ).load(folder.path)
  }

  @Test(arguments: [0, 1]) func equalsPyTorch(_ index: Int) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gaze-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try await model(in: folder)
    let name = "image-\(index)"
    let expected = try Fixture("siglip-rollout").expected()
    let stored = try #require(expected["\(name)/input/image"])
    let picture = StagedPicture(
      name: name, path: name, sha256: name,
      bitmap: try Bitmap(
        width: stored.shape[1], height: stored.shape[0], channels: 3, pixels: stored.bytes))
    for method in AttentionMethod.allCases {
      let trace = try await model.trace(
        TraceRequest(
          tower: .vision, picture: picture, text: method == .relevance ? "w5 w6" : nil,
          method: method), precision: .f32)
      let key = "\(name)/pool/\(method.rawValue)"
      expectAgreement(trace.weights, try #require(expected[key]).floats, key)
      #expect(trace.token == nil && trace.outside == 0)
      #expect(trace.sinks == nil)
      if let score = trace.score {
        expectAgreement([score], try #require(expected["\(name)/score"]).floats, "score")
      }
    }
  }
}
