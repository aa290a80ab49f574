import Media
import Pictures

/// What a piece of text is, so that each front end can show it in its own way.
package enum TextRole: Sendable, Equatable {
  case plain, heading, label, number, faint, good, warning, error, code
}

/// Text whose parts know what they are.
package struct StyledText: Sendable, Equatable, ExpressibleByStringLiteral {
  package struct Span: Sendable, Equatable {
    package var text: String
    package var role: TextRole
  }

  package var spans: [Span]

  package init(_ text: String, _ role: TextRole = .plain) {
    spans = [Span(text: text, role: role)]
  }

  package init(stringLiteral text: String) { self.init(text) }

  package init(_ parts: [(String, TextRole)]) {
    spans = parts.map { Span(text: $0.0, role: $0.1) }
  }

  package var plain: String { spans.map(\.text).joined() }

  package static func + (a: StyledText, b: StyledText) -> StyledText {
    var sum = a
    sum.spans += b.spans
    return sum
  }
}

/// Rows under headings, for a front end to align by display width.
package struct Table: Sendable {
  package enum Alignment: Sendable { case left, right }

  package var columns: [(title: String, alignment: Alignment)]
  package var rows: [[StyledText]]

  package init(_ columns: [(String, Alignment)], rows: [[StyledText]] = []) {
    self.columns = columns.map { (title: $0.0, alignment: $0.1) }
    self.rows = rows
  }
}

/// A picture to look at, perhaps under a heat map.
package struct PictureBlock: Sendable {
  package var bitmap: Bitmap
  package var caption: String
  /// Whether a front end without a preview pane draws it among the lines: the user asked to see
  /// it. Otherwise it only accompanies what was asked.
  package var isRequested: Bool

  package init(_ bitmap: Bitmap, caption: String, isRequested: Bool = false) {
    self.bitmap = bitmap
    self.caption = caption
    self.isRequested = isRequested
  }
}

/// Attention over a picture: numbers for those who read, a drawing for those who look.
package struct HeatMapBlock: Sendable {
  package var map: HeatMap
  /// The map laid over its picture.
  package var drawing: Bitmap
  package var caption: String

  package init(map: HeatMap, drawing: Bitmap, caption: String) {
    self.map = map
    self.drawing = drawing
    self.caption = caption
  }
}

/// What a result looks like to a reader: drawn by the plain renderer and by the terminal.
package struct Report: Sendable {
  package enum Block: Sendable {
    case line(StyledText)
    case table(Table)
    /// Shown in the preview pane, or as characters where there is none.
    case picture(PictureBlock)
    /// Shown in the preview pane, or as a ramp of characters where there is none.
    case heatMap(HeatMapBlock)
  }

  package var blocks: [Block]

  package init(_ blocks: [Block] = []) { self.blocks = blocks }
}
