extension CellPicture {
  /// Writes a text on one row from `column` on. What lies outside is cut, and what is not one
  /// column wide becomes `?`, so that the cells stay a grid.
  package mutating func put(_ text: String, row: Int, column: Int, color: RGB? = nil) {
    guard (0..<rows).contains(row) else { return }
    for (offset, scalar) in text.unicodeScalars.enumerated() {
      guard (0..<columns).contains(column + offset) else { continue }
      let isPlain = GlyphWidth.kind(of: scalar) == .spacing(1)
      self[row, column + offset] = PictureCell(isPlain ? scalar : "?", foreground: color)
    }
  }

  /// Lays a picture over this one, its first cell at `row` and `column`; what lies outside is cut.
  package mutating func put(_ picture: CellPicture, row: Int, column: Int) {
    for y in 0..<picture.rows where (0..<rows).contains(row + y) {
      for x in 0..<picture.columns where (0..<columns).contains(column + x) {
        self[row + y, column + x] = picture[y, x]
      }
    }
  }
}
