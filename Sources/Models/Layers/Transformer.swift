import Checkpoints
import Tensors

/// Two linear maps with an activation between.
struct FeedForward {
  let expand, contract: Linear
  let activation: Activation

  init(_ scope: WeightScope, _ configuration: TransformerConfiguration) throws(CheckpointError) {
    let (width, inner) = (configuration.width, configuration.feedForwardWidth)
    expand = try Linear(scope["fc1"], inputs: width, outputs: inner)
    contract = try Linear(scope["fc2"], inputs: inner, outputs: width)
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

  init(_ scope: WeightScope, _ configuration: TransformerConfiguration) throws(CheckpointError) {
    let (width, epsilon) = (configuration.width, configuration.epsilon)
    attentionNorm = try LayerNorm(scope["layer_norm1"], width: width, epsilon: epsilon)
    attention = try Attention(scope["self_attn"], width: width, heads: configuration.heads)
    feedForwardNorm = try LayerNorm(scope["layer_norm2"], width: width, epsilon: epsilon)
    feedForward = try FeedForward(scope["mlp"], configuration)
  }

  func callAsFunction(
    _ x: Tensor, mask: AttentionMask, site: LayerSite, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let attended = try attention(
      try attentionNorm(x, in: context), mask: mask, site: site, addingTo: x, in: context)
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
  /// - Parameter tower: what traces call these layers: `vision` or `text`.
  init(
    _ scope: WeightScope, tower: String, _ configuration: TransformerConfiguration
  ) throws(CheckpointError) {
    self.tower = tower
    var blocks: [TransformerBlock] = []
    for layer in 0..<configuration.layers {
      blocks.append(try TransformerBlock(scope["layers"]["\(layer)"], configuration))
    }
    self.blocks = blocks
  }

  /// `[B, T, D]` to `[B, T, D]`.
  func callAsFunction(
    _ x: Tensor, mask: AttentionMask = .all, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    var x = x
    for (layer, block) in blocks.enumerated() {
      let site = LayerSite(tower: tower, layer: layer)
      context.taps?.offer(hidden: x, at: site)
      guard context.recomputesBlocks else {
        x = try block(x, mask: mask, site: site, in: context)
        continue
      }
      let input = x
      x = try context.recomputed { context throws(TensorError) in
        try block(input, mask: mask, site: site, in: context)
      }
    }
    context.taps?.offer(hidden: x, at: LayerSite(tower: tower, layer: blocks.count))
    return x
  }
}
