import Tensors

extension Reference {
  /// (x − mean) / √(variance + ε) · gain + bias by row.
  static func layerNorm<T: ReferenceNumber>(
    _ x: [T], gain: [T], bias: [T], epsilon: T
  ) -> [T] {
    rows(x, width: gain.count) { row in
      let mean = row.reduce(0, +) / T(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / T(row.count)
      return row.indices.map {
        (row[$0] - mean) / (variance + epsilon).squareRoot() * gain[$0] + bias[$0]
      }
    }
  }

  /// x / √(mean(x²) + ε) · gain by row.
  static func rmsNorm<T: ReferenceNumber>(_ x: [T], gain: [T], epsilon: T) -> [T] {
    rows(x, width: gain.count) { row in
      let mean = row.reduce(0) { $0 + $1 * $1 } / T(row.count)
      return row.indices.map { row[$0] / (mean + epsilon).squareRoot() * gain[$0] }
    }
  }

  /// x / ‖x‖ by row.
  static func normalized<T: ReferenceNumber>(_ x: [T], width: Int) -> [T] {
    rows(x, width: width) { row in
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / length }
    }
  }

  static func activation<T: ReferenceNumber>(_ kind: Activation, _ x: T) -> T {
    func sigmoid(_ x: T) -> T { 1 / (1 + T.exponential(-x)) }
    return switch kind {
    case .gelu: x / 2 * (1 + T.errorFunction(x * T(0.5).squareRoot()))
    case .geluTanh:
      x / 2 * (1 + T.hyperbolicTangent(T(2 / Double.pi).squareRoot() * (x + T(0.044715) * x * x * x)))
    case .quickGELU: x * sigmoid(T(1.702) * x)
    case .silu: x * sigmoid(x)
    case .relu: max(0, x)
    case .tanh: T.hyperbolicTangent(x)
    case .sigmoid: sigmoid(x)
    case .exponential: T.exponential(x)
    case .erf: T.errorFunction(x)
    }
  }

  /// The mean over the middle axis of `[outer, axis, inner]`.
  static func mean<T: ReferenceNumber>(_ x: [T], outer: Int, axis: Int, inner: Int) -> [T] {
    (0..<outer * inner).map { index in
      (0..<axis).reduce(0) { $0 + x[(index / inner * axis + $1) * inner + index % inner] } / T(axis)
    }
  }

  private static func rows<T>(_ x: [T], width: Int, _ body: ([T]) -> [T]) -> [T] {
    (0..<x.count / width).flatMap { body(Array(x[$0 * width..<($0 + 1) * width])) }
  }
}
