import CKernels

/// The pointwise non-linearities that checkpoints name.
package enum Activation: Sendable, CaseIterable {
  /// x · Φ(x), exact.
  case gelu
  /// The tanh approximation of GELU (Hendrycks & Gimpel 2016).
  case geluTanh
  /// x · σ(1.702 x), as OpenAI's CLIP uses it.
  case quickGELU
  case silu
  case relu
  case tanh
  case sigmoid
  case exponential
  /// The error function 2/√π ∫₀ˣ e^−t² dt.
  case erf

  var kernel: gaze_activation {
    switch self {
    case .gelu: GAZE_GELU_ERF
    case .geluTanh: GAZE_GELU_TANH
    case .quickGELU: GAZE_GELU_QUICK
    case .silu: GAZE_SILU
    case .relu: GAZE_RELU
    case .tanh: GAZE_TANH
    case .sigmoid: GAZE_SIGMOID
    case .exponential: GAZE_EXPONENTIAL
    case .erf: GAZE_ERF
    }
  }
}

extension ExecutionContext {
  /// `activation` of every element.
  package func activate(_ x: Tensor, _ activation: Activation) throws(TensorError) -> Tensor {
    let input = try contiguous(x)
    let y = empty(x.shape)
    let kernel = functions.activate
    let (from, to, count) = (input.floats, y.floats, x.elementCount)
    try parallelRows(count, width: 1) { range in
      kernel(from + range.lowerBound, to + range.lowerBound, Int64(range.count), activation.kernel)
    }
    return recorded(y, from: [x]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      let dx = context.empty(dy.shape)
      let kernel = context.functions.activate_backward
      let (dys, out) = (dy.floats, dx.floats)
      try context.parallelRows(count, width: 1) { range in
        let start = range.lowerBound
        kernel(from + start, dys + start, out + start, Int64(range.count), activation.kernel)
      }
      withExtendedLifetime((input, dy)) {}
      return [dx]
    }
  }
}
