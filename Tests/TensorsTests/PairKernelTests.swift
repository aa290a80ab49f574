import CKernels
import Tensors
import Testing

/// The kernels that multiply pairs of bf16, and those that lay pairs out.
@Suite struct PairKernelTests {
  static let widths = [1, 2, 15, 16, 17, 31, 63, 64, 65, 130]

  /// How the left operand's pairs lie: along its rows, or across them.
  enum Layout: CaseIterable, Sendable { case along, across }

  /// Whole numbers, whose products and sums are exact in any order.
  @Test(arguments: Table.all, Layout.allCases)
  func multipliesExactly(_ table: Table, _ layout: Layout) {
    var noise = Noise(70)
    for width in Self.widths {
      for rows in 1...13 {
        for k in [1, 2, 9, 70] {
          let product = PairProduct(
            rows, width, k, layout, a: noise.integers(rows * k), b: noise.integers(width * k))
          let bias = noise.integers(width)
          let before = noise.integers(rows * (width + 3))
          for (bias, before) in [(nil, nil), (bias, nil), (nil, before)] as [([Float]?, [Float]?)] {
            let out = product.run(table.functions, bias: bias, adding: before)
            let wanted = (0..<rows * width).map { cell -> Float in
              let (row, column) = (cell / width, cell % width)
              let start = before.map { $0[row * (width + 3) + column] } ?? bias?[column] ?? 0
              return start + product.exact[cell]
            }
            #expect(out.values == wanted, "\(rows) × \(width) over \(k), \(layout)")
            #expect(out.isIntact, "\(rows) × \(width) over \(k), \(layout)")
          }
        }
      }
    }
  }

  /// What is rounded to bf16 is multiplied and summed in f32.
  @Test(arguments: Table.all, Layout.allCases)
  func sumsInSinglePrecision(_ table: Table, _ layout: Layout) {
    var noise = Noise(71)
    for (rows, width, k) in [(7, 65, 515), (3, 17, 2048), (13, 130, 33)] {
      let a = noise.floats(rows * k).map(bf16Rounded)
      let b = noise.floats(width * k).map(bf16Rounded)
      let product = PairProduct(rows, width, k, layout, a: a, b: b)
      let exact = Reference.linear(a.doubles, b.doubles, rows: rows, columns: width, k: k)
      let magnitudes = Reference.linear(
        a.doubles.map(abs), b.doubles.map(abs), rows: rows, columns: width, k: k)
      expectClose(
        product.run(table.functions, bias: nil, adding: nil).values, exact, "\(rows) × \(width)"
      ) { Double(k / 8 + 8) * 0x1p-24 * magnitudes[$0] }
    }
  }

  /// Every kind of number, ties and numbers next to overflow included.
  private func hardNumbers(_ count: Int, _ noise: inout Noise) -> [Float] {
    let hard: [Float] = [
      0, -0.0, .infinity, -.infinity, 3.4e38, -3.4e38, 1.00390625, 1.01171875, -1.00390625, 2e-38,
    ]
    return (0..<count).map { _ in
      let chosen = Int.random(in: 0..<30, using: &noise)
      return chosen < hard.count ? hard[chosen] : Float.random(in: -4...4, using: &noise)
    }
  }

  @Test(arguments: Table.all)
  func pairsTwoRows(_ table: Table) {
    var noise = Noise(72)
    for width in Self.widths {
      let first = hardNumbers(width, &noise)
      let second = hardNumbers(width, &noise)
      let (x, y) = (GuardedFloats(first), GuardedFloats(second))
      let (low, high) = (first.map(bf16Bits), second.map(bf16Bits))
      for isWhole in [true, false] {
        let wanted = (0..<width).map { UInt32(low[$0]) | (isWhole ? UInt32(high[$0]) << 16 : 0) }
        var out = [UInt32](repeating: 0xdead_beef, count: width + 2)
        table.functions.pair_f32_rows(x.start, isWhole ? y.start : nil, &out, Int64(width))
        #expect(out == wanted + [0xdead_beef, 0xdead_beef], "f32, \(width) wide")
        out = [UInt32](repeating: 0xdead_beef, count: width + 2)
        low.withUnsafeBufferPointer { low in
          high.withUnsafeBufferPointer { high in
            guard let first = low.baseAddress else { return }
            table.functions.pair_bf16_rows(
              first, isWhole ? high.baseAddress : nil, &out, Int64(width))
          }
        }
        #expect(out == wanted + [0xdead_beef, 0xdead_beef], "bf16, \(width) wide")
      }
    }
  }

