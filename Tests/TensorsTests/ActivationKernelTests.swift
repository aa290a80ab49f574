import CKernels
import Tensors
import Testing

/// Accuracy of the pointwise functions over a sweep of all magnitudes.
@Suite struct ActivationKernelTests {
  /// Both signs of every binade, a few dozen numbers each, and the special values.
  static let sweep: [Float] = {
    var noise = Noise(20)
    var values: [Float] = [
      0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 0.625, 1,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
    ]
    for exponent in -130...127 {
      for _ in 0..<24 {
        let significand = Float.random(in: 1..<2, using: &noise)
        let size = Float(sign: .plus, exponent: exponent, significand: significand)
        values += [size, -size]
      }
    }
    // Where the functions bend, much denser.
    values += noise.floats(20_000, in: -10...10) + noise.floats(5_000, in: -88...88)
    return values
  }()

  private func apply(_ table: Table, _ kind: gaze_activation, _ x: [Float]) -> [Float] {
    let (input, y) = (GuardedFloats(x), GuardedFloats(count: x.count))
    table.functions.activate(input.start, y.start, Int64(x.count), kind)
    #expect(y.isIntact())
    return y.array
  }

  private func worst(
    _ table: Table, _ kind: gaze_activation, _ x: [Float], _ exact: (Double) -> Double
  ) -> (ulps: Double, at: Float) {
    var worst = (ulps: 0.0, at: Float(0))
    for (x, y) in zip(x, apply(table, kind, x)) {
      let error = ulps(y, exact(Double(x)))
      if error > worst.ulps { worst = (error, x) }
    }
    return worst
  }

  @Test(arguments: Table.all)
  func exponentialIsWithinTwoUlps(_ table: Table) {
    let x = ActivationKernelTests.sweep.filter { $0 > -87.3 && $0 < 88.7 }
    let worst = worst(table, GAZE_EXPONENTIAL, x, Double.exponential)
    #expect(worst.ulps <= 2, "at \(worst.at)")
    let limits: [Float] = [-.infinity, -200, -87.4, 88.8, 1000, .infinity, .nan]
    let y = apply(table, GAZE_EXPONENTIAL, limits)
    #expect(y[..<3] == [0, 0, 0])
    #expect(y[3..<6] == [.infinity, .infinity, .infinity])
    #expect(y[6].isNaN)
    #expect(apply(table, GAZE_EXPONENTIAL, [0, -0.0]) == [1, 1])
  }

  @Test(arguments: Table.all)
  func errorFunctionIsWithinThreeUlps(_ table: Table) {
    let worst = worst(table, GAZE_ERF, ActivationKernelTests.sweep, Double.errorFunction)
    #expect(worst.ulps <= 3, "at \(worst.at)")
    #expect(apply(table, GAZE_ERF, [.infinity, -.infinity]) == [1, -1])
    #expect(apply(table, GAZE_ERF, [.nan])[0].isNaN)
  }

  @Test(arguments: Table.all)
  func hyperbolicTangentIsWithinTwoUlps(_ table: Table) {
    let worst = worst(table, GAZE_TANH, ActivationKernelTests.sweep, Double.hyperbolicTangent)
    #expect(worst.ulps <= 2, "at \(worst.at)")
    #expect(apply(table, GAZE_TANH, [.infinity, -.infinity]) == [1, -1])
    #expect(apply(table, GAZE_TANH, [.nan])[0].isNaN)
  }

  @Test(arguments: Table.all)
  func sigmoidIsWithinFourUlps(_ table: Table) {
    let x = ActivationKernelTests.sweep.filter { $0 > -87 }
    let worst = worst(table, GAZE_SIGMOID, x) { Reference.activation(.sigmoid, $0) }
    #expect(worst.ulps <= 4, "at \(worst.at)")
    #expect(apply(table, GAZE_SIGMOID, [.infinity, -.infinity]) == [1, 0])
  }

  /// What multiplies x may be off by a few units of 1 (erf near −1 cancels) or of itself.
  @Test(arguments: Table.all, [Activation.gelu, .geluTanh, .quickGELU, .silu, .relu])
  func activationsAgreeWithTheirFormulas(_ table: Table, _ kind: Activation) throws {
    let context = table.context()
    let x = ActivationKernelTests.sweep.filter { abs($0) < 1e12 }
    let y = try context.activate(context.tensor(x, [x.count]), kind)
    expectClose(y.array, x.map { Reference.activation(kind, Double($0)) }, "\(kind)") {
      let size = abs(Double(x[$0]))
      return 3e-7 * size + 1e-37
    }
    for count in 1...35 {
      let part = try context.activate(context.tensor(Array(x[..<count]), [count]), kind)
      #expect(part.array == Array(y.array[..<count]), "\(kind) of \(count) values")
    }
    #expect(try context.activate(context.tensor([.nan], [1]), kind).array[0].isNaN)
  }

  @Test(arguments: Table.all, Activation.allCases)
  func slopesAgreeWithDifferences(_ table: Table, _ kind: Activation) {
    var noise = Noise(21)
    let x = noise.floats(333, in: -6...6).filter { abs($0) > 0.01 }
    let dy = noise.floats(x.count)
    let dx = GuardedFloats(count: x.count)
    table.functions.activate_backward(x, dy, dx.start, Int64(x.count), kind.kernelValue)
    let h = 1e-5
    let slopes = zip(x.doubles, dy.doubles).map { x, dy in
      dy * (Reference.activation(kind, x + h) - Reference.activation(kind, x - h)) / (2 * h)
    }
    expectClose(dx.array, slopes, "slope of \(kind)") { 1e-6 * (1 + abs(slopes[$0])) }
    #expect(dx.isIntact())
  }
}

extension Activation {
  fileprivate var kernelValue: gaze_activation {
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
