import Checkpoints
import Tensors

/// Multi-head attention with biases everywhere, scaled by 1/√(head width) (Vaswani et al. 2017).
struct Attention {
  let query, key, value, output: Linear
  let heads: Int

  /// Reads `q_proj`, `k_proj`, `v_proj` and the projection of what they gather.
  ///
  /// - Parameter precision: of the queries and of what they gather; keys and values are multiplied
  ///   as the context says.
  init(
    _ scope: WeightScope, width: Int, heads: Int, output: String = "out_proj",
    outputWidth: Int? = nil, precision: Precision? = nil
  ) throws(CheckpointError) {
    query = try Linear(scope["q_proj"], inputs: width, outputs: width, precision: precision)
    key = try Linear(scope["k_proj"], inputs: width, outputs: width)
    value = try Linear(scope["v_proj"], inputs: width, outputs: width)
    self.output = try Linear(
      scope[output], inputs: width, outputs: outputWidth ?? width, precision: precision)
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
    let projected = memory == nil && query.precision == nil
      ? try Linear.each(of: [query, key, value], x, in: context)
      : [try query(x, in: context)] + (try Linear.each(of: [key, value], memory ?? x, in: context))
    let mixed = try context.attention(
      query: try split(projected[0]), key: try split(projected[1]), value: try split(projected[2]),
      scale: 1 / Float(headWidth).squareRoot(), mask: mask, site: site)
    return try output(mixed, addingTo: residual, in: context)
  }
}
