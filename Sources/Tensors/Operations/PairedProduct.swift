import CKernels

/// A matrix whose rows lie across a product's columns, paired along the summed dimension, in bf16:
/// panels of ``width`` columns, each `[steps][width]` pairs.
struct PairPanels {
  /// Columns of one panel: four vectors of the widest instruction set.
  static let width = 64

  let storage: Storage
  let columns: Int
  /// Pairs along the summed dimension.
  let steps: Int

  var count: Int { (columns + PairPanels.width - 1) / PairPanels.width }

  func panel(_ index: Int) -> UnsafeMutablePointer<UInt32> {
    storage.base.assumingMemoryBound(to: UInt32.self) + index * steps * PairPanels.width
  }

  /// The columns of a panel; the last may have fewer.
  func range(_ index: Int) -> Range<Int> {
    index * PairPanels.width..<min(columns, (index + 1) * PairPanels.width)
  }
}

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

/// One product of several with the same rows: by what, and what is done to its sums.
private struct PairTarget {
  let panels: PairPanels
  let out: Tensor
  let bias, addend: Tensor?
  let activation: gaze_activation?

  /// Some rows by one panel.
  func multiply(
    _ rows: PairRows, _ range: Range<Int>, panel: Int, _ functions: gaze_kernel_table
  ) {
    let (columns, stride) = (panels.range(panel), panels.columns)
    let count = Int64(columns.count)
    let corner = out.floats + range.lowerBound * stride + columns.lowerBound
    let biases = bias.map { UnsafePointer($0.floats + columns.lowerBound) }
    if let addend {
      for row in 0..<range.count {
        let from = addend.floats + (range.lowerBound + row) * stride + columns.lowerBound
        guard let biases else {
          (corner + row * stride).update(from: from, count: columns.count)
          continue
        }
        functions.add(from, biases, corner + row * stride, count)
      }
    }
    var arguments = gaze_pair_arguments(
      a: rows.row(range.lowerBound), a_row: rows.stride, a_step: 1, b: panels.panel(panel),
      b_step: PairPanels.width, out: corner, out_stride: stride,
      bias: addend == nil ? biases : nil, steps: Int64(panels.steps), rows: Int32(range.count),
      width: Int32(columns.count), accumulate: addend == nil ? 0 : 1)
    functions.multiply_bf16_pairs(&arguments)
    guard let activation else { return }
    for row in 0..<range.count {
      functions.activate(corner + row * stride, corner + row * stride, count, activation)
    }
  }
}

// The three products of y = x Wᵀ in bf16 with f32 sums, as training multiplies. What is summed over
// is paired: k for y, n for dx = dy W, the rows themselves for dW = dyᵀ x.
extension ExecutionContext {
  /// Rows that one task multiplies by all panels: with a panel they stay in the second-level cache.
  private static let rowBlock = 96
  /// Rows up to which each panel is multiplied by all of them at once.
  private static let fewRows = 1024
  /// Rows that are paired and summed at once on the way back.
  private static let slab = 128
  /// The weight gradient is summed in at most so many parts, which depend on the rows alone.
  private static let partLimit = 16
  private static let smallestPart = 512
  /// Columns of the left operand's panels where both lie across: whole tiles of any table.
  private static let leftWidth = 48

  /// x Wᵀ + b for each map, its activation or addend included, and the rows of x as the gradients
  /// need them.
  func pairedSums(
    _ x: Tensor, _ maps: [LinearMap]
  ) throws(TensorError) -> (outputs: [Tensor], rows: PairRows) {
    let (count, k) = (x.shape.rowCount, x.shape.width)
    let rows = pairRows(count, width: k)
    var outputs: [Tensor] = []
    var targets: [PairTarget] = []
    for map in maps {
      let out = empty(x.shape.dropping(last: 1).appending(map.weight.shape[0]))
      outputs.append(out)
      targets.append(
        PairTarget(
          panels: try pairPanels(of: map.weight, summingRows: false), out: out,
          bias: try map.bias.map { bias throws(TensorError) in try contiguous(bias) },
          addend: try map.addend.map { addend throws(TensorError) in try contiguous(addend) },
          activation: map.activation?.kernel))
    }
    let (functions, from) = (functions, x.floats)
    let block = ExecutionContext.rowBlock
    let blocks = (count + block - 1) / block
    // Few rows stay in a cache while panels stream past; of many, a block stays beside a panel.
    if count <= ExecutionContext.fewRows {
      try parallelRows(count, width: k) { range in
        for row in range { rows.fill(row, from: from + row * k, functions) }
      }
      let tasks = targets.flatMap { target in (0..<target.panels.count).map { (target, $0) } }
      try parallel(tasks.count) { index in
        let (target, panel) = tasks[index]
        target.multiply(rows, 0..<count, panel: panel, functions)
      }
    } else {
      try parallel(blocks) { index in
        let range = index * block..<min(count, (index + 1) * block)
        for row in range { rows.fill(row, from: from + row * k, functions) }
        for target in targets {
          for panel in 0..<target.panels.count {
            target.multiply(rows, range, panel: panel, functions)
          }
        }
      }
    }
    withExtendedLifetime((x, targets)) {}
    return (outputs, rows)
  }

