import Pictures

/// A screen's worth of cells that components draw into and a backend shows.
///
/// Invariant: a cell of width 2 is followed in its row by a cell of width 0, and a cell of width 0
/// follows one of width 2. Writing over one half blanks the other.
package struct Grid: Hashable, Sendable {
  package let rows: Int
  package let columns: Int
  /// `rows` × `columns`, rows from the top.
  package private(set) var cells: [Cell]

  package init(rows: Int, columns: Int) {
    self.rows = max(0, rows)
    self.columns = max(0, columns)
    cells = Array(repeating: .blank, count: self.rows * self.columns)
  }

  package var bounds: Rect { Rect(rows: rows, columns: columns) }

  package subscript(row: Int, column: Int) -> Cell { cells[row * columns + column] }

  /// The cells of one row.
  package func row(_ row: Int) -> ArraySlice<Cell> {
    cells[row * columns..<(row + 1) * columns]
  }

  /// Writes a text on one row inside `rect`, starting `column` columns from its left, and returns
  /// the column after it. What lies beyond the rectangle is cut; a wide character that would
  /// straddle its edge becomes a blank.
  @discardableResult
  package mutating func put(
    _ text: String, row: Int, column: Int = 0, in rect: Rect, style: Style = .plain
  ) -> Int {
    put(cells: Cell.cells(of: text, style: style), row: row, column: column, in: rect)
  }

  /// Writes cells like ``put(_:row:column:in:style:)``.
  @discardableResult
  package mutating func put(
    cells new: some Sequence<Cell>, row: Int, column: Int = 0, in rect: Rect
  ) -> Int {
    let y = rect.row + row
    var x = rect.column + column
    let right = min(rect.column + rect.columns, columns)
    guard row >= 0, row < rect.rows, y >= 0, y < rows else { return column }
    for cell in new where !cell.isSecondHalf {
      let width = Int(cell.width)
      guard x < right else { break }
      if x >= max(0, rect.column) {
        set(x + width <= right ? cell : Cell(" ", style: cell.style), row: y, column: x)
      }
      x += width
    }
    return min(x, right) - rect.column
  }

  /// Fills a rectangle with one cell, which must be one column wide.
  package mutating func fill(_ rect: Rect, with cell: Cell = .blank) {
    for y in max(0, rect.row)..<max(0, rect.row, min(rows, rect.row + rect.rows)) {
      for x in max(0, rect.column)..<max(0, rect.column, min(columns, rect.column + rect.columns)) {
        set(cell, row: y, column: x)
      }
    }
  }

  /// Draws a picture, cut to `rect`, with its first row at `rect`'s top.
  package mutating func draw(_ picture: CellPicture, in rect: Rect) {
    for row in 0..<min(picture.rows, rect.rows) {
      let line = (0..<min(picture.columns, rect.columns)).map { Cell(picture[row, $0]) }
      put(cells: line, row: row, in: rect)
    }
  }

  private mutating func set(_ cell: Cell, row: Int, column: Int) {
    let width = max(1, Int(cell.width))
    blankHalf(row: row, column: column)
    if width == 2 { blankHalf(row: row, column: column + 1) }
    cells[row * columns + column] = cell
    if width == 2 {
      cells[row * columns + column + 1] = Cell(" ", width: 0, style: cell.style)
    }
  }

  /// Before a cell is overwritten: the other half of a wide character there becomes a blank.
  private mutating func blankHalf(row: Int, column: Int) {
    let at = row * columns + column
    if cells[at].width == 0, column > 0 {
      cells[at - 1] = Cell(" ", style: cells[at - 1].style)
    } else if cells[at].width == 2, column + 1 < columns {
      cells[at + 1] = Cell(" ", style: cells[at + 1].style)
    }
  }

  /// The rows as text, without trailing blanks.
  package var lines: [String] {
    (0..<rows).map { row in
      var scalars = String.UnicodeScalarView()
      for cell in self.row(row) where !cell.isSecondHalf {
        scalars.append(cell.base)
        scalars.append(contentsOf: cell.marks)
      }
      while scalars.last == " " { scalars.removeLast() }
      return String(scalars)
    }
  }
}

extension Cell {
  /// A picture's cell; its scalars are always one column wide.
  init(_ cell: PictureCell) {
    self.init(
      cell.scalar,
      style: Style(
        foreground: cell.foreground.map { .rgb($0) } ?? .standard,
        background: cell.background.map { .rgb($0) } ?? .standard))
  }
}
