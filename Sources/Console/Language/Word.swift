/// One blank-separated word of a command line, its quotes already taken off.
package struct Word: Equatable, Sendable {
  /// What the word means: `"a \"b\""` is `a "b"`.
  package var text: String
  /// Where it stands in the line, quotes included, in characters.
  package let range: Range<Int>
  /// Whether any part of it was quoted, which makes it literal.
  package let isQuoted: Bool
  /// Whether a quote is its first character: then a leading `@` is part of a label.
  var startsQuoted = false
  /// Where in `text` the first unquoted `=` stands, in characters.
  var equals: Int?

  /// The halves of `key=value`, where the key and the sign are unquoted.
  var assignment: (key: String, value: String)? {
    guard let equals, equals > 0 else { return nil }
    return (String(text.prefix(equals)), String(text.dropFirst(equals + 1)))
  }

  /// An unquoted `|`, which separates labels.
  var isSeparator: Bool { text == "|" && !isQuoted }
}

/// A line that cannot be read as a command.
package struct SyntaxError: Error, Equatable {
  package let message: String
  /// The column where it went wrong, from 1.
  package let column: Int
}
