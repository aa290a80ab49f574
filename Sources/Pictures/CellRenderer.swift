import CChafa
import Media

/// Which characters a picture may be drawn with, from what every terminal has to the richest.
package enum SymbolSet: String, CaseIterable, Hashable, Sendable {
  /// A ramp of printable ASCII by brightness.
  case ascii
  /// Upper and lower half blocks: two pixels a cell.
  case halfBlocks = "half"
  /// Blocks, quadrants and lines, matched to the shapes in the picture.
  case symbols
}

/// How many colours a picture may be drawn with.
package enum ColorDepth: String, CaseIterable, Hashable, Sendable {
  case monochrome = "mono"
  case named16 = "16"
  case indexed256 = "256"
  case trueColor = "truecolor"
}

/// Draws pixels as character cells, knowing a symbol set and a colour depth but no terminal.
package struct CellRenderer: Hashable, Sendable {
  package var symbols: SymbolSet
  package var colors: ColorDepth
  /// Width of a character cell over its height; most fonts are near one half.
  package var cellAspect: Double
  /// What shows through transparent pixels: a middle grey, on which neither black nor white
  /// artwork vanishes.
  package var backdrop: RGB

  /// The most cells on a side of a canvas.
  package static let canvasLimit = 1000

  package init(
    symbols: SymbolSet, colors: ColorDepth, cellAspect: Double = 0.5,
    backdrop: RGB = RGB(128, 128, 128)
  ) {
    self.symbols = symbols
    self.colors = colors
    self.cellAspect = cellAspect.isFinite ? min(4, max(0.1, cellAspect)) : 0.5
    self.backdrop = backdrop
  }

  /// The renderer's name as shown to the user, such as `symbols/256`.
  package var name: String { symbols.rawValue + "/" + colors.rawValue }

  /// The largest canvas within `columns` × `rows` cells that keeps the picture's proportions.
  ///
  /// Never empty: a very long picture gets at least one row and one column.
  package func fit(width: Int, height: Int, columns: Int, rows: Int) -> (columns: Int, rows: Int) {
    guard width > 0, height > 0 else { return (1, 1) }
    let columns = min(Self.canvasLimit, max(1, columns))
    let rows = min(Self.canvasLimit, max(1, rows))
    // Rows per column at true proportions.
    let slope = Double(height) / Double(width) * cellAspect
    let rowsAtFullWidth = (Double(columns) * slope).rounded()
    if rowsAtFullWidth <= Double(rows) { return (columns, max(1, Int(rowsAtFullWidth))) }
    let columnsAtFullHeight = (Double(rows) / slope).rounded()
    return (max(1, min(columns, Int(columnsAtFullHeight))), rows)
  }

  /// The picture as large as fits into `columns` × `rows` cells at its own proportions.
  package func render(
    _ bitmap: Bitmap, columns: Int, rows: Int
  ) throws(PictureError) -> CellPicture {
    let size = fit(width: bitmap.width, height: bitmap.height, columns: columns, rows: rows)
    return try stretch(bitmap, columns: size.columns, rows: size.rows)
  }

  /// The picture over the whole of `columns` × `rows` cells, whatever its proportions.
  package func stretch(
    _ bitmap: Bitmap, columns: Int, rows: Int
  ) throws(PictureError) -> CellPicture {
    let range = 1...Self.canvasLimit
    guard range.contains(columns), range.contains(rows) else {
      throw .canvasSize(columns: columns, rows: rows, limit: Self.canvasLimit)
    }
    let opaque = try bitmap.opaque(over: backdrop)
    guard symbols != .ascii else { return ramp(opaque, columns: columns, rows: rows) }
    return try draw(opaque, columns: columns, rows: rows)
  }

  private func draw(
    _ bitmap: Bitmap, columns: Int, rows: Int
  ) throws(PictureError) -> CellPicture {
    var cells = [gaze_chafa_cell](repeating: gaze_chafa_cell(), count: columns * rows)
    let drawn = gaze_chafa_draw(
      bitmap.pixels, Int32(bitmap.width), Int32(bitmap.height), Int32(columns), Int32(rows),
      symbols == .halfBlocks ? GAZE_CHAFA_HALF_BLOCKS : GAZE_CHAFA_SYMBOLS, colors.chafa, &cells)
    guard drawn else {
      throw .canvasSize(columns: columns, rows: rows, limit: Self.canvasLimit)
    }
    var picture = CellPicture(columns: columns, rows: rows)
    for row in 0..<rows {
      for column in 0..<columns {
        let cell = cells[row * columns + column]
        picture[row, column] = PictureCell(
          Unicode.Scalar(cell.scalar) ?? " ", foreground: colors.color(cell.foreground),
          background: colors.color(cell.background))
      }
    }
    return picture
  }
}

extension ColorDepth {
  fileprivate var chafa: gaze_chafa_colors {
    switch self {
    case .monochrome: GAZE_CHAFA_MONOCHROME
    case .named16: GAZE_CHAFA_INDEXED_16
    case .indexed256: GAZE_CHAFA_INDEXED_256
    case .trueColor: GAZE_CHAFA_TRUECOLOR
    }
  }

  /// A colour as the shim gives it: an index or 0xRRGGBB, negative for the terminal's own.
  fileprivate func color(_ value: Int32) -> RGB? {
    guard value >= 0 else { return nil }
    switch self {
    case .monochrome: return nil
    case .named16, .indexed256:
      return Int(value) < Palette.xterm256.count ? Palette.xterm256[Int(value)] : nil
    case .trueColor: return RGB(hex: Int(value))
    }
  }

  /// The colour that this depth shows for `color`.
  package func quantised(_ color: RGB) -> RGB? {
    switch self {
    case .monochrome: nil
    case .named16: Palette.xterm256[Palette.nearestNamed(to: color, count: 16)]
    case .indexed256: Palette.xterm256[Palette.nearest256(to: color)]
    case .trueColor: color
    }
  }
}
