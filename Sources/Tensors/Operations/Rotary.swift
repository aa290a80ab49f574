import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The cosines and sines of a rotary position embedding (Su et al. 2021), one row a position.
package struct RotaryTable: Sendable {
  /// `[T, R/2]`, or `[B, T, R/2]` where sequences differ in their positions.
  package let cosines: Tensor
  package let sines: Tensor

  package init(cosines: Tensor, sines: Tensor) {
    self.cosines = cosines
    self.sines = sines
  }
}

extension ExecutionContext {
  /// Angles `position · base^(−2i/R)` for the R/2 channel pairs of `width` R.
  ///
  /// Computed in f64 and rounded once; models with scaled frequencies fill a ``RotaryTable``
  /// of their own.
  package func rotaryTable(positions: [Int], width: Int, base: Double) -> RotaryTable {
    let half = width / 2
    let (cosines, sines) = (empty([positions.count, half]), empty([positions.count, half]))
    for (row, position) in positions.enumerated() {
      for i in 0..<half {
        let angle = Double(position) * pow(base, -2 * Double(i) / Double(width))
        cosines.floats[row * half + i] = Float(cos(angle))
        sines.floats[row * half + i] = Float(sin(angle))
      }
    }
    return RotaryTable(cosines: cosines, sines: sines)
  }

  /// Rotates the first R channels of every head, channel i with i + R/2 ("rotate half"):
  /// y = x · cos + [−x₂, x₁] · sin; channels past R stay.
  ///
  /// - Parameter x: `[B, T, H, D]`, `R ≤ D`.
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func rotated(_ x: Tensor, by table: RotaryTable) throws(TensorError) -> Tensor {
    let (shape, angles) = (x.shape, table.cosines.shape)
    guard shape.rank == 4, angles == table.sines.shape, angles.rank == 2 || angles.rank == 3,
      angles[-2] == shape[1], angles.rank == 2 || angles[0] == shape[0],
      2 * angles.width <= shape[3]
    else {
      throw .shapes(
        operation: "rotary embedding", found: [shape, angles, table.sines.shape],
        expected: "[B, T, H, D] and twice [T, R/2] or [B, T, R/2]")
    }
    let y = try rotated(x, by: table, sign: 1)
    return recorded(y, from: [x]) { gradient, context throws(TensorError) in
      // A rotation's gradient is the rotation back.
      [try context.rotated(gradient, by: table, sign: -1)]
    }
  }

  private func rotated(
    _ x: Tensor, by table: RotaryTable, sign: Float
  ) throws(TensorError) -> Tensor {
    let (input, cosines, sines) = (
      try contiguous(x), try contiguous(table.cosines), try contiguous(table.sines)
    )
    let y = empty(x.shape)
    let (heads, width, half) = (x.shape[2], x.shape[3], cosines.shape.width)
    let period = cosines.shape.rowCount
    let kernel = functions.rotate
    let (from, to, c, s) = (input.floats, y.floats, cosines.floats, sines.floats)
    try parallelRows(x.shape[0] * x.shape[1], width: heads * width) { rows in
      for row in rows {
        let start = row * heads * width
        let angle = row % period * half
        kernel(
          from + start, c + angle, s + angle, to + start, Int64(heads), Int64(width), Int64(half),
          sign)
      }
    }
    withExtendedLifetime((input, cosines, sines)) {}
    return y
  }
}
