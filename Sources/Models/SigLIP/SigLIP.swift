// SigLIP: "Sigmoid Loss for Language Image Pre-Training", Zhai et al. 2023, and SigLIP 2, Tschannen
// et al. 2025, whose NaFlex variant takes pictures in their own proportion. Follows the Hugging
// Face implementation and its tensor names; OpenCLIP's files are renamed before they come here.
//
// B pictures or texts · N patches · P side of a patch · T ids · D width of a tower

import Checkpoints
import Media
import Tensors

/// A learned query that gathers from every position: multi-head attention pooling (Lee et al.
/// 2019), with a feed-forward layer behind it.
struct AttentionPool {
  /// `[1, 1, D]`
  let probe: Tensor
  let attention: Attention
  let norm: LayerNorm
  let feedForward: FeedForward

  init(_ scope: WeightScope, _ configuration: TransformerConfiguration) throws(CheckpointError) {
    let width = configuration.width
    probe = try scope.exact("probe", [1, 1, width])
    attention = try Attention(
      scope["attention"], width: width, heads: configuration.heads, precision: .f32)
    norm = try LayerNorm(scope["layernorm"], width: width, epsilon: configuration.epsilon)
    feedForward = try FeedForward(scope["mlp"], configuration, precision: .f32)
  }

  /// `[B, N, D]` to `[B, D]`.
  func callAsFunction(
    _ states: Tensor, site: LayerSite, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let (batch, width) = (states.shape[0], states.shape[2])
    let queries = try context.reshaped(
      try context.rows(
        of: try context.reshaped(probe, [1, width]), at: [Int](repeating: 0, count: batch)),
      [batch, 1, width])
    let gathered = try attention(queries, over: states, site: site, in: context)
    let refined = try feedForward(try norm(gathered, in: context), in: context)
    return try context.reshaped(try context.add(gathered, refined), [batch, width])
  }
}

/// The picture tower: a Vision Transformer without a class token, pooled by a learned query.
package struct SigLIPVisionTower {
  package let configuration: SigLIPConfiguration.Vision
  let patchEmbedding: PatchEmbedding
  let positions: PositionGrid
  let transformer: Transformer
  let normAfter: LayerNorm
  let head: AttentionPool

  /// Where traces see the pool's query: its map is `[B, heads, 1, N]`.
  static let poolSite = LayerSite(tower: "vision.pool", layer: 0)

  init(
    _ scope: WeightScope, _ configuration: SigLIPConfiguration.Vision
  ) throws(CheckpointError) {
    self.configuration = configuration
    let (width, patch) = (configuration.transformer.width, configuration.patchSize)
    let (embeddings, side) = (scope["embeddings"], configuration.gridSide)
    let patches = embeddings["patch_embedding"]
    let table = try embeddings["position_embedding"].exact("weight", [side * side, width])
    let bias = try patches.exact("bias", [width])
    switch configuration.input {
    case .pictures:
      patchEmbedding = PatchEmbedding(
        kernel: try patches.tensor("weight", [width, 3, patch, patch]), bias: bias)
      positions = PositionGrid(table, side: side, filter: .bicubic)
    case .patches:
      patchEmbedding = PatchEmbedding(
        kernel: try patches.tensor("weight", [width, 3 * patch * patch]), bias: bias)
      positions = PositionGrid(table, side: side, filter: .bilinearAntialiased)
    }
    transformer = try Transformer(scope["encoder"], tower: "vision", configuration.transformer)
    normAfter = try LayerNorm(
      scope["post_layernorm"], width: width, epsilon: configuration.transformer.epsilon)
    head = try AttentionPool(scope["head"], configuration.transformer)
  }

  var description: TowerDescription {
    TowerDescription(
      name: "vision", layers: configuration.transformer.layers,
      heads: configuration.transformer.heads, grid: (positions.side, positions.side), prefix: 0,
      pool: SigLIPVisionTower.poolSite)
  }

  /// Every position, normalised, `[B, N, D]`: of `[B, 3, H, W]`, or of `[B, N, P · P · 3]` with
  /// the grid that those patches form.
  ///
  /// Positions are interpolated to the grid. Nothing is padded, so nothing needs a mask.
  package func encode(
    _ pixels: Tensor, grid: PatchGrid? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let embedded = try embedded(pixels, grid: grid, in: context)
    return try normAfter(try transformer(embedded, in: context), in: context)
  }

  /// What the pool gathers from all positions: `[B, N, D]` to `[B, D]`.
  package func pool(_ states: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    try head(states, site: SigLIPVisionTower.poolSite, in: context)
  }

  private func embedded(
    _ pixels: Tensor, grid: PatchGrid?, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let patch = configuration.patchSize
    let (patches, rows, columns): (Tensor, Int, Int)
    switch configuration.input {
    case .pictures:
      patches = try context.patches(pixels, size: patch)  // [B, N, 3 P P]
      (rows, columns) = (pixels.shape[2] / patch, pixels.shape[3] / patch)
    case .patches:
      guard let grid, pixels.shape.rank == 3, grid.rows * grid.columns == pixels.shape[1] else {
        throw .shapes(
          operation: "vision tower", found: [pixels.shape, [grid?.rows ?? 0, grid?.columns ?? 0]],
          expected: "[B, rows · columns, P · P · 3] and the rows and columns")
      }
      (patches, rows, columns) = (pixels, grid.rows, grid.columns)
    }
    return try context.add(
      try patchEmbedding(patches, in: context),
      try positions(rows: rows, columns: columns, in: context))
  }
}

/// Two towers, a temperature and a bias: each label is judged by itself.
package struct SigLIP: DualEncoder {
  package let configuration: SigLIPConfiguration
  package let vision: SigLIPVisionTower
  package let text: TextTower
  package let similarity: Similarity

  /// Reads the tensors of a checkpoint with Hugging Face names, the pool's attention cut into
  /// `q_proj`, `k_proj` and `v_proj` like every other.
  ///
  /// - Throws: ``CheckpointError`` naming what is missing or misshapen.
  package init(
    _ scope: WeightScope, _ configuration: SigLIPConfiguration
  ) throws(CheckpointError) {
    self.configuration = configuration
    vision = try SigLIPVisionTower(scope["vision_model"], configuration.vision)
    text = try TextTower(
      scope["text_model"], projection: scope["text_model"]["head"], configuration.text,
      embeddingWidth: configuration.embeddingWidth)
    similarity = try Similarity(scope, hasBias: true)
  }

  package var embeddingWidth: Int { configuration.embeddingWidth }
  package var textPositions: Int { configuration.text.positions }
  package var towers: [TowerDescription] { [vision.description, text.description] }

  package func embed(
    pixels: Tensor, grid: PatchGrid?, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let states = try vision.encode(pixels, grid: grid, in: context)
    return try context.normalized(try vision.pool(states, in: context))
  }

  package func embed(texts: [[Int]], in context: ExecutionContext) throws(TensorError) -> Tensor {
    try text.embed(texts, in: context)
  }

  package func inputIDs(from ids: [Int]) -> [Int] { text.configuration.inputIDs(from: ids) }
}
