import CKernels

/// The right-hand side of a product: weight rows along k, and the kernel that reads them.
struct DotOperands {
  let dot: gaze_dot
  let weights: UnsafeRawPointer
  /// Bytes between weight rows.
  let stride: Int
  let columns: Int
  let k: Int
  let elementType: ElementType
  /// i8 only.
  let packed: PackedWeight?
  /// Keeps the weights in place.
  let owner: Storage

  init(dot: gaze_dot, weight: Tensor) {
    self.init(dot: dot, matrix: weight, packed: nil)
  }

  init(dot: gaze_dot, packed: PackedWeight) {
    self.init(dot: dot, matrix: packed.matrix, packed: packed)
  }

  private init(dot: gaze_dot, matrix: Tensor, packed: PackedWeight?) {
    self.dot = dot
    weights = UnsafeRawPointer(matrix.bytes)
    elementType = matrix.elementType
    k = matrix.shape.width
    stride = elementType.bytes(of: k)
    columns = matrix.shape.rowCount
    self.packed = packed
    owner = matrix.storage
  }

  /// f32 rows with any stride, as attention heads have.
  init(dot: gaze_dot, rows: UnsafePointer<Float>, stride: Int, count: Int, k: Int, owner: Storage) {
    self.dot = dot
    weights = UnsafeRawPointer(rows)
    elementType = .f32
    self.stride = elementType.bytes(of: stride)
    columns = count
    self.k = k
    packed = nil
    self.owner = owner
  }
}

/// One product of several with the same rows: by what, and where its sums go.
struct DotTarget {
  let operands: DotOperands
  /// Added to every row, or nil.
  var bias: UnsafePointer<Float>?
  /// Laid out as `out`: added to the sums, or nil.
  var addend: UnsafePointer<Float>?
  /// Of the sums when they are complete, or nil.
  var activation: gaze_activation?
  let out: UnsafeMutablePointer<Float>
  let outStride: Int

  /// Nothing is summed over no k, and no kernel would write.
  fileprivate func writeEmptySums(rowCount: Int, _ functions: gaze_kernel_table) {
    let columns = 0..<operands.columns
    copyAddend(rows: 0..<rowCount, columns: columns)
    for row in 0..<rowCount {
      for cell in columns.map({ row * outStride + $0 }) {
        out[cell] = (addend == nil ? 0 : out[cell]) + (bias?[cell - row * outStride] ?? 0)
      }
    }
    activate(rows: 0..<rowCount, columns: columns, functions)
  }

  /// Lays the addend where the sums are added to it.
  fileprivate func copyAddend(rows: Range<Int>, columns: Range<Int>) {
    guard let addend else { return }
    for row in rows {
      let start = row * outStride + columns.lowerBound
      (out + start).update(from: addend + start, count: columns.count)
    }
  }

  fileprivate func activate(
    rows: Range<Int>, columns: Range<Int>, _ functions: gaze_kernel_table
  ) {
    guard let activation else { return }
    for row in rows {
      let start = out + row * outStride + columns.lowerBound
      functions.activate(start, start, Int64(columns.count), activation)
    }
  }
}

/// The activations of one product, packed: panels of at most `tile_rows` rows per k block.
private struct Panels {
  let storage: Storage
  /// First row of each tile, and the row count at the end.
  let tiles: [Int]
  /// First k of each block, and k at the end.
  let blocks: [Int]
  /// Bytes that one row takes in a panel, by block.
  let rowBytes: [Int]
  /// Where each block's panels start.
  let starts: [Int]
  /// i8: the scale of each row.
  let scales: [Float]

  func panel(block: Int, tile: Int) -> UnsafeMutableRawPointer {
    storage.base + starts[block] + tiles[tile] * rowBytes[block]
  }
}

