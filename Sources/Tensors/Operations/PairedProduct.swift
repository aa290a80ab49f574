import CKernels

/// The rows that a linear map was applied to, in bf16, as its gradient needs them: `[M, K]`, each
/// row filled up to whole pairs.
struct PairRows {
  let storage: Storage
  let rows: Int
  let width: Int

  /// Pairs that one row takes.
  var stride: Int { (width + 1) / 2 }

  func row(_ index: Int) -> UnsafeMutablePointer<UInt32> {
    storage.base.assumingMemoryBound(to: UInt32.self) + index * stride
  }
}

// The products of the gradients of y = x Wᵀ in bf16 with f32 sums. What is summed over is paired: n for
// dx = dy W, the rows themselves for dW = dyᵀ x.
extension ExecutionContext {
  /// Rows that are paired and summed at once on the way back.
  private static let slab = 128
  /// The weight gradient is summed in at most so many parts, which depend on the rows alone.
  private static let partLimit = 16
  private static let smallestPart = 512
  /// Columns of the left operand's panels where both lie across: whole tiles of any table.
  private static let leftWidth = 48

  /// dx = dy W, dW = dyᵀ x and db = Σ dy, those that are wanted, in one pass over dy.
  func pairedGradients(
    _ gradient: Tensor, rows: PairRows, weight: Tensor,
    wanted: (input: Bool, weight: Bool, bias: Bool)
  ) throws(TensorError) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
    let dy = try contiguous(gradient)
    let (count, n, k) = (rows.rows, weight.shape[0], rows.width)
    let panels = wanted.input ? try transposedPairs(of: weight) : nil
    let dx = wanted.input ? empty([count, k]) : nil
    let parts = max(
      1, min(ExecutionContext.partLimit, count / ExecutionContext.smallestPart))
    // Each part's sums, one after another.
    let dw = wanted.weight ? zeros([parts, n * k]) : nil
    let db = wanted.bias ? zeros([parts, n]) : nil
    let scratch = arena.allocate(
      byteCount: parts * BackwardSlab.byteCount(n: n, k: k, rows: ExecutionContext.slab))
    let functions = functions
    let bytes = scratch.byteCount / parts
    try parallel(parts) { part in
      let slab = BackwardSlab(
        scratch.base + part * bytes, n: n, k: k, rows: ExecutionContext.slab, functions)
      let range = count * part / parts..<count * (part + 1) / parts
      for first in stride(from: range.lowerBound, to: range.upperBound, by: ExecutionContext.slab)
      where !cancellation.isCancelled {
        let dys = dy.floats + first * n
        let taken = min(ExecutionContext.slab, range.upperBound - first)
        if let panels, let dx {
          slab.multiply(dys, taken, panels, into: dx.floats + first * k)
        }
        if let dw {
          slab.accumulate(dys, rows, first..<first + taken, into: dw.floats + part * n * k)
        }
        if let db {
          let sums = db.floats + part * n
          for row in 0..<taken { functions.add(sums, dys + row * n, sums, Int64(n)) }
        }
      }
    }
    withExtendedLifetime((dy, panels, scratch)) {}
    return (
      dx, try dw.map { parts throws(TensorError) in try sumOfRows(parts).reshaped([n, k]) },
      try db.map { parts throws(TensorError) in try sumOfRows(parts) }
    )
  }

  func pairRows(_ count: Int, width: Int) -> PairRows {
    PairRows(
      storage: arena.allocate(byteCount: max(1, count) * ((width + 1) / 2) * 4 + 64), rows: count,
      width: width)
  }

  /// What one part of the backward products works with: a few rows in the forms that they need.
  private struct BackwardSlab {
    /// `[rows][n]` in bf16, pairs along n.
    let along: PairRowsPointer
    /// Pairs of rows across n, in panels of ``leftWidth``; and across k, in panels of 64.
    let left, right: UnsafeMutablePointer<UInt32>
    let n, k: Int
    let functions: gaze_kernel_table

    typealias PairRowsPointer = UnsafeMutablePointer<UInt32>

    private static func lengths(n: Int, k: Int, rows: Int) -> (along: Int, left: Int, right: Int) {
      func whole(_ count: Int, _ width: Int) -> Int { (count + width - 1) / width * width }
      return (
        whole(rows * ((n + 1) / 2), 16), whole(n, leftWidth) * ((rows + 1) / 2),
        whole(k, WeightPanels.width) * ((rows + 1) / 2)
      )
    }

    static func byteCount(n: Int, k: Int, rows: Int) -> Int {
      let lengths = lengths(n: n, k: k, rows: rows)
      return (lengths.along + lengths.left + lengths.right) * 4
    }

    init(
      _ base: UnsafeMutableRawPointer, n: Int, k: Int, rows: Int, _ functions: gaze_kernel_table
    ) {
      let lengths = BackwardSlab.lengths(n: n, k: k, rows: rows)
      along = base.assumingMemoryBound(to: UInt32.self)
      left = along + lengths.along
      right = left + lengths.left
      (self.n, self.k, self.functions) = (n, k, functions)
    }

    /// out = dy W for these rows.
    func multiply(
      _ dy: UnsafePointer<Float>, _ count: Int, _ panels: WeightPanels,
      into out: UnsafeMutablePointer<Float>
    ) {
      let stride = (n + 1) / 2
      for row in 0..<count { fillPairs(along + row * stride, from: dy + row * n, n, functions) }
      for panel in 0..<panels.count {
        let columns = panels.range(panel)
        var arguments = gaze_outer_arguments(
          a: along, a_row: stride, a_step: 1, b: panels.panel(panel), b_step: WeightPanels.width,
          out: out + columns.lowerBound, out_stride: k, bias: nil, steps: Int64(stride),
          rows: Int32(count), width: Int32(columns.count), accumulate: 0, ahead: nil,
          ahead_bytes: 0)
        functions.outer_pairs(&arguments)
      }
    }

    /// sums `[n][k]` += dyᵀ x over these rows.
    func accumulate(
      _ dy: UnsafePointer<Float>, _ x: PairRows, _ range: Range<Int>,
      into sums: UnsafeMutablePointer<Float>
    ) {
      let steps = (range.count + 1) / 2
      for step in 0..<steps {
        let isWhole = 2 * step + 1 < range.count
        let first = dy + 2 * step * n
        for column in stride(from: 0, to: n, by: leftWidth) {
          functions.pair_f32_rows(
            first + column, isWhole ? first + n + column : nil,
            left + column * steps + step * leftWidth, Int64(min(leftWidth, n - column)))
        }
        let row = range.lowerBound + 2 * step
        for column in stride(from: 0, to: k, by: WeightPanels.width) {
          functions.pair_bf16_rows(
            halves(x.row(row)) + column, isWhole ? halves(x.row(row + 1)) + column : nil,
            right + column * steps + step * WeightPanels.width,
            Int64(min(WeightPanels.width, k - column)))
        }
      }
      for row in stride(from: 0, to: n, by: leftWidth) {
        for column in stride(from: 0, to: k, by: WeightPanels.width) {
          var arguments = gaze_outer_arguments(
            a: left + row * steps, a_row: 1, a_step: leftWidth, b: right + column * steps,
            b_step: WeightPanels.width, out: sums + row * k + column, out_stride: k, bias: nil,
            steps: Int64(steps), rows: Int32(min(leftWidth, n - row)),
            width: Int32(min(WeightPanels.width, k - column)), accumulate: 1, ahead: nil,
            ahead_bytes: 0)
          functions.outer_pairs(&arguments)
        }
      }
    }

    private func halves(_ pairs: UnsafeMutablePointer<UInt32>) -> UnsafePointer<UInt16> {
      UnsafePointer(UnsafeRawPointer(pairs).assumingMemoryBound(to: UInt16.self))
    }
  }
}

extension PairRows {
  /// One row from floats, filled up to a whole pair.
  func fill(
    _ index: Int, from source: UnsafePointer<Float>, _ functions: gaze_kernel_table
  ) {
    fillPairs(row(index), from: source, width, functions)
  }
}

/// One row in bf16, filled up to a whole pair.
private func fillPairs(
  _ pairs: UnsafeMutablePointer<UInt32>, from source: UnsafePointer<Float>, _ width: Int,
  _ functions: gaze_kernel_table
) {
  // The odd half of the last pair first: the row covers the rest.
  if width % 2 == 1 { pairs[width / 2] = 0 }
  functions.f32_to_bf16(
    source, UnsafeMutableRawPointer(pairs).assumingMemoryBound(to: UInt16.self), Int64(width))
}
