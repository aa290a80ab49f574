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
    visitPatchRows(of: pixels.shape, size: size) { pixel, patch in
      (y.floats + patch).update(from: input.floats + pixel, count: size)
    }
    let shape = pixels.shape
    return recorded(y, from: [pixels]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      let whole = context.zeros(shape)
      context.visitPatchRows(of: shape, size: size) { pixel, patch in
        (whole.floats + pixel).update(from: dy.floats + patch, count: size)
      }
      return [whole]
    }
  }

  private func patchShape(_ shape: Shape, size: Int) -> Shape {
    [shape[0], shape[2] / size * (shape[3] / size), shape[1] * size * size]
  }

  /// Offsets of each run of `size` pixels, in the picture and in the patches.
  private func visitPatchRows(
    of shape: Shape, size: Int, _ body: (_ pixel: Int, _ patch: Int) -> Void
  ) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    let (rows, columns) = (height / size, width / size)
    var patch = 0
    for batch in 0..<shape[0] {
      for row in 0..<rows {
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
