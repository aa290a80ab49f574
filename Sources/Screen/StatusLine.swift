import Pictures

/// One row of facts, of which the less important ones give way when it is narrow.
package final class StatusLine: Component {
  package struct Segment: Hashable, Sendable {
    package var text: String
    package var style: Style
    /// Segments of lower priority vanish first; of equal ones the rightmost.
    package var priority: Int
    /// Whether the segment belongs to the right end.
    package var trailing: Bool

    package init(_ text: String, style: Style = .plain, priority: Int = 0, trailing: Bool = false) {
      self.text = text
      self.style = style
      self.priority = priority
      self.trailing = trailing
    }
  }

  package var segments: [Segment]
  /// The style of the whole row.
  package var style: Style

  package init(_ segments: [Segment] = [], style: Style = .reverse) {
    self.segments = segments
    self.style = style
  }

  private static let separator = "  "

  package func render(into grid: inout Grid, in rect: Rect) {
    let row = rect.split(top: 1).top
    grid.fill(row, with: Cell(" ", style: style))
    let shown = fitting(columns: row.columns - 2)
    var column = 1
    for segment in shown where !segment.trailing {
      column = grid.put(segment.text, row: 0, column: column, in: row, style: merged(segment.style))
      column += Self.separator.utf8.count
    }
    let trailing = shown.filter(\.trailing)
    column = row.columns - 1 - Self.width(of: trailing)
    for segment in trailing {
      column = grid.put(
        segment.text, row: 0, column: max(1, column), in: row, style: merged(segment.style))
      column += Self.separator.utf8.count
    }
  }

  /// The segments that fit, in their order. The most important one stays even when it is cut.
  func fitting(columns: Int) -> [Segment] {
    var shown = segments.filter { !$0.text.isEmpty }
    while shown.count > 1, Self.width(of: shown) > columns {
      var victim = shown.count - 1
      for index in shown.indices.reversed() where shown[index].priority < shown[victim].priority {
        victim = index
      }
      shown.remove(at: victim)
    }
    return shown
  }

  private static func width(of segments: [Segment]) -> Int {
    let texts = segments.reduce(0) { $0 + Glyph.width(of: $1.text) }
    return texts + max(0, segments.count - 1) * separator.utf8.count
  }

  private func merged(_ own: Style) -> Style {
    Style(
      foreground: own.foreground == .standard ? style.foreground : own.foreground,
      background: own.background == .standard ? style.background : own.background,
      own.attributes.union(style.attributes))
  }
}
