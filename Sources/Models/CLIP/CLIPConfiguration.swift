import JSONDocuments
import Tensors

/// What a CLIP checkpoint says about itself (Hugging Face `config.json`, `model_type: clip`).
package struct CLIPConfiguration: Equatable, Sendable {
  package struct Vision: Equatable, Sendable {
    package var transformer: TransformerConfiguration
    package var imageSize: Int
    package var patchSize: Int
    package var channels: Int
  }

  package struct Text: Equatable, Sendable {
    package var transformer: TransformerConfiguration
    package var vocabulary: Int
    package var positions: Int
    package var pooling: Pooling
  }

  /// Which position of a text stands for the whole of it.
  package enum Pooling: Equatable, Sendable {
    /// The position of the greatest id: the rule of OpenAI's files, where the end of text has
    /// the last id, and of configurations with the legacy `eos_token_id: 2`.
    case greatestID
    /// The first position that holds this id, or position 0 when none does.
    case firstID(Int)
  }

  package var vision: Vision
  package var text: Text
  package var embeddingWidth: Int

  /// Reads `config.json`; absent keys mean the defaults of the reference implementation.
  ///
  /// - Throws: ``JSONError`` naming the field that is broken, unknown or out of range.
  package init(_ root: JSONNode) throws(JSONError) {
    embeddingWidth = try root.size("projection_dim", default: 512)
    let visionNode = try CLIPConfiguration.section("vision_config", of: root)
    let textNode = try CLIPConfiguration.section("text_config", of: root)
    vision = try Vision(visionNode)
    text = try Text(textNode)
    guard vision.imageSize >= vision.patchSize else {
      throw (visionNode ?? root).error(
        "image_size \(vision.imageSize) is smaller than patch_size \(vision.patchSize)")
    }
  }
}

extension CLIPConfiguration {
  /// Very old files carry complete copies under `_dict`, which override.
  private static func section(_ name: String, of root: JSONNode) throws(JSONError) -> JSONNode? {
    if let override = try root.member(name + "_dict") { return override }
    return try root.member(name)
  }
}

extension CLIPConfiguration.Vision {
  fileprivate init(_ node: JSONNode?) throws(JSONError) {
    transformer = try TransformerConfiguration(
      node, width: 768, feedForwardWidth: 3072, layers: 12, heads: 12)
    imageSize = try node?.size("image_size", default: 224) ?? 224
    patchSize = try node?.size("patch_size", default: 32) ?? 32
    channels = try node?.size("num_channels", default: 3) ?? 3
    if let node, channels != 3 {
      throw node.error("num_channels is \(channels); only 3 (red, green, blue) can be loaded")
    }
  }
}

extension CLIPConfiguration.Text {
  fileprivate init(_ node: JSONNode?) throws(JSONError) {
    transformer = try TransformerConfiguration(
      node, width: 512, feedForwardWidth: 2048, layers: 12, heads: 8)
    vocabulary = try node?.size("vocab_size", default: 49408) ?? 49408
    positions = try node?.size("max_position_embeddings", default: 77) ?? 77
    let end = try node?.integer("eos_token_id", default: 49407) ?? 49407
    pooling = end == 2 ? .greatestID : .firstID(end)
  }
}

extension TransformerConfiguration {
  init(
    _ node: JSONNode?, width: Int, feedForwardWidth: Int, layers: Int, heads: Int
  ) throws(JSONError) {
    self.init(
      width: try node?.size("hidden_size", default: width) ?? width,
      feedForwardWidth: try node?.size("intermediate_size", default: feedForwardWidth)
        ?? feedForwardWidth,
      layers: try node?.size("num_hidden_layers", default: layers) ?? layers,
      heads: try node?.size("num_attention_heads", default: heads) ?? heads,
      activation: .quickGELU,
      epsilon: try node?.double("layer_norm_eps", default: 1e-5) ?? 1e-5)
    guard let node else { return }
    activation = try ActivationName(node, "hidden_act", default: .quickGELU)
    guard self.width % self.heads == 0 else {
      throw node.error(
        "hidden_size \(self.width) is not a multiple of num_attention_heads \(self.heads)")
    }
    guard epsilon > 0 else { throw node.error("layer_norm_eps \(epsilon) is not positive") }
  }
}

extension JSONNode {
  /// A length that a tensor may have: between 1 and 2²⁴.
  func size(_ key: String, default fallback: Int) throws(JSONError) -> Int {
    let value = try integer(key, default: fallback)
    guard (1...(1 << 24)).contains(value) else {
      throw error("\(key) is \(value), outside 1...\(1 << 24)")
    }
    return value
  }
}
