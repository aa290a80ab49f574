extension ExecutionContext {
  /// The mean of each window of `x [B, C, H, W]`: `[B, C, H', W']`. Padding counts as zeros.
  ///
  /// - Throws: ``TensorError`` when no window fits, or when cancelled.
  package func averagePool(_ x: Tensor, _ window: Window) throws(TensorError) -> Tensor {
    let share = 1 / Float(window.height * window.width)
    let pool = try pooled(x, window) { pixels, indices in
      indices.reduce(0) { $0 + pixels[$1] } * share
    }
    return recorded(pool, from: [x]) { gradient, context throws(TensorError) in
      [
        try context.unpooled(gradient, to: x.shape, window) { slope, indices, dx in
          for index in indices { dx[index] += slope * share }
        }
      ]
    }
  }

  /// The greatest element of each window of `x [B, C, H, W]`: `[B, C, H', W']`.
  ///
  /// NaN wins; the gradient goes to the first of equals. Padding is below every number.
  ///
  /// - Throws: ``TensorError`` when no window fits or one sees only padding, or when cancelled.
  package func maxPool(_ x: Tensor, _ window: Window) throws(TensorError) -> Tensor {
    guard 2 * window.padding <= min(window.height, window.width) else {
      throw .shapes(
        operation: "maxPool", found: [x.shape, [window.height, window.width]],
        expected: "padding of at most half the window")
    }
    let input = try contiguous(x)
    let pool = try pooled(input.detached, window) { pixels, indices in
      greatest(of: pixels, at: indices).map { pixels[$0] } ?? -.infinity
    }
    return recorded(pool, from: [x]) { gradient, context throws(TensorError) in
      [
        try context.unpooled(gradient, to: x.shape, window) { slope, indices, dx in
          if let index = greatest(of: input.floats, at: indices) { dx[index] += slope }
        }
      ]
    }
  }

  private func pooled(
    _ x: Tensor, _ window: Window,
    _ value: (_ pixels: UnsafePointer<Float>, _ indices: PixelWindow) -> Float
  ) throws(TensorError) -> Tensor {
    guard let (rows, columns) = window.count(over: x.shape) else {
      throw .shapes(
        operation: "pooling", found: [x.shape, [window.height, window.width]],
        expected: "[B, C, H, W] that the window fits in")
    }
    let input = try contiguous(x)
    let y = empty([x.shape[0], x.shape[1], rows, columns])
    let (from, to) = (UnsafePointer(input.floats), y.floats)
    let shape = x.shape
    try parallelRows(shape[0] * shape[1] * rows, width: columns * window.height * window.width) {
      lines in
      for cell in lines.lowerBound * columns..<lines.upperBound * columns {
        to[cell] = value(from, PixelWindow(window, cell: cell, of: shape, rows, columns))
      }
    }
    withExtendedLifetime(input) {}
    return y
  }

  private func unpooled(
    _ gradient: Tensor, to shape: Shape, _ window: Window,
    _ spread: (_ slope: Float, _ indices: PixelWindow, _ dx: UnsafeMutablePointer<Float>) -> Void
  ) throws(TensorError) -> Tensor {
    let dy = try contiguous(gradient)
    let dx = zeros(shape)
    for cell in 0..<dy.elementCount {
      spread(
        dy.floats[cell], PixelWindow(window, cell: cell, of: shape, dy.shape[2], dy.shape[3]),
        dx.floats)
    }
    return dx
  }
}

/// The index of the greatest pixel, the first of equals; the first NaN before any number.
private func greatest(of pixels: UnsafePointer<Float>, at indices: PixelWindow) -> Int? {
  var best: Int?
  for index in indices {
    guard let held = best else {
      best = index
      continue
    }
    if pixels[index] > pixels[held] || (pixels[index].isNaN && !pixels[held].isNaN) { best = index }
  }
  return best
}

/// The indices of the pixels that one output cell of a pooling sees, row by row.
private struct PixelWindow: Sequence, IteratorProtocol {
  private let left, right, bottom, width, plane: Int
  private var x, y: Int

  init(_ window: Window, cell: Int, of shape: Shape, _ rows: Int, _ columns: Int) {
    let (line, column) = cell.quotientAndRemainder(dividingBy: columns)
    let (channel, row) = line.quotientAndRemainder(dividingBy: rows)
    let (firstRow, firstColumn) = (
      row * window.stride - window.padding, column * window.stride - window.padding
    )
    width = shape[3]
    plane = channel * shape[2] * width
    left = Swift.max(0, firstColumn)
    right = Swift.min(width, firstColumn + window.width)
    bottom = Swift.min(shape[2], firstRow + window.height)
    (x, y) = (left, Swift.max(0, firstRow))
  }

  mutating func next() -> Int? {
    if x >= right {
      (x, y) = (left, y + 1)
    }
    guard y < bottom, x < right else { return nil }
    defer { x += 1 }
    return plane + y * width + x
  }
}
