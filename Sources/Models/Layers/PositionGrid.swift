import Tensors

/// A learned vector for each cell of a square grid of patches, read at grids of other sizes too.
struct PositionGrid {
  /// `[side · side, D]`, cells row by row.
  private let table: Tensor
  let side: Int
  private let filter: GridFilter

  /// - Precondition: `table` is contiguous f32 with `side · side` rows.
  init(_ table: Tensor, side: Int, filter: GridFilter) {
    precondition(
      table.shape.rank == 2 && table.shape[0] == side * side, "\(table.shape) of \(side)²")
    self.table = table
    self.side = side
    self.filter = filter
  }

  /// The vectors of a grid of this size, `[rows · columns, D]`: the table as it is when the sizes
  /// agree, otherwise resampled as the reference's `interpolate` does.
  func callAsFunction(
    rows: Int, columns: Int, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    guard (rows, columns) != (side, side) else { return table }
    let width = table.shape[1]
    let resized = try context.resized(
      table.reshaped([side, side, width]), height: rows, width: columns, filter)
    return try context.reshaped(resized, [rows * columns, width])
  }
}
