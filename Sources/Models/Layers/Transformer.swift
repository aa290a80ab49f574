import Checkpoints
import Tensors

/// Two linear maps with an activation between.
struct FeedForward {
  let expand, contract: Linear
  let activation: Activation

  init(
    _ scope: WeightScope, _ configuration: TransformerConfiguration, precision: Precision? = nil
  ) throws(CheckpointError) {
    let (width, inner) = (configuration.width, configuration.feedForwardWidth)
    expand = try Linear(scope["fc1"], inputs: width, outputs: inner, precision: precision)
    contract = try Linear(scope["fc2"], inputs: inner, outputs: width, precision: precision)
    activation = configuration.activation.function
  }

  /// x's map, added to `residual`.
  func callAsFunction(
    _ x: Tensor, addingTo residual: Tensor? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try contract(
      try expand(x, activation: activation, in: context), addingTo: residual, in: context)
  }
}

/// x += attention(norm(x)); x += feedForward(norm(x)).
struct TransformerBlock {
  let attentionNorm, feedForwardNorm: LayerNorm
  let attention: Attention
  let feedForward: FeedForward

  /// - Parameter precision: of what is computed for the positions that are read, where those are
  ///   few; keys and values are of all, and multiplied as the context says.
  init(
    _ scope: WeightScope, _ configuration: TransformerConfiguration, precision: Precision? = nil
  ) throws(CheckpointError) {
    let (width, epsilon) = (configuration.width, configuration.epsilon)
    attentionNorm = try LayerNorm(scope["layer_norm1"], width: width, epsilon: epsilon)
    attention = try Attention(
      scope["self_attn"], width: width, heads: configuration.heads, precision: precision)
    feedForwardNorm = try LayerNorm(scope["layer_norm2"], width: width, epsilon: epsilon)
    feedForward = try FeedForward(scope["mlp"], configuration, precision: precision)
  }

  func callAsFunction(
    _ x: Tensor, mask: AttentionMask, site: LayerSite, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let attended = try attention(
      try attentionNorm(x, in: context), mask: mask, site: site, addingTo: x, in: context)
    return try feedForward(
      try feedForwardNorm(attended, in: context), addingTo: attended, in: context)
  }

  /// The same at `rows` of `x` as `[B · T, D]` alone: `[B, T, D]` to `[B, rows.count / B, D]`.
  func callAsFunction(
    _ x: Tensor, reading rows: [Int], mask: AttentionMask, site: LayerSite,
    in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let (batch, length, width) = (x.shape[0], x.shape[1], x.shape[2])
    func read(_ x: Tensor) throws(TensorError) -> Tensor {
      let flat = try context.reshaped(x, [batch * length, width])
      return try context.reshaped(
        try context.rows(of: flat, at: rows), [batch, rows.count / batch, width])
    }
    let normalized = try attentionNorm(x, in: context)
    let attended = try attention(
      try read(normalized), over: normalized, mask: mask, site: site, addingTo: try read(x),
      in: context)
    return try feedForward(
      try feedForwardNorm(attended, in: context), addingTo: attended, in: context)
  }
}

/// A stack of pre-norm blocks.
struct Transformer {
  let tower: String
  let blocks: [TransformerBlock]

  /// Reads `layers.0`, `layers.1`, … under `scope`.
  ///
  /// - Parameters:
  ///   - tower: what traces call these layers: `vision` or `text`.
  ///   - readsOnePosition: whether one position of each sequence is all that is read in the end: it
  ///     goes through the last block in f32, whatever the precision of the rest.
  init(
    _ scope: WeightScope, tower: String, _ configuration: TransformerConfiguration,
    readsOnePosition: Bool = false
  ) throws(CheckpointError) {
    self.tower = tower
    var blocks: [TransformerBlock] = []
    for layer in 0..<configuration.layers {
      let isRead = readsOnePosition && layer == configuration.layers - 1
      blocks.append(
        try TransformerBlock(
          scope["layers"]["\(layer)"], configuration, precision: isRead ? .f32 : nil))
    }
    self.blocks = blocks
  }

  /// `[B, T, D]` to `[B, T, D]`.
  func callAsFunction(
    _ x: Tensor, mask: AttentionMask = .all, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let states = try run(blocks[...], x, mask: mask, in: context)
    context.taps?.offer(hidden: states, at: LayerSite(tower: tower, layer: blocks.count))
    return states
  }

  /// The same at one position of each sequence: `[B, T, D]` to `[rows.count, D]`.
  ///
  /// The last block gathers from every position, but only what is read of it is computed; see
  /// ``isWatched(in:)``.
  ///
  /// - Parameter rows: the positions, as rows of `[B · T, D]`: the last of its sequence where
  ///   attention is causal.
  func callAsFunction(
    _ x: Tensor, reading rows: [Int], mask: AttentionMask = .all, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let width = x.shape[2]
    guard let last = blocks.last else {
      return try context.rows(
        of: try context.reshaped(x, [x.shape[0] * x.shape[1], width]), at: rows)
    }
    let site = LayerSite(tower: tower, layer: blocks.count - 1)
    let states = try run(blocks.dropLast(), x, mask: mask, in: context)
    context.taps?.offer(hidden: states, at: site)
    let read = try last(states, reading: rows, mask: mask, site: site, in: context)
    return try context.reshaped(read, [rows.count, width])
  }

  /// Whether something wants more of the last block than one position of each sequence.
  func isWatched(in context: ExecutionContext) -> Bool {
    context.taps?.wantsWhole(tower, layers: blocks.count) ?? false
  }

  private func run(
    _ blocks: ArraySlice<TransformerBlock>, _ x: Tensor, mask: AttentionMask,
    in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    var x = x
    for (layer, block) in blocks.enumerated() {
      let (input, site) = (x, LayerSite(tower: tower, layer: layer))
      context.taps?.offer(hidden: input, at: site)
      x = try context.recomputed { context throws(TensorError) in
        try block(input, mask: mask, site: site, in: context)
      }
    }
    return x
  }
}
