import CKernels

extension ExecutionContext {
  /// softmax(scale · x + mask) over the last axis; a row masked everywhere becomes zeros.
  ///
  /// - Parameter mask: added to the scaled scores; its axes are the last axes of `x`.
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func softmax(
    _ x: Tensor, scale: Float = 1, mask: Tensor? = nil
  ) throws(TensorError) -> Tensor {
    let width = x.shape.width
    if let mask {
      guard mask.shape.rank > 0, mask.shape.rank <= x.shape.rank,
        x.shape.dropping(first: x.shape.rank - mask.shape.rank) == mask.shape
      else {
        throw .shapes(
          operation: "softmax", found: [x.shape, mask.shape],
          expected: "a mask with the scores' last axes")
      }
    }
    let input = try contiguous(x)
    let bias = try mask.map { m throws(TensorError) in try contiguous(m) }
    let y = empty(x.shape)
    let kernel = functions.softmax
    let (from, to, biases) = (input.floats, y.floats, bias?.floats)
    let period = bias?.shape.rowCount ?? 1
    try parallelRows(x.shape.rowCount, width: width, grain: 4096) { rows in
      for row in rows {
        kernel(
          from + row * width, biases.map { $0 + row % period * width }, to + row * width, 1,
          Int64(width), width, scale)
      }
    }
    withExtendedLifetime((input, bias)) {}
    return recorded(y, from: [x, mask]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      return [
        x.isTracked ? try context.softmaxGradient(dy, at: y, scale: scale) : nil,
        mask?.isTracked == true
          ? try context.summed(
            try context.softmaxGradient(dy, at: y, scale: 1), to: mask?.shape ?? x.shape) : nil,
      ]
    }
  }

  /// scale · y (dy − Σ dy y) by row.
  private func softmaxGradient(
    _ dy: Tensor, at y: Tensor, scale: Float
  ) throws(TensorError) -> Tensor {
    let dx = empty(dy.shape)
    let width = dy.shape.width
    let kernel = functions.softmax_backward
    let (ys, dys, out) = (y.floats, dy.floats, dx.floats)
    try parallelRows(dy.shape.rowCount, width: width) { rows in
      let start = rows.lowerBound * width
      kernel(ys + start, dys + start, out + start, Int64(rows.count), Int64(width), scale)
    }
    return dx
  }
}