  @Test(arguments: Table.all)
  func pairsColumns(_ table: Table) {
    var noise = Noise(73)
    for (rows, k) in [(1, 1), (1, 2), (3, 5), (13, 64), (16, 17), (64, 63), (5, 130)] {
      let (stride, outStride) = (k + 4, rows + 3)
      let x = GuardedFloats(hardNumbers(rows * stride, &noise))
      let steps = (k + 1) / 2
      var out = [UInt32](repeating: 0xdead_beef, count: steps * outStride)
      table.functions.pair_f32_columns(x.start, stride, Int32(rows), Int64(k), &out, outStride)
      for (index, pair) in out.enumerated() {
        let (step, row) = (index / outStride, index % outStride)
        func bits(_ column: Int) -> UInt32 {
          column < k ? UInt32(bf16Bits(x.start[row * stride + column])) : 0
        }
        #expect(pair == (row < rows ? bits(2 * step) | bits(2 * step + 1) << 16 : 0xdead_beef))
      }
    }
  }

  @Test(arguments: Table.all)
  func notANumberStaysOne(_ table: Table) {
    for width in [1, 16, 33] {
      let x = GuardedFloats([Float](repeating: .nan, count: width))
      var out = [UInt32](repeating: 0, count: width)
      table.functions.pair_f32_rows(x.start, x.start, &out, Int64(width))
      for pair in out {
        #expect(Float(bitPattern: pair << 16).isNaN && Float(bitPattern: pair & 0xffff_0000).isNaN)
      }
      out = [UInt32](repeating: 0, count: width)
      table.functions.pair_f32_columns(x.start, 1, Int32(width), 1, &out, width)
      #expect(out.allSatisfy { Float(bitPattern: $0 << 16).isNaN && $0 >> 16 == 0 })
    }
  }
}

/// Σ a(m, i) b(n, i) over k terms in pairs, `a [rows, k]` and `b [width, k]` in numbers that bf16
/// holds.
private struct PairProduct {
  let rows, width, steps: Int
  let layout: PairKernelTests.Layout
  let left, right: [UInt32]
  let exact: [Float]

  init(
    _ rows: Int, _ width: Int, _ k: Int, _ layout: PairKernelTests.Layout, a: [Float], b: [Float]
  ) {
    let steps = (k + 1) / 2
    func pair(_ values: [Float], _ row: Int, _ step: Int) -> UInt32 {
      let second = 2 * step + 1 < k ? bf16Bits(values[row * k + 2 * step + 1]) : 0
      return UInt32(bf16Bits(values[row * k + 2 * step])) | UInt32(second) << 16
    }
    left = layout == .along
      ? (0..<rows * steps).map { pair(a, $0 / steps, $0 % steps) }
      : (0..<steps * rows).map { pair(a, $0 % rows, $0 / rows) }
    right = (0..<steps * width).map { pair(b, $0 % width, $0 / width) }
    exact = Reference.linear(a, b, rows: rows, columns: width, k: k)
    (self.rows, self.width, self.steps, self.layout) = (rows, width, steps, layout)
  }

  func run(
    _ functions: gaze_kernel_table, bias: [Float]?, adding before: [Float]?
  ) -> (values: [Float], isIntact: Bool) {
    let stride = width + 3
    let out = GuardedFloats(count: rows * stride)
    if let before {
      for cell in before.indices where cell % stride < width { out.start[cell] = before[cell] }
    }
    let biases = bias.map { GuardedFloats($0) }
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        guard let a = left.baseAddress, let b = right.baseAddress else { return }
        var arguments = gaze_outer_arguments(
          a: a, a_row: layout == .along ? steps : 1, a_step: layout == .along ? 1 : rows, b: b,
          b_step: width, out: out.start, out_stride: stride,
          bias: biases.map { UnsafePointer($0.start) }, steps: Int64(steps), rows: Int32(rows),
          width: Int32(width), accumulate: before == nil ? 0 : 1, ahead: nil, ahead_bytes: 0)
        functions.outer_pairs(&arguments)
      }
    }
    let array = out.array
    return (
      (0..<rows * width).map { array[$0 / width * stride + $0 % width] },
      out.isIntact { $0 % stride < width }
    )
  }
}
