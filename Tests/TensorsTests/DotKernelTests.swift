import CKernels
import Tensors
import Testing

/// The matrix kernels themselves, table by table. Whole-number operands make every sum exact,
/// so a dropped, doubled or misplaced element cannot hide in a tolerance.
@Suite struct DotKernelTests {
  @Test(arguments: Table.all, DotFormat.allCases)
  func sumsEveryElementOnce(_ table: Table, _ format: DotFormat) throws {
    let dot = format.dot(in: table.functions)
    var noise = Noise(1)
    for k in Array(1...2 * Int(dot.step) + 1) + [255, 1025] {
      for rows in 1...table.tileRows {
        for columns in [0, 1, 3, 4, 5, 9] {
          let trial = DotTrial(
            rows: rows, columns: columns, k: k, x: noise.integers(rows * k),
            weights: noise.integers(columns * k), bias: noise.integers(columns))
          for mode in DotTrial.Mode.allCases {
            let out = trial.run(dot, format, mode)
            let expected = trial.expected(mode)
            guard out.written == expected && out.isIntact else {
              Issue.record("\(format) \(mode): \(rows) × \(columns) over \(k)")
              return
            }
          }
        }
      }
    }
  }

  @Test(arguments: Table.all, [DotFormat.f32, .f16, .bf16Exact, .bf16])
  func roundsWithinTheNormOfTheOperands(_ table: Table, _ format: DotFormat) {
    let dot = format.dot(in: table.functions)
    var noise = Noise(2)
    for k in [1, 7, 64, 777, 4096] {
      let (rows, columns) = (table.tileRows, 7)
      let x = noise.floats(rows * k)
      let w = noise.floats(columns * k).map { value -> Float in
        switch format {
        case .f16: Float(Float16(value))
        case .bf16, .bf16Exact: bf16Rounded(value)
        default: value
        }
      }
      let trial = DotTrial(
        rows: rows, columns: columns, k: k, x: x, weights: w, bias: noise.floats(columns))
      let operand = format == .bf16 ? x.map(bf16Rounded) : x
      let exact = Reference.linear(
        operand.doubles, w.doubles, bias: trial.bias.doubles, rows: rows, columns: columns, k: k)
      // At least four lanes add side by side, so no sum is longer than k / 4 and a few.
      let magnitudes = Reference.linear(
        operand.doubles.map(abs), w.doubles.map(abs), rows: rows, columns: columns, k: k)
      expectClose(trial.run(dot, format, .plain).written, exact, "\(format) over \(k)") {
        (Double(k) / 4 + 8) * 0x1p-24 * (magnitudes[$0] + 1)
      }
    }
  }

  @Test(arguments: Table.all, DotFormat.allCases)
  func carriesNaN(_ table: Table, _ format: DotFormat) {
    let dot = format.dot(in: table.functions)
    guard format != .int8 else { return }  // the scales carry it: see LinearTests
    for position in [0, 16, 40] {
      var x = [Float](repeating: 0, count: 2 * 41)
      x[position] = .nan
      let trial = DotTrial(
        rows: 2, columns: 5, k: 41, x: x, weights: .init(repeating: 0, count: 5 * 41),
        bias: .init(repeating: 0, count: 5))
      let out = trial.run(dot, format, .plain).written
      #expect(out[..<5].allSatisfy(\.isNaN) && out[5...].allSatisfy { $0 == 0 })
    }
  }

  @Test(arguments: Table.all)
  func addsOuterProducts(_ table: Table) {
    var noise = Noise(3)
    for rows in 0...2 * table.tileRows + 1 {
      for width in Array(0...18) + [31, 33, 63, 64, 65, 72, 129] {
        for (terms, transposed) in [(0, false), (1, true), (7, false), (13, true)] {
          let p = noise.integers(rows * terms)
          let v = noise.integers(terms * (width + 3))
          let before = noise.integers(rows * width)
          let weights = transposed ? Reference.transposed(p, rows: terms, columns: rows) : p
          let columns = (0..<terms * width).map { v[$0 / width * (width + 3) + $0 % width] }
          let sums = Reference.product(
            weights, columns, rows: rows, terms: terms, columns: width)
          for accumulates in [false, true] {
            let (left, right) = (GuardedFloats(p), GuardedFloats(v))
            let out = GuardedFloats(count: rows * (width + 2))
            for cell in before.indices where accumulates {
              out.start[cell / width * (width + 2) + cell % width] = before[cell]
            }
            var arguments = gaze_outer_arguments(
              a: left.start, a_row: transposed ? 1 : terms, a_step: transposed ? rows : 1,
              b: right.start, b_step: width + 3, out: out.start, out_stride: width + 2, bias: nil,
              steps: Int64(terms), rows: Int32(rows), width: Int32(width),
              accumulate: accumulates ? 1 : 0, ahead: nil, ahead_bytes: 0)
            table.functions.outer(&arguments)
            let written = (0..<rows * width).map {
              out.start[$0 / width * (width + 2) + $0 % width]
            }
            let expected = accumulates ? zip(sums, before).map { $0 + $1 } : sums
            guard written == expected, out.isIntact(written: { $0 % (width + 2) < width }) else {
              Issue.record("\(rows) rows, \(terms) terms, \(width) wide, \(accumulates)")
              return
            }
          }
        }
      }
    }
  }
}

