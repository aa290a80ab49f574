extension ExecutionContext {
  /// Cuts `pixels [B, C, H, W]` into squares: `[B, H/P · W/P, C · P · P]`, patches row by row,
  /// each channel first, so that a convolution with stride P is a linear map of a patch.
  ///
  /// Pixels beyond the last whole patch are left out, as such a convolution leaves them.
  ///
  /// - Throws: ``TensorError`` for other shapes, or when no patch fits.
  package func patches(_ pixels: Tensor, size: Int) throws(TensorError) -> Tensor {
    guard pixels.shape.rank == 4, size > 0, pixels.shape[2] >= size, pixels.shape[3] >= size
    else {
      throw .shapes(
        operation: "patches", found: [pixels.shape], expected: "[B, C, H, W] of at least \(size)²")
    }
    let input = try contiguous(pixels)
    let y = empty(patchShape(pixels.shape, size: size))
    let (from, to) = (input.floats, y.floats)
    try visitPatchRows(of: pixels.shape, size: size) { pixel, patch in
      (to + patch).update(from: from + pixel, count: size)
    }
    withExtendedLifetime(input) {}
    let shape = pixels.shape
    return recorded(y, from: [pixels]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      let whole = context.zeros(shape)
      let (from, to) = (dy.floats, whole.floats)
      try context.visitPatchRows(of: shape, size: size) { pixel, patch in
        (to + pixel).update(from: from + patch, count: size)
      }
      withExtendedLifetime(dy) {}
      return [whole]
    }
  }

  private func patchShape(_ shape: Shape, size: Int) -> Shape {
    [shape[0], shape[2] / size * (shape[3] / size), shape[1] * size * size]
  }

  /// Offsets of each run of `size` pixels, in the picture and in the patches; rows of patches are
  /// shared out.
  private func visitPatchRows(
    of shape: Shape, size: Int, _ body: (_ pixel: Int, _ patch: Int) -> Void
  ) throws(TensorError) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    let (rows, columns) = (height / size, width / size)
    let rowWidth = columns * channels * size * size
    try parallelRows(shape[0] * rows, width: rowWidth) { range in
      var patch = range.lowerBound * rowWidth
      for index in range {
        let (batch, row) = index.quotientAndRemainder(dividingBy: rows)
        for column in 0..<columns {
          for channel in 0..<channels {
            for line in 0..<size {
              let y = (batch * channels + channel) * height + row * size + line
              body(y * width + column * size, patch)
              patch += size
            }
          }
        }
      }
    }
  }
}