extension ExecutionContext {
  /// How much of one weight row is multiplied before moving on: a tile's panel of that many
  /// bytes per row stays in the first-level cache beside the weight rows that stream past it.
  /// Half of it would do for the cache, but sums over lanes end every block.
  private static let kBlockBytes = 4096
  /// The same for int8, in elements; its weight sums are kept by block.
  static let int8Block = 4096
  /// Weight bytes that one task multiplies by all rows: they stay in the second-level cache.
  private static let taskBytes = 196_608
  /// The same for one row, which meets each weight once: long streams from memory.
  private static let streamBytes = 1 << 20

  /// out[m][n] = Σ_k rows[m][k] · weights[n][k] + bias[n] for every target, whose weights are of
  /// one element type and as wide as each other: the rows are packed once.
  ///
  /// Sums run in an order that does not depend on the thread count.
  func dotProduct(
    rows: UnsafePointer<Float>, rowStride: Int, rowCount: Int, _ targets: [DotTarget]
  ) throws(TensorError) {
    guard rowCount > 0, let first = targets.first?.operands else { return }
    guard first.k > 0 else {
      for target in targets { target.writeEmptySums(rowCount: rowCount, functions) }
      return
    }
    let panels = try pack(rows, stride: rowStride, count: rowCount, for: first)
    let shares = targets.map { columnsPerTask($0.operands, rowCount: rowCount) }
    // Where each target's tasks begin, and the end.
    var starts = [0]
    for (target, share) in zip(targets, shares) {
      starts.append(starts[starts.count - 1] + (target.operands.columns + share - 1) / share)
    }
    let taskCount = starts[targets.count]
    // Few columns and many rows: share the rows out as well.
    let tileCount = panels.tiles.count - 1
    let parts = taskCount >= 2 * pool.threadCount ? 1 : min(tileCount, 4 * pool.threadCount)
    let (functions, blockCount) = (functions, panels.rowBytes.count)
    try parallel(taskCount * parts) { index in
      let (part, task) = index.quotientAndRemainder(dividingBy: taskCount)
      var which = 0
      while starts[which + 1] <= task { which += 1 }
      let (target, column) = (targets[which], (task - starts[which]) * shares[which])
      let columns = column..<min(target.operands.columns, column + shares[which])
      let tiles = tileCount * part / parts..<tileCount * (part + 1) / parts
      for block in 0..<blockCount {
        for tile in tiles where !cancellation.isCancelled {
          let rows = panels.tiles[tile]..<panels.tiles[tile + 1]
          if block == 0 { target.copyAddend(rows: rows, columns: columns) }
          multiply(
            panels, block: block, tile: tile, target, columns: columns,
            isFirst: tile == tiles.lowerBound)
          if block == blockCount - 1 { target.activate(rows: rows, columns: columns, functions) }
        }
      }
    }
    withExtendedLifetime(targets) {}
  }

  private func columnsPerTask(_ operands: DotOperands, rowCount: Int) -> Int {
    let blockBytes = min(
      operands.stride, operands.elementType.bytes(of: blockLength(operands, rowCount: rowCount)))
    let taskBytes =
      rowCount == 1 ? ExecutionContext.streamBytes : ExecutionContext.taskBytes
    let cached = max(4, taskBytes / max(1, blockBytes) / 4 * 4)
    // At least four tasks a thread, so that an interrupted thread is not waited for.
    let shared = (operands.columns / (4 * pool.threadCount) + 3) / 4 * 4
    return max(4, min(cached, max(shared, 16)))
  }

