import Checkpoints
import Tensors

/// Layer normalisation over the last axis (Ba et al. 2016).
struct LayerNorm {
  let gain: Tensor
  let bias: Tensor
  let epsilon: Float

  /// Reads `weight [width]` and `bias [width]`.
  init(_ scope: WeightScope, width: Int, epsilon: Double) throws(CheckpointError) {
    gain = try scope.exact("weight", [width])
    bias = try scope.exact("bias", [width])
    self.epsilon = Float(epsilon)
  }

  func callAsFunction(
    _ x: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try context.layerNorm(x, gain: gain, bias: bias, epsilon: epsilon)
  }
}
