import CKernels

/// The numbers of one step of AdamW.
package struct AdamStep: Sendable {
  package var learningRate: Double
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double
  package var weightDecay: Double
  /// What gradients are multiplied by: below 1 where they were too long.
  package var gradientScale: Double
  /// Steps taken, this one included.
  package var count: Int

  package init(
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
    gradientScale: Double, count: Int
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.gradientScale = gradientScale
    self.count = count
  }
}

extension ExecutionContext {
  /// p (1 − η λ) − η m̂ / (√v̂ + ε), with m = β₁ m + (1 − β₁) g and v = β₂ v + (1 − β₂) g², both
  /// corrected for their start (Loshchilov & Hutter 2019). A new tensor: what was converted from
  /// `parameter` is no longer its.
  ///
  /// - Parameters:
  ///   - mean, square: m and v, which are written to; nobody else may hold them.
  /// - Precondition: contiguous f32 tensors of one shape, none of which a tape follows.
  /// - Throws: ``TensorError/cancelled``.
  package func adam(
    _ parameter: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, _ step: AdamStep
  ) throws(TensorError) -> Tensor {
    precondition(
      [gradient, mean, square].allSatisfy { $0.shape == parameter.shape && $0.isContiguous }
        && mean.storage.isWritable && square.storage.isWritable)
    var factors = gaze_adam_factors(
      gradient: Float(step.gradientScale), beta1: Float(step.beta1), beta2: Float(step.beta2),
      rate: Float(step.learningRate / (1 - power(step.beta1, step.count))),
      square: Float(1 / (1 - power(step.beta2, step.count))), epsilon: Float(step.epsilon),
      keep: Float(1 - step.learningRate * step.weightDecay))
    let out = empty(parameter.shape)
    let kernel = functions.adam
    let (p, g, m, v, to) = (
      parameter.floats, gradient.floats, mean.floats, square.floats, out.floats
    )
    // Not to be interrupted half way: means and squares would be a step ahead of the weights.
    withUnsafePointer(to: &factors) { factors in
      let grain = 65_536
      pool.forEach((out.elementCount + grain - 1) / grain) { index in
        let start = index * grain
        kernel(
          p + start, g + start, m + start, v + start, to + start,
          Int64(min(grain, out.elementCount - start)), factors)
      }
    }
    withExtendedLifetime((parameter, gradient)) {}
    return out
  }

  /// The sum of the squares of all elements, in double precision by runs of a few thousand.
  package func sumOfSquares(_ x: Tensor) throws(TensorError) -> Double {
    let input = try contiguous(x)
    var total = 0.0
    for start in stride(from: 0, to: input.elementCount, by: 4096) {
      let count = Int64(min(4096, input.elementCount - start))
      total += Double(functions.dot_product(input.floats + start, input.floats + start, count))
    }
    withExtendedLifetime(input) {}
    return total
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    // By squaring: no mathematics library in this module.
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}
