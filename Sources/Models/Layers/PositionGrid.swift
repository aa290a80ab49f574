import Tensors

/// A learned vector for each cell of a square grid of patches, read at grids of other sizes too;
/// before them perhaps one for a position that is no patch.
struct PositionGrid {
  /// `[prefix + side · side, D]`, cells row by row.
  private let table: Tensor
  private let prefix: Int
  let side: Int
  private let filter: GridFilter

  /// - Precondition: `table` is contiguous f32 with `prefix + side · side` rows.
  init(_ table: Tensor, prefix: Int = 0, side: Int, filter: GridFilter) {
    precondition(
      table.shape.rank == 2 && table.shape[0] == prefix + side * side,
      "\(table.shape) of \(prefix) + \(side)²")
    self.table = table
    self.prefix = prefix
    self.side = side
    self.filter = filter
  }

  /// The vectors of a grid of this size, `[prefix + rows · columns, D]`: the table as it is when the
  /// sizes agree, otherwise resampled as the reference's `interpolate` does.
  func callAsFunction(
    rows: Int, columns: Int, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    guard (rows, columns) != (side, side) else { return table }
    let width = table.shape[1]
    let cells = try context.sliced(table, axis: 0, prefix..<table.shape[0])
    let resized = try context.reshaped(
      try context.resized(
        try context.reshaped(cells, [side, side, width]), height: rows, width: columns, filter),
      [rows * columns, width])
    guard prefix > 0 else { return resized }
    let first = try context.sliced(table, axis: 0, 0..<prefix)
    return try context.concatenated([first, resized], axis: 0)
  }
}
