/// The window of a convolution or a pooling: how large, how far apart, how far over the edge.
package struct Window: Equatable, Sendable {
  package var height: Int
  package var width: Int
  package var stride: Int
  /// Zeros around the picture, on each side.
  package var padding: Int

  package init(height: Int, width: Int, stride: Int = 1, padding: Int = 0) {
    self.height = height
    self.width = width
    self.stride = stride
    self.padding = padding
  }

  package init(size: Int, stride: Int = 1, padding: Int = 0) {
    self.init(height: size, width: size, stride: stride, padding: padding)
  }

  /// The windows that fit into a picture, nil when none does or the window makes no sense.
  func count(over shape: Shape) -> (rows: Int, columns: Int)? {
    guard shape.rank == 4, height > 0, width > 0, stride > 0, padding >= 0 else { return nil }
    let (down, across) = (shape[2] + 2 * padding - height, shape[3] + 2 * padding - width)
    guard down >= 0, across >= 0 else { return nil }
    return (down / stride + 1, across / stride + 1)
  }
}

extension ExecutionContext {
  /// Cross-correlation of `x [B, C, H, W]` with `weight [O, C, h, w]` plus `bias [O]`:
  /// `[B, O, H', W']`.
  ///
  /// The windows are unfolded and meet the same matrix product as a linear map, under the same
  /// ``precision``.
  ///
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0
  ) throws(TensorError) -> Tensor {
    let filters = weight.shape
    guard x.shape.rank == 4, filters.rank == 4, x.shape[1] == filters[1] else {
      throw .shapes(
        operation: "convolution", found: [x.shape, filters],
        expected: "[B, C, H, W] and [O, C, h, w]")
    }
    let window = Window(height: filters[2], width: filters[3], stride: stride, padding: padding)
    let windows = try unfolded(x, window)
    let flat = try reshaped(weight, [filters[0], filters[1] * filters[2] * filters[3]])
    let sums = try linear(windows, weight: flat, bias: bias)
    let (rows, columns) = window.count(over: x.shape) ?? (0, 0)
    return try reshaped(try transposed(sums), [x.shape[0], filters[0], rows, columns])
  }

  /// What each window of `x [B, C, H, W]` sees: `[B, H' · W', C · h · w]`.
  ///
  /// - Throws: ``TensorError`` when no window fits, or when cancelled.
  package func unfolded(_ x: Tensor, _ window: Window) throws(TensorError) -> Tensor {
    guard let (rows, columns) = window.count(over: x.shape) else {
      throw .shapes(
        operation: "convolution", found: [x.shape, [window.height, window.width]],
        expected: "[B, C, H, W] that the window fits in")
    }
    let shape = x.shape
    if window == Window(size: 1) {
      return try transposed(try reshaped(x, [shape[0], shape[1], shape[2] * shape[3]]))
    }
    let input = try contiguous(x)
    let depth = shape[1] * window.height * window.width
    let y = empty([shape[0], rows * columns, depth])
    let (from, to) = (input.floats, y.floats)
    try parallelRows(shape[0] * rows, width: columns * depth) { range in
      for line in range {
        visitWindowRows(window, line: line, of: shape, count: (rows, columns)) {
          cell, pixel, length in
          let target = to + line * columns * depth + cell.start
          for i in 0..<cell.skipped { target[i] = 0 }
          for i in 0..<length { target[cell.skipped + i] = from[pixel + i] }
          for i in cell.skipped + length..<window.width { target[i] = 0 }
        }
      }
    }
    withExtendedLifetime(input) {}
    return recorded(y, from: [x]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      let whole = context.zeros(shape)
      // Windows overlap, so one thread adds them up, in order.
      for line in 0..<shape[0] * rows {
        context.visitWindowRows(window, line: line, of: shape, count: (rows, columns)) {
          cell, pixel, length in
          let source = dy.floats + line * columns * depth + cell.start + cell.skipped
          for i in 0..<length { whole.floats[pixel + i] += source[i] }
        }
      }
      return [whole]
    }
  }

  /// Each row of each window of one line of windows: where it starts among the line's cells and
  /// how many of its cells lie left of the picture, the first pixel that it sees, and how many.
  private func visitWindowRows(
    _ window: Window, line: Int, of shape: Shape, count: (rows: Int, columns: Int),
    _ body: (_ cell: (start: Int, skipped: Int), _ pixel: Int, _ length: Int) -> Void
  ) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    let (batch, row) = line.quotientAndRemainder(dividingBy: count.rows)
    var start = 0
    for column in 0..<count.columns {
      let left = column * window.stride - window.padding
      let (first, end) = (max(0, left), min(width, left + window.width))
      for channel in 0..<channels {
        for dy in 0..<window.height {
          let y = row * window.stride - window.padding + dy
          let isInside = y >= 0 && y < height && first < end
          body(
            (start, isInside ? first - left : 0),
            isInside ? ((batch * channels + channel) * height + y) * width + first : 0,
            isInside ? end - first : 0)
          start += window.width
        }
      }
    }
  }

  /// x · scale + shift by channel: `x [B, C, H, W]`, `scale` and `shift` `[C]`.
  ///
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func channelAffine(
    _ x: Tensor, scale: Tensor, shift: Tensor
  ) throws(TensorError) -> Tensor {
    guard x.shape.rank == 4, scale.shape == [x.shape[1]], shift.shape == scale.shape else {
      throw .shapes(
        operation: "channelAffine", found: [x.shape, scale.shape, shift.shape],
        expected: "[B, C, H, W] and twice [C]")
    }
    let (input, s, t) = (try contiguous(x), try contiguous(scale), try contiguous(shift))
    let y = empty(x.shape)
    let (channels, area) = (x.shape[1], x.shape[2] * x.shape[3])
    let (from, to, factors, offsets) = (input.floats, y.floats, s.floats, t.floats)
    try parallelRows(x.shape[0] * channels, width: area) { planes in
      for plane in planes {
        let (factor, offset) = (factors[plane % channels], offsets[plane % channels])
        for i in plane * area..<(plane + 1) * area { to[i] = from[i] * factor + offset }
      }
    }
    withExtendedLifetime((input, s, t)) {}
    return recorded(y, from: [x, scale, shift]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      let (dscale, dshift) = (context.zeros([channels]), context.zeros([channels]))
      for plane in 0..<x.shape[0] * channels {
        let start = plane * area
        dscale.floats[plane % channels] += context.functions.dot_product(
          dy.floats + start, input.floats + start, Int64(area))
        dshift.floats[plane % channels] += context.functions.sum(dy.floats + start, Int64(area))
      }
      let none = context.zeros([channels])
      return [
        x.isTracked
          ? try context.channelAffine(dy.detached, scale: s.detached, shift: none) : nil,
        dscale, dshift,
      ]
    }
  }

  /// Batch normalisation at inference (Ioffe & Szegedy 2015) as ``channelAffine``'s operands:
  /// scale = gain / √(variance + ε), shift = bias − mean · scale, in f64 and rounded once.
  ///
  /// All `[C]`.
  ///
  /// - Throws: ``TensorError`` when the shapes differ or a tape follows one of them.
  package func foldedBatchNorm(
    gain: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: Double = 1e-5
  ) throws(TensorError) -> (scale: Tensor, shift: Tensor) {
    let parts = [gain, bias, mean, variance]
    guard gain.shape.rank == 1, parts.allSatisfy({ $0.shape == gain.shape }) else {
      throw .shapes(
        operation: "batchNorm", found: parts.map(\.shape), expected: "four of the same [C]")
    }
    guard tape == nil || !parts.contains(where: \.isTracked) else {
      throw .notDifferentiable(operation: "folding batch normalisation")
    }
    let (g, b) = (try contiguous(gain), try contiguous(bias))
    let (m, v) = (try contiguous(mean), try contiguous(variance))
    let (scale, shift) = (empty(gain.shape), empty(gain.shape))
    for i in 0..<gain.elementCount {
      let factor = Double(g.floats[i]) / (Double(v.floats[i]) + epsilon).squareRoot()
      scale.floats[i] = Float(factor)
      shift.floats[i] = Float(Double(b.floats[i]) - Double(m.floats[i]) * factor)
    }
    return (scale, shift)
  }
}
