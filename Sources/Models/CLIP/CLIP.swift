// CLIP: "Learning Transferable Visual Models From Natural Language Supervision",
// Radford et al. 2021. Follows the Hugging Face implementation and its tensor names; the files
// of OpenAI and OpenCLIP are renamed to them before they come here.
//
// B pictures or texts · N patches · T ids · D width of a tower · E width of the shared space

import Checkpoints
import Foundation
import Tensors

/// The picture tower: a Vision Transformer with a class token (Dosovitskiy et al. 2021).
package struct CLIPVisionTower {
  let configuration: CLIPConfiguration.Vision
  let patchEmbedding: Linear
  let classEmbedding: Tensor
  let positions: Tensor
  let normBefore: LayerNorm
  let transformer: Transformer
  let normAfter: LayerNorm
  let projection: Linear

  init(
    _ scope: WeightScope, projection: WeightScope, _ configuration: CLIPConfiguration.Vision,
    embeddingWidth: Int
  ) throws(CheckpointError) {
    self.configuration = configuration
    let (width, patch) = (configuration.transformer.width, configuration.patchSize)
    let epsilon = configuration.transformer.epsilon
    let embeddings = scope["embeddings"]
    let kernel = try embeddings["patch_embedding"].tensor(
      "weight", [width, configuration.channels, patch, patch])
    patchEmbedding = Linear(weight: kernel.reshaped([width, configuration.channels * patch * patch]))
    classEmbedding = try embeddings.exact("class_embedding", [width])
    let side = configuration.imageSize / patch
    positions = try embeddings["position_embedding"].exact("weight", [1 + side * side, width])
    normBefore = try LayerNorm(scope["pre_layrnorm"], width: width, epsilon: epsilon)
    transformer = try Transformer(
      scope["encoder"], tower: "vision", configuration.transformer)
    normAfter = try LayerNorm(scope["post_layernorm"], width: width, epsilon: epsilon)
    self.projection = try Linear(projection, inputs: width, outputs: embeddingWidth, bias: false)
  }

  /// Every position after the last block, not yet normalised: `[B, 3, H, W]` to `[B, 1 + N, D]`.
  package func encode(_ pixels: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    let patch = configuration.patchSize
    let (batch, width) = (pixels.shape[0], configuration.transformer.width)
    let patches = try context.patches(pixels, size: patch)  // [B, N, 3 P P]
    let embedded = try patchEmbedding(patches, in: context)  // [B, N, D]
    let classes = try context.reshaped(
      try context.rows(
        of: try context.reshaped(classEmbedding, [1, width]),
        at: [Int](repeating: 0, count: batch)), [batch, 1, width])
    let sequence = try context.concatenated([classes, embedded], axis: 1)  // [B, 1 + N, D]
    let grid = (rows: pixels.shape[2] / patch, columns: pixels.shape[3] / patch)
    let placed = try context.add(sequence, try positions(for: grid, in: context))
    return try transformer(try normBefore(placed, in: context), in: context)
  }

  /// The class token, normalised: `[B, 1 + N, D]` to `[B, D]`.
  package func pool(_ states: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    let first = try context.sliced(states, axis: 1, 0..<1)
    return try normAfter(
      try context.reshaped(first, [states.shape[0], states.shape[2]]), in: context)
  }

  /// The position table.
  private func positions(
    for grid: (rows: Int, columns: Int), in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let side = configuration.imageSize / configuration.patchSize
    guard grid == (side, side) else {
      throw .shapes(
        operation: "vision tower", found: [[grid.rows, grid.columns]],
        expected: "\(side) × \(side) patches")
    }
    return positions
  }
}

