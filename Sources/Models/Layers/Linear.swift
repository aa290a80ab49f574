import Checkpoints
import Tensors

/// y = x Wᵀ + b, the weight staying in its file's element type.
struct Linear {
  let weight: Tensor
  let bias: Tensor?
  /// How this layer multiplies whatever precision the context has; nil: as the context says.
  let precision: Precision?

  /// Reads `weight [outputs, inputs]` and, unless `bias` is false, `bias [outputs]`.
  ///
  /// - Parameter precision: f32 where a tower ends: one row a picture or text costs little, and
  ///   what is rounded there goes straight into the embedding.
  init(
    _ scope: WeightScope, inputs: Int, outputs: Int, bias: Bool = true,
    precision: Precision? = nil
  ) throws(CheckpointError) {
    weight = try scope.matrix("weight", outputs, inputs)
    self.bias = bias ? try scope.exact("bias", [outputs]) : nil
    self.precision = precision
  }

  init(weight: Tensor, bias: Tensor? = nil, precision: Precision? = nil) {
    self.weight = weight
    self.bias = bias
    self.precision = precision
  }

  /// `[..., inputs]` to `[..., outputs]`.
  func callAsFunction(
    _ x: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try context.linear(x, weight: weight, bias: bias, precision: precision)
  }

  /// `activation` of it, or it added to `addend`, as it is computed.
  func callAsFunction(
    _ x: Tensor, activation: Activation? = nil, addingTo addend: Tensor? = nil,
    in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let map = LinearMap(weight: weight, bias: bias, activation: activation, addend: addend)
    return try context.linear(x, [map], precision: precision)[0]
  }

  /// What several layers without a precision of their own make of one input.
  static func each(
    of layers: [Linear], _ x: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> [Tensor] {
    try context.linear(x, layers.map { LinearMap(weight: $0.weight, bias: $0.bias) })
  }
}

/// The map of flattened patches to channels, in f32 whatever the precision of the rest: what bf16
/// or int8 would round off the pixels is lost to every later layer, and this is a fortieth of a
/// tower's work.
struct PatchEmbedding {
  /// `[outputs, ...]`, as a linear map or as a convolution stores it.
  let kernel: Tensor
  var bias: Tensor?

  /// `[..., 3 P P]` to `[..., outputs]`.
  func callAsFunction(
    _ patches: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let outputs = kernel.shape[0]
    let weight = try context.reshaped(
      kernel, [outputs, kernel.elementCount / max(1, outputs)])
    return try context.linear(patches, weight: weight, bias: bias, precision: .f32)
  }
}
