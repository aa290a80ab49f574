import Foundation
import TestSupport
import Testing

@testable import Checkpoints
@testable import Models
@testable import Tensors
@testable import Training

/// A small CLIP with random weights, and the bundled checkpoint's tokenizer.
struct CLIPSample {
  let configuration: CLIPConfiguration
  let parameters: [(name: String, tensor: Tensor)]
  let tokenizer: CLIPFolder.TokenizerText

  static let repository = Fixture.root.deletingLastPathComponent().deletingLastPathComponent()

  init(hasLogitBias: Bool = false, activation: ActivationName = .quickGELU, end: Int = 1) throws {
    func transformer(_ width: Int, layers: Int) -> TransformerConfiguration {
      TransformerConfiguration(
        width: width, feedForwardWidth: 2 * width, layers: layers, heads: 2,
        activation: activation, epsilon: 1e-5)
    }
    let configuration = CLIPConfiguration(
      vision: CLIPConfiguration.Vision(
        transformer: transformer(48, layers: 3), imageSize: 64, patchSize: 16),
      text: TextConfiguration(
        transformer: transformer(32, layers: 2), vocabulary: 5000, positions: 20,
        pooling: .firstID(end), isCausal: true, projectionHasBias: false,
        padding: TextPadding(id: end)),
      embeddingWidth: 24, hasLogitBias: hasLogitBias)
    self.configuration = configuration
    var random = TestSupport.SplitMix(seed: 11)
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1))
    parameters = try CLIPSample.tensors(of: configuration).map { name, shape in
      let range: ClosedRange<Float> =
        switch name {
        case "logit_scale": 2.6...2.7
        case "logit_bias": -9.9...(-9.8)
        case let name where name.hasSuffix("norm.weight") || name.hasSuffix("norm1.weight"): 0.5...1.5
        default: -0.3...0.3
        }
      let values = (0..<shape.elementCount).map { _ in Float.random(in: range, using: &random) }
      return (name, context.tensor(values, shape))
    }
    let folder = "Sources/gaze/Resources/checkpoints/emoji-clip"
    let file = CLIPSample.repository.appending(path: "\(folder)/tokenizer.json")
    tokenizer = CLIPFolder.TokenizerText(
      json: Array(try Data(contentsOf: file)), start: .init("<|startoftext|>", id: 0),
      end: .init("<|endoftext|>", id: end))
  }

  /// What such a model asks of an empty checkpoint.
  private static func tensors(of configuration: CLIPConfiguration) throws -> [(String, Shape)] {
    let result = Result { () throws(CheckpointError) in
      try WeightScope.load(WeightStore(source: "none")) { scope throws(CheckpointError) in
        try CLIP(scope, configuration)
      }
    }
    guard case .failure(.tensors(let problems)) = result else { return [] }
    return problems.missing.map { ($0.name, $0.expected) }
  }

  func folder(_ dtype: ElementType) -> CLIPFolder {
    CLIPFolder(
      configuration: configuration, tokenizer: tokenizer, dtype: dtype, temperature: 0.07,
      mean: SIMD3(0.48145466, 0.4578275, 0.40821073),
      deviation: SIMD3(0.26862954, 0.26130258, 0.27577711))
  }

  /// The same model made in memory.
  func model() throws -> CLIP {
    var store = WeightStore(source: "memory")
    for (name, tensor) in parameters { store = try store.adding(name, tensor) }
    return try WeightScope.load(store) { scope throws(CheckpointError) in
      try CLIP(scope, configuration)
    }
  }
}

/// A place for a folder that lasts as long as this object.
final class TemporaryPlace {
  let url = FileManager.default.temporaryDirectory.appending(path: "gaze-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
}
