extension StyledLine {
  /// The line broken into rows of at most `width` columns; at least one row.
  ///
  /// Rows break at blanks, and beside wide characters other than Hangul, whose scripts put no
  /// blanks between words. A word longer than a row breaks anywhere. The blanks at a break vanish.
  package func rows(width: Int) -> [[Cell]] {
    let cells = spans.flatMap { Cell.cells(of: $0.text, style: $0.style) }
    let width = max(1, width)
    guard cells.count > width else { return [cells] }
    let indent = hangingIndent < width / 2 ? hangingIndent : 0
    let margin = [Cell](repeating: .blank, count: indent)
    var rows: [[Cell]] = []
    var start = 0
    while start < cells.count {
      let room = rows.isEmpty ? width : width - indent
      let end = Self.rowEnd(cells, from: start, room: room)
      var row = rows.isEmpty ? [] : margin
      if end == start {
        // A wide character in a pane of one column.
        row.append(Cell("?", style: cells[start].style))
        start += 2
      } else {
        row += cells[start..<end]
        start = end
      }
      if start < cells.count {
        while let last = row.last, last.isBlank { row.removeLast() }
        while start < cells.count, cells[start].isBlank { start += 1 }
      }
      rows.append(row)
    }
    return rows
  }

  /// Where the row that begins at `start` ends; `start` itself if not even one character fits.
  private static func rowEnd(_ cells: [Cell], from start: Int, room: Int) -> Int {
    guard cells.count - start > room else { return cells.count }
    var limit = start + room
    if cells[limit].isSecondHalf { limit -= 1 }
    guard let firstInk = cells[start...].firstIndex(where: { !$0.isBlank }), firstInk < limit else {
      return limit
    }
    var end = limit
    while end > firstInk {
      if mayBreak(before: end, in: cells) { return end }
      end -= 1
    }
    return limit
  }

  private static func mayBreak(before index: Int, in cells: [Cell]) -> Bool {
    guard !cells[index].isSecondHalf else { return false }
    if cells[index].isBlank || cells[index - 1].isBlank { return true }
    return isIdeographic(cells[index])
      || (cells[index - 1].isSecondHalf && isIdeographic(cells[index - 2]))
  }

  private static func isIdeographic(_ cell: Cell) -> Bool {
    guard cell.width == 2 else { return false }
    let value = cell.base.value
    let isHangul = (0xac00...0xd7a3).contains(value) || (0x1100...0x115f).contains(value)
    return !isHangul
  }
}
