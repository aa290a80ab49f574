import CKernels
import Tensors
import Testing

/// The row-wise and element-wise kernels over every width from nothing to past two vectors.
@Suite struct RowKernelTests {
  static let widths = Array(1...33) + [63, 64, 65, 127, 200, 768]

  @Test(arguments: Table.all)
  func normalizes(_ table: Table) {
    let functions = table.functions
    var noise = Noise(10)
    for width in RowKernelTests.widths {
      for rows in [0, 1, 3] {
        let x = noise.floats(rows * width, in: -2...5)
        let (gain, bias) = (noise.floats(width), noise.floats(width))
        let (input, gains, biases) = (GuardedFloats(x), GuardedFloats(gain), GuardedFloats(bias))
        let y = GuardedFloats(count: rows * width)
        let kept = GuardedFloats(count: 2 * rows)
        functions.layer_norm(
          input.start, gains.start, biases.start, y.start, kept.start, Int64(rows), Int64(width),
          1e-5)
        // One element has variance 0: ε alone divides, and magnifies the rounding of the mean.
        let tolerance = width < 3 ? 1e-3 : 4e-6
        expectClose(
          y.array,
          Reference.layerNorm(x.doubles, gain: gain.doubles, bias: bias.doubles, epsilon: 1e-5),
          "layer norm of \(width)") { _ in tolerance }
        #expect(y.isIntact() && kept.isIntact())
        for row in 0..<rows {
          let sum = x[row * width..<(row + 1) * width].reduce(0) { $0 + Double($1) }
          let mean = sum / Double(width)
          #expect(abs(Double(kept.start[2 * row]) - mean) < 2e-6)
        }
        functions.rms_norm(
          input.start, gains.start, y.start, kept.start, Int64(rows), Int64(width), 1e-6)
        expectClose(
          y.array, Reference.rmsNorm(x.doubles, gain: gain.doubles, epsilon: 1e-6),
          "rms norm of \(width)") { _ in 4e-6 }
        functions.layer_norm(input.start, nil, nil, y.start, nil, Int64(rows), Int64(width), 1e-5)
        let ones = [Double](repeating: 1, count: width)
        let zeros = [Double](repeating: 0, count: width)
        expectClose(
          y.array, Reference.layerNorm(x.doubles, gain: ones, bias: zeros, epsilon: 1e-5),
          "bare layer norm of \(width)") { _ in tolerance }
      }
    }
  }

  @Test(arguments: Table.all)
  func takesSoftmax(_ table: Table) {
    let functions = table.functions
    var noise = Noise(11)
    for width in RowKernelTests.widths {
      let rows = 3
      let x = noise.floats(rows * width, in: -20...20)
      var mask = noise.floats(rows * width)
      for cell in mask.indices where cell % 3 == 1 { mask[cell] = -.infinity }
      for cell in width..<2 * width { mask[cell] = -.infinity }
      let (input, bias) = (GuardedFloats(x), GuardedFloats(mask))
      let y = GuardedFloats(count: rows * width)
      functions.softmax(
        input.start, bias.start, y.start, Int64(rows), Int64(width), width, 0.5)
      let exact = Reference.softmax(x.doubles, mask: mask.doubles, width: width, scale: 0.5)
      expectClose(y.array, exact, "softmax of \(width)") { 4e-6 * exact[$0] + 1e-37 }
      #expect(y.isIntact())
      #expect(y.array[width..<2 * width].allSatisfy { $0 == 0 })

      let dy = noise.floats(rows * width)
      let (dys, dx) = (GuardedFloats(dy), GuardedFloats(count: rows * width))
      functions.softmax_backward(
        y.start, dys.start, dx.start, Int64(rows), Int64(width), 0.5)
      let values = y.array.doubles
      let expected = (0..<rows * width).map { cell -> Double in
        let row = cell / width * width..<(cell / width + 1) * width
        let mean = row.reduce(0) { $0 + values[$1] * Double(dy[$1]) }
        return 0.5 * values[cell] * (Double(dy[cell]) - mean)
      }
      // Differences of numbers up to 1 lose what those are rounded by.
      expectClose(dx.array, expected, "softmax backward of \(width)") { _ in 3e-7 }
      #expect(dx.isIntact())
    }
  }

  @Test(arguments: Table.all)
  func carriesNaNThroughRows(_ table: Table) {
    let functions = table.functions
    for width in [1, 5, 16, 19, 40] {
      for position in [0, width / 2, width - 1] {
        var x = [Float](repeating: -.infinity, count: width)
        x[position] = .nan
        let input = GuardedFloats(x)
        let y = GuardedFloats(count: width)
        functions.softmax(input.start, nil, y.start, 1, Int64(width), 0, 1)
        #expect(y.start[position].isNaN, "softmax of NaN among -inf, \(width) wide")
        x = x.map { $0.isNaN ? $0 : 1 }
        let mixed = GuardedFloats(x)
        functions.softmax(mixed.start, nil, y.start, 1, Int64(width), 0, 1)
        #expect(y.array.allSatisfy { $0.isNaN })
        functions.layer_norm(mixed.start, nil, nil, y.start, nil, 1, Int64(width), 1e-5)
        #expect(y.array.allSatisfy { $0.isNaN })
        functions.rms_norm(mixed.start, nil, y.start, nil, 1, Int64(width), 1e-5)
        #expect(y.array.allSatisfy { $0.isNaN })
        #expect(functions.greatest_magnitude(mixed.start, Int64(width)).isNaN)
      }
    }
  }

  @Test(arguments: Table.all)
  func addsMultipliesAndReduces(_ table: Table) {
    let functions = table.functions
    var noise = Noise(12)
    for width in [0] + RowKernelTests.widths {
      let count = Int64(width)
      let (a, b) = (noise.integers(width, upTo: 99), noise.integers(width, upTo: 99))
      let (left, right) = (GuardedFloats(a), GuardedFloats(b))
      let y = GuardedFloats(count: width)
      functions.add(left.start, right.start, y.start, count)
      #expect(y.array == zip(a, b).map { $0 + $1 } && y.isIntact())
      functions.multiply(left.start, right.start, y.start, count)
      #expect(y.array == zip(a, b).map { $0 * $1 } && y.isIntact())
      functions.scale_add(left.start, 3, 2, y.start, count)
      #expect(y.array == zip(a, b).map { 3 * $0 + 2 * $0 * $1 } && y.isIntact())
      y.start.update(repeating: .nan, count: width)
      functions.scale_add(left.start, 3, 0, y.start, count)
      #expect(y.array == a.map { 3 * $0 }, "b = 0 does not read y")
      #expect(functions.sum(left.start, count) == a.reduce(0, +))
      let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(functions.dot_product(left.start, right.start, count) == dot)
      let greatest = a.reduce(0) { max($0, abs($1)) }
      #expect(functions.greatest_magnitude(left.start, count) == greatest)
    }
  }

  @Test(arguments: Table.all)
  func quantizes(_ table: Table) {
    let functions = table.functions
    var noise = Noise(13)
    for width in RowKernelTests.widths {
      for scale: Float in [1, 0.01, 0.3, 0, .leastNonzeroMagnitude] {
        let x = noise.floats(width, in: -50...50) + [0.5, 1.5, -2.5, 126.5]
        var q = [Int8](repeating: 99, count: x.count)
        let sum = functions.quantize_i8(x, &q, Int64(x.count), scale)
        #expect(q.map(Int.init) == x.map { Reference.quantized($0, scale: scale) })
        #expect(Int(sum) == q.reduce(0) { $0 + Int($1) })
      }
    }
  }
}