  private func multiply(
    _ panels: Panels, block: Int, tile: Int, _ target: DotTarget, columns: Range<Int>,
    isFirst: Bool
  ) {
    let operands = target.operands
    let k = panels.blocks[block]..<panels.blocks[block + 1]
    let row = panels.tiles[tile]
    var arguments = gaze_dot_arguments(
      panel: panels.panel(block: block, tile: tile),
      weights: operands.weights + columns.lowerBound * operands.stride
        + operands.elementType.bytes(of: k.lowerBound),
      weight_stride: operands.stride,
      out: target.out + row * target.outStride + columns.lowerBound,
      out_stride: target.outStride,
      bias: block == 0 ? target.bias.map { $0 + columns.lowerBound } : nil,
      row_scales: nil, weight_scales: nil, weight_sums: nil,
      k: Int64(k.count),
      rows: Int32(panels.tiles[tile + 1] - row),
      columns: Int32(columns.count),
      accumulate: block == 0 && target.addend == nil ? 0 : 1,
      // The first tile of a task brings its weights into the cache; the others find them there.
      weights_are_cold: isFirst ? 1 : 0)
    guard let packed = operands.packed, !packed.scales.isEmpty else {
      operands.dot.block(&arguments)
      return
    }
    panels.scales.withUnsafeBufferPointer { rowScales in
      packed.scales.withUnsafeBufferPointer { weightScales in
        packed.sums.withUnsafeBufferPointer { sums in
          arguments.row_scales = rowScales.baseAddress.map { $0 + row }
          arguments.weight_scales = weightScales.baseAddress.map { $0 + columns.lowerBound }
          arguments.weight_sums = sums.baseAddress.map {
            $0 + block * operands.columns + columns.lowerBound
          }
          operands.dot.block(&arguments)
        }
      }
    }
  }

  private func pack(
    _ rows: UnsafePointer<Float>, stride: Int, count: Int, for operands: DotOperands
  ) throws(TensorError) -> Panels {
    let dot = operands.dot
    let tileRows = Int(functions.tile_rows)
    let tileCount = (count + tileRows - 1) / tileRows
    let tiles = (0...tileCount).map { count * $0 / tileCount }
    let blockLength = blockLength(operands, rowCount: count)
    let blocks = Array(Swift.stride(from: 0, to: operands.k, by: blockLength)) + [operands.k]
    var rowBytes: [Int] = []
    var starts = [0]
    for (first, end) in zip(blocks, blocks.dropFirst()) {
      let steps = (end - first + Int(dot.step) - 1) / Int(dot.step)
      rowBytes.append(steps * Int(dot.step_bytes))
      starts.append(starts[starts.count - 1] + count * steps * Int(dot.step_bytes))
    }
    let isScaled = operands.packed.map { !$0.scales.isEmpty } ?? false
    var scales = [Float](repeating: 0, count: isScaled ? count : 0)
    let storage = arena.allocate(byteCount: starts[starts.count - 1])
    let grain = max(1, 8192 / max(1, tileRows * operands.k))
    let functions = functions
    try scales.withUnsafeMutableBufferPointer { buffer throws(TensorError) in
      let scales = isScaled ? buffer.baseAddress : nil
      try parallel((tileCount + grain - 1) / grain) { index in
        for tile in index * grain..<min(tileCount, (index + 1) * grain) {
          let first = tiles[tile]
          if let scales {
            // Each row's greatest magnitude becomes 127.
            for row in first..<tiles[tile + 1] {
              scales[row] =
                functions.greatest_magnitude(rows + row * stride, Int64(operands.k)) / 127
            }
          }
          for block in 0..<rowBytes.count {
            dot.pack(
              rows + first * stride + blocks[block], stride, Int32(tiles[tile + 1] - first),
              Int64(blocks[block + 1] - blocks[block]), scales.map { UnsafePointer($0 + first) },
              storage.base + starts[block] + first * rowBytes[block])
          }
        }
      }
    }
    return Panels(
      storage: storage, tiles: tiles, blocks: blocks, rowBytes: rowBytes, starts: starts,
      scales: scales)
  }

  /// The elements of k in one block: equal blocks, as few as the first-level cache allows. One
  /// row meets each weight once: there is no panel to keep near.
  private func blockLength(_ operands: DotOperands, rowCount: Int) -> Int {
    // Weight sums were made for blocks of this length.
    if operands.elementType == .i8 { return ExecutionContext.int8Block }
    guard rowCount > 1 else { return max(1, operands.k) }
    let step = Int(operands.dot.step)
    let longest = ExecutionContext.kBlockBytes / (Int(operands.dot.step_bytes) / step)
    let count = max(1, (operands.k + longest - 1) / longest)
    let even = (operands.k + count - 1) / count
    return (even + step - 1) / step * step
  }
}
