/// One character cell of a picture.
package struct PictureCell: Hashable, Sendable {
  package var scalar: Unicode.Scalar
  /// The ink, or nil for the terminal's own.
  package var foreground: RGB?
  /// The paper, or nil for the terminal's own.
  package var background: RGB?

  package init(_ scalar: Unicode.Scalar, foreground: RGB? = nil, background: RGB? = nil) {
    self.scalar = scalar
    self.foreground = foreground
    self.background = background
  }
}

/// A picture in character cells, each one column wide.
package struct CellPicture: Hashable, Sendable {
  package let columns: Int
  package let rows: Int
  /// `rows` × `columns` cells, rows from the top.
  package private(set) var cells: [PictureCell]

  /// A blank picture; negative sizes count as 0.
  package init(columns: Int, rows: Int) {
    self.columns = max(0, columns)
    self.rows = max(0, rows)
    cells = Array(repeating: PictureCell(" "), count: self.columns * self.rows)
  }

  /// The cell at a position that must lie inside.
  package subscript(row: Int, column: Int) -> PictureCell {
    get { cells[row * columns + column] }
    set { cells[row * columns + column] = newValue }
  }

  /// The rows as text without colour.
  package var lines: [String] {
    (0..<rows).map { row in
      var line = String.UnicodeScalarView()
      for cell in cells[row * columns..<(row + 1) * columns] { line.append(cell.scalar) }
      return String(line)
    }
  }
}
