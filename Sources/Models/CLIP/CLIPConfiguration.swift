import JSONDocuments
import Tensors

/// What a CLIP checkpoint says about itself (Hugging Face `config.json`, `model_type: clip`).
package struct CLIPConfiguration: Equatable, Sendable {
  package struct Vision: Equatable, Sendable {
    package var transformer: TransformerConfiguration
    package var imageSize: Int
    package var patchSize: Int

    package init(transformer: TransformerConfiguration, imageSize: Int, patchSize: Int) {
      self.transformer = transformer
      self.imageSize = imageSize
      self.patchSize = patchSize
    }
  }

  package var vision: Vision
  package var text: TextConfiguration
  package var embeddingWidth: Int
  /// Whether cosines are shifted and each label stands by itself, as in SigLIP's loss. Gaze's own
  /// checkpoints say so by `logit_bias_init_value`, which transformers carries along unread.
  package var hasLogitBias = false

  package init(
    vision: Vision, text: TextConfiguration, embeddingWidth: Int, hasLogitBias: Bool = false
  ) {
    self.vision = vision
    self.text = text
    self.embeddingWidth = embeddingWidth
    self.hasLogitBias = hasLogitBias
  }

  /// Reads `config.json`; absent keys mean the defaults of the reference implementation.
  ///
  /// - Throws: ``JSONError`` naming the field that is broken, unknown or out of range.
  package init(_ root: JSONNode) throws(JSONError) {
    embeddingWidth = try root.size("projection_dim", default: 512)
    let visionNode = try CLIPConfiguration.section("vision_config", of: root)
    let textNode = try CLIPConfiguration.section("text_config", of: root)
    vision = try Vision(visionNode)
    text = try TextConfiguration(clip: textNode)
    hasLogitBias = try root.member("logit_bias_init_value")?.asDouble() != nil
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
    if let node {
      let channels = try node.size("num_channels", default: 3)
      guard channels == 3 else {
        throw node.error("num_channels is \(channels); only 3 (red, green, blue) can be loaded")
      }
    }
  }
}

extension TextConfiguration {
  fileprivate init(clip node: JSONNode?) throws(JSONError) {
    let end = try node?.integer("eos_token_id", default: 49407) ?? 49407
    self.init(
      transformer: try TransformerConfiguration(
        node, width: 512, feedForwardWidth: 2048, layers: 12, heads: 8),
      vocabulary: try node?.size("vocab_size", default: 49408) ?? 49408,
      positions: try node?.size("max_position_embeddings", default: 77) ?? 77,
      pooling: end == 2 ? .greatestID : .firstID(end), isCausal: true, projectionHasBias: false,
      padding: TextPadding(id: end))
  }
}