/// The text tower: a causal transformer read at the end-of-text token.
package struct CLIPTextTower {
  let configuration: CLIPConfiguration.Text
  let tokens: Tensor
  let positions: Tensor
  let transformer: Transformer
  let normAfter: LayerNorm
  let projection: Linear

  init(
    _ scope: WeightScope, projection: WeightScope, _ configuration: CLIPConfiguration.Text,
    embeddingWidth: Int
  ) throws(CheckpointError) {
    self.configuration = configuration
    let width = configuration.transformer.width
    let embeddings = scope["embeddings"]
    tokens = try embeddings["token_embedding"].tensor("weight", [configuration.vocabulary, width])
    positions = try embeddings["position_embedding"].exact(
      "weight", [configuration.positions, width])
    transformer = try Transformer(scope["encoder"], tower: "text", configuration.transformer)
    normAfter = try LayerNorm(
      scope["final_layer_norm"], width: width, epsilon: configuration.transformer.epsilon)
    self.projection = try Linear(projection, inputs: width, outputs: embeddingWidth, bias: false)
  }

  /// Every position, normalised: B texts of T ids to `[B, T, D]`.
  ///
  /// - Parameter visible: `[B, T]`, false where an id is padding that nothing may attend to.
  package func encode(
    _ texts: [[Int]], visible: [[Bool]]? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let (batch, length) = (texts.count, texts.first?.count ?? 0)
    let width = configuration.transformer.width
    let embedded = try context.reshaped(
      try context.rows(of: tokens, at: texts.flatMap { $0 }), [batch, length, width])
    let placed = try context.add(
      embedded, try context.sliced(positions, axis: 0, 0..<length))
    var mask = AttentionMask.causal
    if let visible {
      let rows = visible.flatMap { keys in
        (0..<length).flatMap { _ in keys.map { $0 ? Float(0) : -.infinity } }
      }
      mask.additive = context.tensor(rows, [batch, length, length])
    }
    return try normAfter(try transformer(placed, mask: mask, in: context), in: context)
  }

  /// The end-of-text position of each text: `[B, T, D]` to `[B, D]`.
  package func pool(
    _ states: Tensor, texts: [[Int]], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let (batch, length, width) = (states.shape[0], states.shape[1], states.shape[2])
    return try context.rows(
      of: try context.reshaped(states, [batch * length, width]),
      at: texts.enumerated().map { $0 * length + pooledPosition(of: $1) })
  }

  func pooledPosition(of ids: [Int]) -> Int {
    switch configuration.pooling {
    case .greatestID:
      // The first of the greatest, as arg-max counts.
      ids.indices.max { ids[$0] < ids[$1] || (ids[$0] == ids[$1] && $0 > $1) } ?? 0
    case .firstID(let end):
      ids.firstIndex(of: end) ?? 0
    }
  }
}

/// Two towers and a temperature.
package struct CLIP: DualEncoder {
  package let configuration: CLIPConfiguration
  package let vision: CLIPVisionTower
  package let text: CLIPTextTower
  /// exp of the learned log-temperature.
  let scale: Float

  /// Reads the tensors of a checkpoint with Hugging Face names.
  ///
  /// - Throws: ``CheckpointError`` naming what is missing or misshapen.
  package init(
    _ scope: WeightScope, _ configuration: CLIPConfiguration
  ) throws(CheckpointError) {
    self.configuration = configuration
    vision = try CLIPVisionTower(
      scope["vision_model"], projection: scope["visual_projection"], configuration.vision,
      embeddingWidth: configuration.embeddingWidth)
    text = try CLIPTextTower(
      scope["text_model"], projection: scope["text_projection"], configuration.text,
      embeddingWidth: configuration.embeddingWidth)
    scale = exp(try scope.scalar("logit_scale"))
  }

  package var embeddingWidth: Int { configuration.embeddingWidth }
  package var similarity: Similarity { .softmax(scale: scale) }
  package var textPositions: Int { configuration.text.positions }

  package var towers: [TowerDescription] {
    let side = configuration.vision.imageSize / configuration.vision.patchSize
    let (vision, text) = (configuration.vision.transformer, configuration.text.transformer)
    return [
      TowerDescription(
        name: "vision", layers: vision.layers, heads: vision.heads, grid: (side, side), prefix: 1),
      TowerDescription(name: "text", layers: text.layers, heads: text.heads, grid: nil, prefix: 0),
    ]
  }

  package func embed(
    pixels: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let pooled = try vision.pool(try vision.encode(pixels, in: context), in: context)
    return try context.normalized(try vision.projection(pooled, in: context))
  }

  package func embed(
    texts: [[Int]], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let states = try text.encode(texts, in: context)
    let pooled = try text.pool(states, texts: texts, in: context)
    return try context.normalized(try text.projection(pooled, in: context))
  }

  /// Attention is causal, so nothing after the pooled position reaches it.
  package func relevantIDs(of ids: [Int]) -> [Int] {
    Array(ids.prefix(text.pooledPosition(of: ids) + 1))
  }
}
