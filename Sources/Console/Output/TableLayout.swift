import Pictures

extension Table {
  /// The rows as lines, columns aligned by display width and two blanks apart.
  package func lines(indent: Int = 2) -> [StyledText] {
    let header = columns.map { StyledText($0.title, .faint) }
    let safe = ([header] + rows).map { row in row.map(\.escapingControls) }
    let widths = columns.indices.map { column in
      safe.map { Glyph.width(of: $0[column].plain) }.max() ?? 0
    }
    return safe.map { row in
      var line = StyledText(String(repeating: " ", count: indent))
      for (column, cell) in row.enumerated() {
        let padding = String(
          repeating: " ", count: widths[column] - Glyph.width(of: cell.plain))
        let isLast = column == row.count - 1
        switch columns[column].alignment {
        case .left: line = line + cell + StyledText(isLast ? "" : padding + "  ")
        case .right: line = line + StyledText(padding) + cell + StyledText(isLast ? "" : "  ")
        }
      }
      return line
    }
  }
}

extension StyledText {
  /// Every part with its controls spelled out.
  package var escapingControls: StyledText {
    var text = self
    for index in text.spans.indices { text.spans[index].text = spans[index].text.escapingControls }
    return text
  }
}
