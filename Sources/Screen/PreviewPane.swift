import Pictures

/// A picture that can be drawn at any size, for panes that do not know theirs beforehand.
package struct ScalablePicture: Sendable {
  /// Draws the picture within a number of columns and rows, keeping its proportions.
  package let draw: @Sendable (_ columns: Int, _ rows: Int) -> CellPicture

  package init(_ draw: @escaping @Sendable (_ columns: Int, _ rows: Int) -> CellPicture) {
    self.draw = draw
  }

  /// A picture of one size, cut where a pane is smaller.
  package init(_ picture: CellPicture) {
    self.init { _, _ in picture }
  }
}

/// One picture, centred, above its caption.
package final class PreviewPane: Component {
  package var caption = StyledLine()
  /// The picture at the sizes last asked for, so that a frame in which nothing changed draws
  /// nothing again; measuring and showing may ask for two sizes.
  private var drawn: [(columns: Int, rows: Int, picture: CellPicture)] = []
  private var source: ScalablePicture?

  package init() {}

  package var isEmpty: Bool { source == nil }

  package func show(_ picture: ScalablePicture?, caption: StyledLine = StyledLine()) {
    source = picture
    self.caption = caption
    drawn = []
  }

  /// The rows that the picture and its caption need at a width, at most `limit`.
  package func rows(width: Int, limit: Int) -> Int {
    guard limit > 0, let picture = picture(columns: width, rows: limit - captionRows(width)) else {
      return 0
    }
    return min(limit, picture.rows + captionRows(width))
  }

  package func render(into grid: inout Grid, in rect: Rect) {
    grid.fill(rect)
    let captionCount = min(rect.rows, captionRows(rect.columns))
    let (above, below) = rect.split(bottom: captionCount)
    if let picture = picture(columns: above.columns, rows: above.rows) {
      let left = max(0, (above.columns - picture.columns) / 2)
      let top = max(0, (above.rows - picture.rows) / 2)
      grid.draw(picture, in: above.split(left: left).rest.split(top: top).rest)
    }
    for (index, row) in caption.rows(width: below.columns).prefix(captionCount).enumerated() {
      let ink = row.count
      let left = max(0, (below.columns - ink) / 2)
      grid.put(cells: row, row: index, column: left, in: below)
    }
  }

  private func captionRows(_ width: Int) -> Int {
    caption.spans.isEmpty ? 0 : min(3, caption.rows(width: max(1, width)).count)
  }

  private func picture(columns: Int, rows: Int) -> CellPicture? {
    guard let source, columns > 0, rows > 0 else { return nil }
    if let known = drawn.first(where: { $0.columns == columns && $0.rows == rows }) {
      return known.picture
    }
    let picture = source.draw(columns, rows)
    drawn = [(columns, rows, picture)] + drawn.prefix(1)
    return picture
  }
}
