/// A piece of text in one style.
package struct Span: Hashable, Sendable {
  package var text: String
  package var style: Style

  package init(_ text: String, _ style: Style = .plain) {
    self.text = text
    self.style = style
  }
}

/// One line of output before it is broken to the width of a pane.
package struct StyledLine: Hashable, Sendable {
  package var spans: [Span]
  /// How many columns the continuation rows are indented by.
  package var hangingIndent: Int

  package init(_ spans: [Span] = [], hangingIndent: Int = 0) {
    self.spans = spans
    self.hangingIndent = max(0, hangingIndent)
  }

  package init(_ text: String, _ style: Style = .plain) {
    self.init([Span(text, style)])
  }

  /// The text without its styles.
  package var text: String { spans.map(\.text).joined() }

  /// A rough measure of the memory the line holds.
  var bytes: Int { spans.reduce(64) { $0 + $1.text.utf8.count + 48 } }
}
