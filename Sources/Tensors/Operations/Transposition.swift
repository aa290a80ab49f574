extension ExecutionContext {
  /// The last two axes exchanged: `[..., M, N]` to `[..., N, M]`, copied.
  ///
  /// - Throws: ``TensorError`` for fewer than two axes, or when cancelled.
  package func transposed(_ x: Tensor) throws(TensorError) -> Tensor {
    guard x.shape.rank >= 2 else {
      throw .shapes(operation: "transpose", found: [x.shape], expected: "[..., M, N]")
    }
    let input = try contiguous(x)
    let (rows, columns) = (x.shape[-2], x.shape[-1])
    var shape = x.shape
    (shape[-2], shape[-1]) = (columns, rows)
    let y = empty(shape)
    let (from, to) = (input.floats, y.floats)
    // Squares of one cache line a side: each line is read and written while it is near.
    let side = 16
    let strips = (rows + side - 1) / side
    let planes = rows * columns == 0 ? 0 : x.elementCount / (rows * columns)
    try parallelRows(planes * strips, width: side * columns) { range in
      for strip in range {
        let plane = strip / strips * rows * columns
        let first = strip % strips * side
        let end = min(rows, first + side)
        for left in stride(from: 0, to: columns, by: side) {
          for column in left..<min(columns, left + side) {
            for row in first..<end {
              to[plane + column * rows + row] = from[plane + row * columns + column]
            }
          }
        }
      }
    }
    withExtendedLifetime(input) {}
    return recorded(y, from: [x]) { gradient, context throws(TensorError) in
      [try context.transposed(gradient)]
    }
  }
}
