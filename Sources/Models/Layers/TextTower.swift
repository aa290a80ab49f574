import Checkpoints
import Tensors

/// The text tower of CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023): a transformer read
/// at one position, which is then projected. Tensor names are Hugging Face's.
///
/// B texts · T ids · D width of the tower · E width of the shared space
package struct TextTower {
  package let configuration: TextConfiguration
  let tokens: Tensor
  let positions: Tensor
  let transformer: Transformer
  let normAfter: LayerNorm
  let projection: Linear

  /// - Parameter projection: where the projection's weight, and bias if it has one, lie.
  init(
    _ scope: WeightScope, projection: WeightScope, _ configuration: TextConfiguration,
    embeddingWidth: Int
  ) throws(CheckpointError) {
    self.configuration = configuration
    let width = configuration.transformer.width
    let embeddings = scope["embeddings"]
    tokens = try embeddings["token_embedding"].matrix("weight", configuration.vocabulary, width)
    positions = try embeddings["position_embedding"].exact(
      "weight", [configuration.positions, width])
    transformer = try Transformer(
      scope["encoder"], tower: "text", configuration.transformer, readsOnePosition: true)
    normAfter = try LayerNorm(
      scope["final_layer_norm"], width: width, epsilon: configuration.transformer.epsilon)
    self.projection = try Linear(
      projection, inputs: width, outputs: embeddingWidth, bias: configuration.projectionHasBias,
      precision: .f32)
  }

  package var description: TowerDescription {
    let transformer = configuration.transformer
    return TowerDescription(
      name: "text", layers: transformer.layers, heads: transformer.heads, grid: nil, prefix: 0,
      width: transformer.width, hidden: transformer.feedForwardWidth)
  }

  /// Every position, normalised: B texts of T ids to `[B, T, D]`.
  ///
  /// - Parameter visible: `[B, T]`, false where an id is padding that nothing may attend to.
  /// - Throws: ``TensorError`` for texts of several lengths, without ids, longer than the tower or
  ///   with ids outside its vocabulary, or when cancelled.
  package func encode(
    _ texts: [[Int]], visible: [[Bool]]? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let (batch, length) = (texts.count, texts.first?.count ?? 0)
    let width = configuration.transformer.width
    guard length > 0, texts.allSatisfy({ $0.count == length }) else {
      throw .shapes(
        operation: "text tower", found: texts.map { [$0.count] },
        expected: "texts of one length, of at least one id,")
    }
    let embedded = try context.reshaped(
      try context.rows(of: tokens, at: texts.flatMap { $0 }), [batch, length, width])
    let placed = try context.add(
      embedded, try context.sliced(positions, axis: 0, 0..<length))
    var mask = AttentionMask(isCausal: configuration.isCausal)
    if let visible {
      let rows = visible.flatMap { keys in
        (0..<length).flatMap { _ in keys.map { $0 ? Float(0) : -.infinity } }
      }
      mask.additive = context.tensor(rows, [batch, length, length])
    }
    return try normAfter(try transformer(placed, mask: mask, in: context), in: context)
  }

  /// The position of each text that stands for the whole of it: `[B, T, D]` to `[B, D]`.
  package func pool(
    _ states: Tensor, texts: [[Int]], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let (batch, length, width) = (states.shape[0], states.shape[1], states.shape[2])
    return try context.rows(
      of: try context.reshaped(states, [batch * length, width]),
      at: texts.enumerated().map { $0 * length + configuration.pooledPosition(of: $1) })
  }

  /// A pooled position in the shared space, not yet of length 1: `[B, D]` to `[B, E]`.
  package func project(
    _ pooled: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try projection(pooled, in: context)
  }

  /// Unit vectors `[B, E]` of texts.
  package func embed(
    _ texts: [[Int]], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let pooled = transformer.isWatched(in: context)
      ? try pool(try encode(texts, in: context), texts: texts, in: context)
      : try pooledTogether(texts, in: context)
    return try context.normalized(try project(pooled, in: context))
  }

  /// The position of each text that stands for the whole of it, normalised, `[B, D]`: texts of any
  /// lengths, one after another as `[1, ΣT, D]`. Each sees itself alone, nothing is padded, and of
  /// the last block nothing else is computed.
  private func pooledTogether(
    _ texts: [[Int]], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    guard texts.allSatisfy({ (1...configuration.positions).contains($0.count) }) else {
      throw .shapes(
        operation: "text tower", found: texts.map { [$0.count] },
        expected: "texts of 1 to \(configuration.positions) ids")
    }
    let vocabulary = configuration.vocabulary
    if let wrong = texts.joined().first(where: { !(0..<vocabulary).contains($0) }) {
      throw .index(operation: "text tower", found: wrong, limit: vocabulary)
    }
    // Where attention is causal, ids behind that position cannot reach it.
    let texts = configuration.isCausal
      ? texts.map { Array($0.prefix(configuration.pooledPosition(of: $0) + 1)) } : texts
    let lengths = texts.map(\.count)
    let embedded = try context.rows(of: tokens, at: texts.flatMap { $0 })
    let placed = try context.add(
      embedded, try context.rows(of: positions, at: lengths.flatMap { 0..<$0 }))
    var start = 0
    let rows = texts.map { ids in
      defer { start += ids.count }
      return start + configuration.pooledPosition(of: ids)
    }
    let states = try transformer(
      try context.reshaped(placed, [1, placed.shape[0], configuration.transformer.width]),
      reading: rows, mask: AttentionMask(isCausal: configuration.isCausal, segments: lengths),
      in: context)
    return try normAfter(states, in: context)
  }
}
