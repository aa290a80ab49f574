import Checkpoints
import Tensors

/// y = x Wᵀ + b, the weight staying in its file's element type.
struct Linear {
  let weight: Tensor
  let bias: Tensor?

  /// Reads `weight [outputs, inputs]` and, unless `bias` is false, `bias [outputs]`.
  init(
    _ scope: WeightScope, inputs: Int, outputs: Int, bias: Bool = true
  ) throws(CheckpointError) {
    weight = try scope.tensor("weight", [outputs, inputs])
    self.bias = bias ? try scope.exact("bias", [outputs]) : nil
  }

  init(weight: Tensor, bias: Tensor? = nil) {
    self.weight = weight
    self.bias = bias
  }

  /// `[..., inputs]` to `[..., outputs]`.
  func callAsFunction(
    _ x: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try context.linear(x, weight: weight, bias: bias)
  }
}
