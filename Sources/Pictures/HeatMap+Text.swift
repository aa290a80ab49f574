import Foundation

extension HeatMap {
  /// The map as one ASCII character per position, dark to light, each doubled because a cell is
  /// about twice as tall as it is wide.
  package var rampLines: [String] {
    let levels = CellRenderer.ramp.map { Character($0) }
    let values = normalised
    return (0..<rows).map { row in
      var line = ""
      for column in 0..<columns {
        let step = Int(values[row * columns + column] * Float(levels.count - 1) + 0.5)
        line.append(levels[step])
        line.append(levels[step])
      }
      return line
    }
  }

  /// The weights as a table of numbers with row and column numbers counted from 1.
  ///
  /// Every weight is shown with the decimals that give the largest one two significant digits, and
  /// columns are aligned, so that a table reads without colour and by ear.
  package var tableLines: [String] {
    let largest = weights.map { abs($0) }.max() ?? 0
    let magnitude = largest > 0 ? Int(log10(largest).rounded(.down)) : 0
    let decimals = min(8, max(0, 1 - magnitude))
    let cells = weights.map { String(format: "%.\(decimals)f", $0) }
    let width = max(cells.map(\.utf8.count).max() ?? 0, String(columns).utf8.count)
    let margin = String(rows).utf8.count
    func aligned(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
    let header =
      aligned("", margin)
      + (1...columns).map { " " + aligned(String($0), width) }.joined()
    return [header]
      + (0..<rows).map { row in
        aligned(String(row + 1), margin)
          + (0..<columns).map { " " + aligned(cells[row * columns + $0], width) }.joined()
      }
  }

  /// The map as cells: its colours where there are any, else the ramp.
  ///
  /// Each position becomes two columns of one row, so that positions look square.
  package func cells(colors: ColorDepth) -> CellPicture {
    let values = normalised
    let inks = CellRenderer.ramp
    var picture = CellPicture(columns: columns * 2, rows: rows)
    for row in 0..<rows {
      for column in 0..<columns {
        let value = values[row * columns + column]
        let ink = inks[Int(value * Float(inks.count - 1) + 0.5)]
        let color = colors.quantised(ColorMap.heat(value))
        let cell =
          color == nil ? PictureCell(ink) : PictureCell(" ", foreground: nil, background: color)
        picture[row, column * 2] = cell
        picture[row, column * 2 + 1] = cell
      }
    }
    return picture
  }

  /// The map in half the columns and rows of ``cells(colors:)``: a cell holds one position above
  /// another, told apart by ink and paper, so that without colours nothing is.
  package func halfBlocks(colors: ColorDepth) -> CellPicture {
    let values = normalised
    var picture = CellPicture(columns: columns, rows: (rows + 1) / 2)
    for row in 0..<rows {
      for column in 0..<columns {
        let color = colors.quantised(ColorMap.heat(values[row * columns + column]))
        var cell = row % 2 == 0 ? PictureCell("▀") : picture[row / 2, column]
        if row % 2 == 0 { cell.foreground = color } else { cell.background = color }
        picture[row / 2, column] = cell
      }
    }
    return picture
  }
}
