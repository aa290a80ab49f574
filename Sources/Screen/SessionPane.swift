import Pictures

/// The session's output: it stays at the bottom until it is scrolled.
package final class SessionPane: Component {
  package private(set) var scrollback: Scrollback
  /// Shown by a mark in the pane's last row, so that one sees where the arrows go.
  package var isFocused = false
  /// The size it was last drawn at, which scrolling needs.
  private var width = 80
  private var height = 24
  /// Whether something was added while the view was scrolled away.
  private var hasNews = false

  package init(scrollback: Scrollback = Scrollback()) { self.scrollback = scrollback }

  /// Adds a line.
  package func append(_ line: StyledLine) {
    scrollback.append(.line(line))
    hasNews = !scrollback.isAtBottom
  }

  /// Adds a picture.
  package func append(_ picture: CellPicture) {
    scrollback.append(.picture(picture))
    hasNews = !scrollback.isAtBottom
  }

  /// Adds text to the line that is still being written; `\n` begins another.
  package func extend(_ text: String, style: Style = .plain) {
    let parts = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if index > 0 { scrollback.append(.line(StyledLine())) }
      if !part.isEmpty { scrollback.extendLastLine([Span(String(part), style)]) }
    }
    hasNews = !scrollback.isAtBottom
  }

  package func scrollToBottom() {
    scrollback.scrollToBottom()
    hasNews = false
  }

  /// Carries out a scrolling action; false for any other.
  package func perform(_ action: Action) -> Bool {
    let page = max(1, height - 1)
    switch action {
    case .scrollPageUp: scrollback.scroll(by: -page, width: width, height: height)
    case .scrollPageDown: scrollback.scroll(by: page, width: width, height: height)
    case .scrollUp: scrollback.scroll(by: -1, width: width, height: height)
    case .scrollDown: scrollback.scroll(by: 1, width: width, height: height)
    case .scrollToTop: scrollback.scrollToTop(width: width, height: height)
    case .scrollToBottom: scrollback.scrollToBottom()
    default: return false
    }
    if scrollback.isAtBottom { hasNews = false }
    return true
  }

  package func handle(_ event: InputEvent) -> Bool {
    guard isFocused, let action = Keymap.standard(.pane).action(for: event) else { return false }
    if action == .focusNext {
      isFocused = false
      return true
    }
    return perform(action)
  }

  package func render(into grid: inout Grid, in rect: Rect) {
    width = max(1, rect.columns)
    height = max(1, rect.rows)
    grid.fill(rect)
    let rows = scrollback.visibleRows(width: width, height: height)
    for (index, row) in rows.enumerated() { grid.put(cells: row, row: index, in: rect) }
    if let mark {
      let last = rect.split(bottom: 1).bottom
      let column = max(0, rect.columns - Glyph.width(of: mark))
      grid.put(mark, row: 0, column: column, in: last, style: .reverse)
    }
  }

  private var mark: String? {
    switch (scrollback.isAtBottom, isFocused) {
    case (true, true): " arrows scroll, Esc returns "
    case (true, false): nil
    case (false, true): hasNews ? " more below: End " : " scrolled: End "
    case (false, false): hasNews ? " more below: PageDown " : " scrolled: PageDown "
    }
  }
}
