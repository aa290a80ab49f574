/// A place on the screen, counted from 0 at the top left.
package struct Position: Hashable, Sendable {
  package var row: Int
  package var column: Int

  package init(row: Int, column: Int) {
    self.row = row
    self.column = column
  }
}

/// A rectangle of cells; sizes are never negative.
package struct Rect: Hashable, Sendable {
  package var row: Int
  package var column: Int
  package var rows: Int
  package var columns: Int

  package init(row: Int = 0, column: Int = 0, rows: Int, columns: Int) {
    self.row = row
    self.column = column
    self.rows = max(0, rows)
    self.columns = max(0, columns)
  }

  package var isEmpty: Bool { rows == 0 || columns == 0 }

  package func contains(row: Int, column: Int) -> Bool {
    row >= self.row && row < self.row + rows && column >= self.column
      && column < self.column + columns
  }

  /// The first `count` rows and what is below them; a count beyond the rectangle takes all.
  package func split(top count: Int) -> (top: Rect, rest: Rect) {
    let count = min(rows, max(0, count))
    return (
      Rect(row: row, column: column, rows: count, columns: columns),
      Rect(row: row + count, column: column, rows: rows - count, columns: columns)
    )
  }

  /// The last `count` rows and what is above them.
  package func split(bottom count: Int) -> (rest: Rect, bottom: Rect) {
    let parts = split(top: rows - min(rows, max(0, count)))
    return (parts.top, parts.rest)
  }

  /// The first `count` columns and what is right of them.
  package func split(left count: Int) -> (left: Rect, rest: Rect) {
    let count = min(columns, max(0, count))
    return (
      Rect(row: row, column: column, rows: rows, columns: count),
      Rect(row: row, column: column + count, rows: rows, columns: columns - count)
    )
  }

  /// The last `count` columns and what is left of them.
  package func split(right count: Int) -> (rest: Rect, right: Rect) {
    let parts = split(left: columns - min(columns, max(0, count)))
    return (parts.left, parts.rest)
  }
}
