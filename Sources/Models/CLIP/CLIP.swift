// CLIP: "Learning Transferable Visual Models From Natural Language Supervision",
// Radford et al. 2021. Follows the Hugging Face implementation and its tensor names; the files
// of OpenAI and OpenCLIP are renamed to them before they come here.
//
// B pictures or texts · N patches · T ids · D width of a tower · E width of the shared space

import Checkpoints
import Media
import Tensors

/// The picture tower: a Vision Transformer with a class token (Dosovitskiy et al. 2021).
package struct CLIPVisionTower {
  let configuration: CLIPConfiguration.Vision
  let patchEmbedding: PatchEmbedding
  let classEmbedding: Tensor
  let positions: PositionGrid
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
    patchEmbedding = PatchEmbedding(
      kernel: try embeddings["patch_embedding"].tensor(
        "weight", [width, 3, patch, patch]))
    classEmbedding = try embeddings.exact("class_embedding", [width])
    let side = configuration.imageSize / patch
    let table = try embeddings["position_embedding"].exact("weight", [1 + side * side, width])
    positions = PositionGrid(table, prefix: 1, side: side, filter: .bicubic)
    normBefore = try LayerNorm(scope["pre_layrnorm"], width: width, epsilon: epsilon)
    transformer = try Transformer(
      scope["encoder"], tower: "vision", configuration.transformer, readsOnePosition: true)
    normAfter = try LayerNorm(scope["post_layernorm"], width: width, epsilon: epsilon)
    self.projection = try Linear(
      projection, inputs: width, outputs: embeddingWidth, bias: false, precision: .f32)
  }

  var description: TowerDescription {
    let transformer = configuration.transformer
    return TowerDescription(
      name: "vision", layers: transformer.layers, heads: transformer.heads,
      grid: (positions.side, positions.side), prefix: 1,
      width: transformer.width, hidden: transformer.feedForwardWidth)
  }

  /// Every position after the last block, not yet normalised: `[B, 3, H, W]` to `[B, 1 + N, D]`.
  package func encode(
    _ pixels: Tensor, keeping kept: [[Int]]? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try transformer(try placed(pixels, keeping: kept, in: context), in: context)
  }

  /// The class token of every position, normalised: `[B, 1 + N, D]` to `[B, D]`.
  package func pool(_ states: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    let first = try context.sliced(states, axis: 1, 0..<1)
    return try normAfter(
      try context.reshaped(first, [states.shape[0], states.shape[2]]), in: context)
  }

  /// A pooled position in the shared space, not yet of length 1: `[B, D]` to `[B, E]`.
  package func project(
    _ pooled: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try projection(pooled, in: context)
  }

  /// Unit vectors `[B, E]` of pictures `[B, 3, H, W]`.
  ///
  /// Of the last block only the class token is computed, unless a tap watches the others.
  ///
  /// - Parameter kept: the patches of each picture that are seen, as many of each; nil: all. Leaving
  ///   some out makes training faster and its pictures more varied (Li et al. 2023).
  package func embed(
    _ pixels: Tensor, keeping kept: [[Int]]? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let placed = try placed(pixels, keeping: kept, in: context)
    let length = placed.shape[1]
    let pooled = transformer.isWatched(in: context)
      ? try pool(try transformer(placed, in: context), in: context)
      : try normAfter(
        try transformer(
          placed, reading: (0..<placed.shape[0]).map { $0 * length }, in: context), in: context)
    return try context.normalized(try project(pooled, in: context))
  }

  /// What enters the first block: `[B, 3, H, W]` to `[B, 1 + N, D]`.
  ///
  /// Positions of patches are interpolated where the picture is not of the configured size.
  private func placed(
    _ pixels: Tensor, keeping kept: [[Int]]?, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let patch = configuration.patchSize
    let (batch, width) = (pixels.shape[0], configuration.transformer.width)
    var patches = try context.patches(pixels, size: patch)  // [B, N, 3 P P]
    var places = try positions(
      rows: pixels.shape[2] / patch, columns: pixels.shape[3] / patch, in: context)  // [1 + N, D]
    if let kept {
      let (count, area) = (patches.shape[1], patches.shape[2])
      patches = try context.reshaped(
        try context.rows(
          of: try context.reshaped(patches, [batch * count, area]),
          at: kept.enumerated().flatMap { picture, kept in kept.map { picture * count + $0 } }),
        [batch, kept.first?.count ?? 0, area])
      places = try context.reshaped(
        try context.rows(of: places, at: kept.flatMap { [0] + $0.map { 1 + $0 } }),
        [batch, 1 + patches.shape[1], width])
    }
    let embedded = try patchEmbedding(patches, in: context)  // [B, N, D]
    let classes = try context.reshaped(
      try context.rows(
        of: try context.reshaped(classEmbedding, [1, width]),
        at: [Int](repeating: 0, count: batch)), [batch, 1, width])
    let sequence = try context.concatenated([classes, embedded], axis: 1)  // [B, 1 + N, D]
    return try normBefore(try context.add(sequence, places), in: context)
  }
}

/// Two towers and a temperature.
package struct CLIP: DualEncoder {
  package let configuration: CLIPConfiguration
  package let vision: CLIPVisionTower
  package let text: TextTower
  package let similarity: Similarity

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
    text = try TextTower(
      scope["text_model"], projection: scope["text_projection"], configuration.text,
      embeddingWidth: configuration.embeddingWidth)
    similarity = try Similarity(scope, hasBias: configuration.hasLogitBias)
  }

  package var embeddingWidth: Int { configuration.embeddingWidth }
  package var textPositions: Int { configuration.text.positions }
  package var towers: [TowerDescription] { [vision.description, text.description] }

  package func embed(
    pixels: Tensor, grid: PatchGrid?, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try vision.embed(pixels, in: context)
  }

  /// Unit vectors `[B, E]` of pictures `[B, 3, H, W]`, of which only some patches are seen.
  ///
  /// - Parameter kept: see ``CLIPVisionTower/embed(_:keeping:in:)``.
  package func embed(
    pixels: Tensor, keeping kept: [[Int]]?, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try vision.embed(pixels, keeping: kept, in: context)
  }

  package func embed(
    texts: [[Int]], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try text.embed(texts, in: context)
  }

  package func inputIDs(from ids: [Int]) -> [Int] { text.configuration.inputIDs(from: ids) }
}
