import Media

extension CellRenderer {
  /// Ink from none to most, for light text on a dark ground, in characters that any font has.
  static let ramp: [Unicode.Scalar] = Array(" .:-=+*#%@".unicodeScalars)

  /// Draws an RGB bitmap in ASCII: brightness picks the character, the mean colour the ink.
  func ramp(_ bitmap: Bitmap, columns: Int, rows: Int) -> CellPicture {
    let means = bitmap.blockMeans(columns: columns, rows: rows)
    var picture = CellPicture(columns: columns, rows: rows)
    for row in 0..<rows {
      for column in 0..<columns {
        let mean = means[row * columns + column]
        let step = mean.luma * (Self.ramp.count - 1)
        picture[row, column] = PictureCell(
          Self.ramp[(step + 127) / 255], foreground: colors.quantised(mean))
      }
    }
    return picture
  }
}
