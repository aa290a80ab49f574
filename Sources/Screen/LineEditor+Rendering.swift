import Pictures

extension LineEditor {
  /// The rows of the input at a width, and the cursor in them.
  struct Layout {
    var rows: [[Cell]] = [[]]
    var cursor = Position(row: 0, column: 0)
  }

  /// How many rows the input would like at a width.
  package func rowCount(width: Int) -> Int { layout(width: width).rows.count }

  /// Text is broken at the last column, not at words, so that it does not jump while it is typed. A
  /// wide character never straddles the edge, and the cursor always has a cell of its own.
  ///
  /// The last layout is kept: a frame asks for it several times, and a pasted text may be long.
  func layout(width: Int) -> Layout {
    if let known, known.width == width, known.prompt == shownPrompt, known.buffer == buffer {
      return known.layout
    }
    let layout = makeLayout(width: max(2, width))
    known = (width, shownPrompt, buffer, layout)
    return layout
  }

  private func makeLayout(width: Int) -> Layout {
    var layout = Layout()
    for cell in Cell.cells(of: shownPrompt, style: .bold) {
      place([cell], width: width, in: &layout)
    }
    let continuation = Cell.cells(of: "… ", style: .dim)
    for (index, character) in buffer.characters.enumerated() {
      if index == buffer.cursor { layout.cursor = end(of: &layout, width: width) }
      if character.isNewline {
        layout.rows.append(width > 8 ? continuation : [])
        continue
      }
      var cells: [Cell] = []
      Cell.append(character, style: .plain, to: &cells)
      place(cells, width: width, in: &layout)
    }
    if buffer.cursor == buffer.characters.count {
      layout.cursor = end(of: &layout, width: width)
    }
    return layout
  }

  private var shownPrompt: String {
    guard let search else { return prompt }
    let failed = search.found == nil && !search.query.isEmpty
    return (failed ? "no match `" : "search `") + search.query + "`: "
  }

  private func place(_ cells: [Cell], width: Int, in layout: inout Layout) {
    for cell in cells {
      // The second half of a wide character always fits behind the first.
      let needed = cell.width == 2 ? 2 : cell.isSecondHalf ? 0 : 1
      if layout.rows[layout.rows.count - 1].count + needed > width { layout.rows.append([]) }
      layout.rows[layout.rows.count - 1].append(cell)
    }
  }

  /// The place after what has been laid out, on a new row when the last is full.
  private func end(of layout: inout Layout, width: Int) -> Position {
    if layout.rows[layout.rows.count - 1].count >= width { layout.rows.append([]) }
    return Position(row: layout.rows.count - 1, column: layout.rows[layout.rows.count - 1].count)
  }

  package func render(into grid: inout Grid, in rect: Rect) {
    grid.fill(rect)
    let layout = layout(width: rect.columns)
    scroll(to: layout, height: rect.rows)
    for (index, row) in layout.rows.dropFirst(firstRow).prefix(rect.rows).enumerated() {
      grid.put(cells: row, row: index, in: rect)
    }
  }

  package func cursor(in rect: Rect) -> Position? {
    let layout = layout(width: rect.columns)
    scroll(to: layout, height: rect.rows)
    return Position(
      row: rect.row + layout.cursor.row - firstRow,
      column: rect.column + min(layout.cursor.column, rect.columns - 1))
  }

  /// Keeps the cursor's row in view.
  private func scroll(to layout: Layout, height: Int) {
    let last = max(0, layout.rows.count - height)
    firstRow = min(firstRow, last, layout.cursor.row)
    firstRow = max(firstRow, layout.cursor.row - max(0, height - 1))
  }
}

/// The list of completions above the input line.
package final class CompletionPopup: Component {
  private let editor: LineEditor
  static let rowLimit = 8

  package init(_ editor: LineEditor) { self.editor = editor }

  /// The rows the list needs; 0 while there is none.
  package var rowCount: Int { min(Self.rowLimit, editor.completions?.items.count ?? 0) }

  package func render(into grid: inout Grid, in rect: Rect) {
    guard let list = editor.completions, !list.items.isEmpty else { return }
    let height = min(rect.rows, rowCount)
    guard height > 0 else { return }
    let selected = list.selected ?? 0
    let first = max(0, min(selected - height / 2, list.items.count - height))
    let shown = list.items[first..<first + height]
    let labels = shown.map { Glyph.width(of: $0.label) }.max() ?? 0
    let notes = shown.map { Glyph.width(of: $0.note) }.max() ?? 0
    let width = min(rect.columns, labels + 2 + (notes > 0 ? notes + 1 : 0))
    let area = rect.split(bottom: height).bottom.split(left: width).left
    for (index, item) in shown.enumerated() {
      let isSelected = list.selected == first + index
      let style: Style = isSelected ? .reverse : Style(.dim)
      let row = area.split(top: index).rest.split(top: 1).top
      grid.fill(row, with: Cell(" ", style: style))
      grid.put(item.label, row: 0, column: 1, in: row, style: isSelected ? .reverse : .plain)
      grid.put(item.note, row: 0, column: labels + 2, in: row, style: style)
    }
  }
}
