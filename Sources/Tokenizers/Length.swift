/// How a file wants texts cut: `truncation` of `tokenizer.json`.
package struct Truncation: Equatable, Sendable {
  package enum Strategy: String, CaseIterable, Sendable {
    case longestFirst = "LongestFirst"
    case onlyFirst = "OnlyFirst"
    /// Concerns the second text of a pair, so a single text that is too long is an error.
    case onlySecond = "OnlySecond"
  }

  /// Tokens that remain, special ones included.
  package var maxLength: Int
  package var strategy = Strategy.longestFirst
  /// Whether the beginning of the text goes rather than its end.
  package var cutsLeft = false
}

/// How a file wants texts brought to a common length: `padding` of `tokenizer.json`.
package struct Padding: Equatable, Sendable {
  /// The length of every text; nil for that of the longest in a batch.
  package var fixedLength: Int?
  /// Lengths are rounded up to a multiple of this.
  package var multiple: Int?
  package var id: Int32
  /// Whether the padding goes before the text rather than after it.
  package var padsLeft = false
}

/// To which length a text is encoded.
package enum Length: Equatable, Sendable {
  /// All of its tokens, whatever the file says about truncation.
  case full
  /// At most so many tokens, the special ones among them: the end of the text is cut.
  case atMost(Int)
  /// What the file says about truncation; the same as `full` if it says nothing.
  case declared
}
