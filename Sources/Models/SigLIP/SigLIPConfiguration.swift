import JSONDocuments
import Tensors

/// What a SigLIP or SigLIP 2 checkpoint says about itself.
package struct SigLIPConfiguration: Equatable, Sendable {
  package struct Vision: Equatable, Sendable {
    package var transformer: TransformerConfiguration
    package var patchSize: Int
    /// Cells along a side of the table of positions.
    package var gridSide: Int
    package var input: Input
  }

  /// What the picture tower is given.
  package enum Input: Equatable, Sendable {
    /// Whole pictures `[B, 3, H, W]` with this side.
    case pictures(side: Int)
    /// Patches `[B, N, P · P · 3]` of pictures in any proportion, channels last: NaFlex.
    case patches
  }

  package var vision: Vision
  package var text: TextConfiguration

  /// The pooled picture is the embedding, so that both widths are one.
  package var embeddingWidth: Int { vision.transformer.width }

  init(vision: Vision, text: TextConfiguration) {
    self.vision = vision
    self.text = text
  }

  /// Reads the `config.json` of a `siglip` or, with `takesPatches`, of a `siglip2` model; absent
  /// keys mean the defaults of the reference implementation.
  ///
  /// - Throws: ``JSONError`` naming the field that is broken, unknown or out of range.
  package init(_ root: JSONNode, takesPatches: Bool) throws(JSONError) {
    let visionNode = try root.member("vision_config")
    let textNode = try root.member("text_config")
    vision = try Vision(visionNode, takesPatches: takesPatches)
    text = try TextConfiguration(siglip: textNode)
    let projection = try textNode?.size("projection_size", default: text.transformer.width)
      ?? text.transformer.width
    guard projection == vision.transformer.width else {
      throw (textNode ?? root).error(
        "projection_size \(projection) is not vision_config.hidden_size "
          + "\(vision.transformer.width)")
    }
  }
}

extension SigLIPConfiguration.Vision {
  fileprivate init(_ node: JSONNode?, takesPatches: Bool) throws(JSONError) {
    transformer = try TransformerConfiguration(
      node, width: 768, feedForwardWidth: 3072, layers: 12, heads: 12, activation: .geluTanh,
      epsilon: 1e-6)
    patchSize = try node?.size("patch_size", default: 16) ?? 16
    if let node, let channels = try node.member("num_channels"), try channels.asInteger() != 3 {
      throw channels.error("\(try channels.asInteger()) is not supported; 3 are")
    }
    if let node, let head = try node.member("vision_use_head"), try !head.asBool() {
      throw head.error("false is not supported: without its head the tower has no embedding")
    }
    if takesPatches {
      let cells = try node?.size("num_patches", default: 256) ?? 256
      gridSide = Int(Double(cells).squareRoot())
      input = .patches
      guard gridSide * gridSide == cells else {
        throw JSONError(node, "num_patches \(cells) is not a square number")
      }
    } else {
      let side = try node?.size("image_size", default: 224) ?? 224
      gridSide = side / patchSize
      input = .pictures(side: side)
      guard gridSide > 0 else {
        throw JSONError(node, "image_size \(side) is smaller than patch_size \(patchSize)")
      }
    }
  }
}

extension TextConfiguration {
  fileprivate init(siglip node: JSONNode?) throws(JSONError) {
    self.init(
      transformer: try TransformerConfiguration(
        node, width: 768, feedForwardWidth: 3072, layers: 12, heads: 12, activation: .geluTanh,
        epsilon: 1e-6),
      vocabulary: try node?.size("vocab_size", default: 32000) ?? 32000,
      positions: try node?.size("max_position_embeddings", default: 64) ?? 64, pooling: .last,
      isCausal: false, projectionHasBias: true,
      padding: TextPadding(id: try node?.integer("pad_token_id", default: 1) ?? 1))
  }
}

extension JSONError {
  /// An error about an object that may be absent altogether.
  fileprivate init(_ node: JSONNode?, _ problem: String) {
    self = node?.error(problem)
      ?? JSONError(source: "config.json", path: "$.vision_config", problem: problem)
  }
}
