import CKernels

extension ExecutionContext {
  /// The matrix product `a [M, S] · b [S, N]`, or `aᵀ [S, M]` with `firstTransposed`; f32.
  ///
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func product(
    _ a: Tensor, _ b: Tensor, firstTransposed: Bool = false
  ) throws(TensorError) -> Tensor {
    let (summed, rows) = firstTransposed ? (0, 1) : (1, 0)
    guard a.shape.rank == 2, b.shape.rank == 2, a.shape[summed] == b.shape[0] else {
      throw .shapes(
        operation: "product", found: [a.shape, b.shape], expected: "[M, S] and [S, N]")
    }
    let left = try contiguous(a)
    let right = try contiguous(b)
    let y = empty([a.shape[rows], b.shape[1]])
    let width = left.shape.width
    try outerProduct(
      left.floats, rowStride: firstTransposed ? 1 : width,
      columnStride: firstTransposed ? width : 1, right.floats, rightStride: right.shape.width,
      out: y.floats, rows: y.shape[0], width: y.shape[1], terms: right.shape[0])
    return recorded(y, from: [a, b]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      var da: Tensor?
      if a.isTracked {
        da = firstTransposed
          ? try context.productTransposed(right.detached, dy)
          : try context.productTransposed(dy, right.detached)
      }
      let db = b.isTracked
        ? try context.product(left.detached, dy, firstTransposed: !firstTransposed) : nil
      return [da, db]
    }
  }

  /// The matrix product `a [M, K] · bᵀ`, with `b [N, K]`, in f32 whatever the precision: for
  /// activations on both sides, where ``linear(_:weight:bias:)`` would convert and keep `b`.
  ///
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func productTransposed(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
    guard a.shape.rank == 2, b.shape.rank == 2, a.shape[1] == b.shape[1] else {
      throw .shapes(
        operation: "productTransposed", found: [a.shape, b.shape], expected: "[M, K] and [N, K]")
    }
    let (left, right) = (try contiguous(a), try contiguous(b))
    let y = empty([a.shape[0], b.shape[0]])
    try dotProduct(
      rows: left.floats, rowStride: left.shape.width, rowCount: left.shape[0],
      [
        DotTarget(
          operands: DotOperands(dot: functions.dot_f32, weight: right), out: y.floats,
          outStride: y.shape[1])
      ])
    return recorded(y, from: [a, b]) { gradient, context throws(TensorError) in
      [
        a.isTracked ? try context.product(gradient, right.detached) : nil,
        b.isTracked
          ? try context.product(gradient, left.detached, firstTransposed: true) : nil,
      ]
    }
  }

  /// out[m][n] = Σ_s left(m, s) · right[s][n], shared out by blocks of rows and columns.
  func outerProduct(
    _ left: UnsafePointer<Float>, rowStride: Int, columnStride: Int,
    _ right: UnsafePointer<Float>, rightStride: Int, out: UnsafeMutablePointer<Float>,
    rows: Int, width: Int, terms: Int
  ) throws(TensorError) {
    guard rows > 0, width > 0 else { return }
    let kernel = functions.outer
    let (rowBlock, columnBlock) = (48, 256)
    let down = (rows + rowBlock - 1) / rowBlock
    let across = (width + columnBlock - 1) / columnBlock
    try parallel(down * across) { index in
      let row = index / across * rowBlock
      let column = index % across * columnBlock
      // A slab of `right` that fits the second-level cache is summed before the next one.
      let slab = 512
      for first in Swift.stride(from: 0, to: max(terms, 1), by: slab) {
        var arguments = gaze_outer_arguments(
          a: left + row * rowStride + first * columnStride, a_row: rowStride,
          a_step: columnStride, b: right + first * rightStride + column, b_step: rightStride,
          out: out + row * width + column, out_stride: width, bias: nil,
          steps: Int64(min(slab, terms - first)),
          rows: Int32(min(rowBlock, rows - row)), width: Int32(min(columnBlock, width - column)),
          accumulate: first == 0 ? 0 : 1, ahead: nil, ahead_bytes: 0)
        kernel(&arguments)
      }
    }
  }
}