extension DotKernelTests {
  @Test(arguments: Table.all)
  func transposes(_ table: Table) {
    var noise = Noise(4)
    for (rows, width) in [(0, 3), (1, 1), (1, 40), (3, 5), (17, 16), (64, 33), (5, 130)] {
      let x = GuardedFloats(noise.integers(rows * (width + 2)))
      let out = GuardedFloats(count: width * (rows + 3))
      table.functions.transpose(
        x.start, width + 2, Int32(rows), Int64(width), out.start, rows + 3)
      for row in 0..<rows {
        for column in 0..<width {
          #expect(out.start[column * (rows + 3) + row] == x.start[row * (width + 2) + column])
        }
      }
      #expect(out.isIntact(written: { $0 % (rows + 3) < rows }), "\(rows) × \(width)")
    }
  }
}

/// One call of a dot kernel with strides that are not the lengths and unaligned operands.
private struct DotTrial {
  enum Mode: CaseIterable { case bare, plain, accumulating }

  let rows, columns, k: Int
  let x, weights, bias: [Float]

  func run(
    _ dot: gaze_dot, _ format: DotFormat, _ mode: Mode
  ) -> (written: [Float], isIntact: Bool) {
    let (xStride, outStride) = (k + 3, columns + 2)
    let rowBytes = k * format.elementBytes + 5
    let input = GuardedFloats(
      (0..<rows * xStride).map { $0 % xStride < k ? x[$0 / xStride * k + $0 % xStride] : .nan })
    // An odd address, as the data of a file with an odd header has.
    var encoded: [UInt8] = [0]
    for column in 0..<columns {
      encoded += format.encoded(Array(weights[column * k..<(column + 1) * k]))
      encoded += [0xff, 0xff, 0xff, 0xff, 0xff]
    }
    let steps = (k + Int(dot.step) - 1) / Int(dot.step)
    let panel = UnsafeMutableRawPointer.allocate(
      byteCount: rows * steps * Int(dot.step_bytes), alignment: 64)
    defer { panel.deallocate() }
    let ones = [Float](repeating: 1, count: max(rows, columns))
    let sums = (0..<columns).map { column in
      Int32(format == .int8 ? weights[column * k..<(column + 1) * k].reduce(0, +) : 0)
    }
    let out = GuardedFloats(count: rows * outStride)
    for cell in 0..<rows * columns where mode == .accumulating {
      out.start[cell / columns * outStride + cell % columns] = Float(cell)
    }
    encoded.withUnsafeBytes { encoded in
      ones.withUnsafeBufferPointer { ones in
        sums.withUnsafeBufferPointer { sums in
          bias.withUnsafeBufferPointer { bias in
            dot.pack(input.start, xStride, Int32(rows), Int64(k), ones.baseAddress, panel)
            var arguments = gaze_dot_arguments(
              panel: panel, weights: encoded.baseAddress! + 1, weight_stride: rowBytes,
              out: out.start, out_stride: outStride, bias: mode == .bare ? nil : bias.baseAddress,
              row_scales: ones.baseAddress, weight_scales: ones.baseAddress,
              weight_sums: sums.baseAddress, k: Int64(k), rows: Int32(rows),
              columns: Int32(columns), accumulate: mode == .accumulating ? 1 : 0,
              weights_are_cold: mode == .accumulating ? 1 : 0)
            dot.block(&arguments)
          }
        }
      }
    }
    let written = (0..<rows * columns).map { out.start[$0 / columns * outStride + $0 % columns] }
    return (written, out.isIntact { $0 % outStride < columns })
  }

  func expected(_ mode: Mode) -> [Float] {
    let sums = Reference.linear(
      x, weights, bias: mode == .bare ? nil : bias, rows: rows, columns: columns, k: k)
    return mode == .accumulating ? sums.indices.map { sums[$0] + Float($0) } : sums
  }
}