  /// dx = dy W, dW = dyᵀ x and db = Σ dy, those that are wanted, in one pass over dy.
  func pairedGradients(
    _ gradient: Tensor, rows: PairRows, weight: Tensor,
    wanted: (input: Bool, weight: Bool, bias: Bool)
  ) throws(TensorError) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
    let dy = try contiguous(gradient)
    let (count, n, k) = (rows.rows, weight.shape[0], rows.width)
    let panels = wanted.input ? try pairPanels(of: weight, summingRows: true) : nil
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

  private func pairRows(_ count: Int, width: Int) -> PairRows {
    PairRows(
      storage: arena.allocate(byteCount: max(1, count) * ((width + 1) / 2) * 4 + 64), rows: count,
      width: width)
  }

  /// `weight [N, K]` with k paired across n, or with n paired across k.
  private func pairPanels(
    of weight: Tensor, summingRows: Bool
  ) throws(TensorError) -> PairPanels {
    let (n, k) = (weight.shape[0], weight.shape[1])
    let form: PackedWeights.Form = summingRows ? .pairedRows : .pairedColumns
    let (columns, steps) = summingRows ? (k, (n + 1) / 2) : (n, (k + 1) / 2)
    let packed = try packedWeights.packed(weight, as: form) { () throws(TensorError) in
      let exact = try contiguous(weight.detached)
      let count = (columns + PairPanels.width - 1) / PairPanels.width
      let matrix = empty([count, max(1, steps) * PairPanels.width], .i32)
      let panels = PairPanels(storage: matrix.storage, columns: columns, steps: steps)
      let (from, functions) = (exact.floats, functions)
      try parallel(count) { index in
        let (out, range) = (panels.panel(index), panels.range(index))
        guard summingRows else {
          functions.pair_f32_columns(
            from + range.lowerBound * k, k, Int32(range.count), Int64(k), out, PairPanels.width)
          return
        }
        for step in 0..<steps {
          let row = from + 2 * step * k + range.lowerBound
          functions.pair_f32_rows(
            row, 2 * step + 1 < n ? row + k : nil, out + step * PairPanels.width,
            Int64(range.count))
        }
      }
      withExtendedLifetime(exact) {}
      return PackedWeight(matrix: matrix, scales: [], sums: [])
    }
    return PairPanels(storage: packed.matrix.storage, columns: columns, steps: steps)
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
        whole(k, PairPanels.width) * ((rows + 1) / 2)
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
      _ dy: UnsafePointer<Float>, _ count: Int, _ panels: PairPanels,
      into out: UnsafeMutablePointer<Float>
    ) {
      let stride = (n + 1) / 2
      for row in 0..<count { fillPairs(along + row * stride, from: dy + row * n, n, functions) }
      for panel in 0..<panels.count {
        let columns = panels.range(panel)
        var arguments = gaze_pair_arguments(
          a: along, a_row: stride, a_step: 1, b: panels.panel(panel), b_step: PairPanels.width,
          out: out + columns.lowerBound, out_stride: k, bias: nil, steps: Int64(stride),
          rows: Int32(count), width: Int32(columns.count), accumulate: 0)
        functions.multiply_bf16_pairs(&arguments)
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
        for column in stride(from: 0, to: k, by: PairPanels.width) {
          functions.pair_bf16_rows(
            halves(x.row(row)) + column, isWhole ? halves(x.row(row + 1)) + column : nil,
            right + column * steps + step * PairPanels.width,
            Int64(min(PairPanels.width, k - column)))
        }
      }
      for row in stride(from: 0, to: n, by: leftWidth) {
        for column in stride(from: 0, to: k, by: PairPanels.width) {
          var arguments = gaze_pair_arguments(
            a: left + row * steps, a_row: 1, a_step: leftWidth, b: right + column * steps,
            b_step: PairPanels.width, out: sums + row * k + column, out_stride: k, bias: nil,
            steps: Int64(steps), rows: Int32(min(leftWidth, n - row)),
            width: Int32(min(PairPanels.width, k - column)), accumulate: 1)
          functions.multiply_bf16_pairs(&arguments)
        }
      }
    }

    private func halves(_ pairs: UnsafeMutablePointer<UInt32>) -> UnsafePointer<UInt16> {
      UnsafePointer(UnsafeRawPointer(pairs).assumingMemoryBound(to: UInt16.self))
    }
  }
}

extension PairRows {
  fileprivate func fill(
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
