import Checkpoints
import Tensors

/// Multi-head attention with biases everywhere, scaled by 1/√(head width) (Vaswani et al. 2017).
struct Attention {
  let query, key, value, output: Linear
  let heads: Int

  /// Reads `q_proj`, `k_proj`, `v_proj` and the projection of what they gather.
  init(
    _ scope: WeightScope, width: Int, heads: Int, output: String = "out_proj",
    outputWidth: Int? = nil
  ) throws(CheckpointError) {
    query = try Linear(scope["q_proj"], inputs: width, outputs: width)
    key = try Linear(scope["k_proj"], inputs: width, outputs: width)
    value = try Linear(scope["v_proj"], inputs: width, outputs: width)
    self.output = try Linear(scope[output], inputs: width, outputs: outputWidth ?? width)
    self.heads = heads
  }

  /// What each position of `x [B, T, D]` gathers from `memory [B, S, D]`, or from `x` itself:
  /// `[B, T, D]`, added to `residual` where there is one.
  func callAsFunction(
    _ x: Tensor, over memory: Tensor? = nil, mask: AttentionMask = .all, site: LayerSite,
    addingTo residual: Tensor? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let headWidth = x.shape[2] / heads
    func split(_ x: Tensor) throws(TensorError) -> Tensor {
      try context.reshaped(x, [x.shape[0], x.shape[1], heads, headWidth])
    }
    let projected = if let memory {
      [try query(x, in: context)] + (try Linear.each(of: [key, value], memory, in: context))
    } else {
      try Linear.each(of: [query, key, value], x, in: context)
    }
    let mixed = try context.attention(
      query: try split(projected[0]), key: try split(projected[1]), value: try split(projected[2]),
      scale: 1 / Float(headWidth).squareRoot(), mask: mask, site: site)
    return try output(mixed, addingTo: residual, in: context)
  }
}
