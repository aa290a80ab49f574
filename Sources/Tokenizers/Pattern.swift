/// What a normaliser replaces or a pre-tokenizer splits at.
enum Pattern: Sendable {
  /// These bytes, which are not empty.
  case literal([UInt8])
  case expression(RegularExpression)
  /// Each single scalar with a property.
  case scalars(@Sendable (UInt32) -> Bool)
  /// Runs of word scalars and runs of what is neither word nor white space: the `Whitespace`
  /// pre-tokenizer's `\w+|[^\w\s]+` in the sense of the library that it uses for it.
  case words

  /// Calls `body` with each match, left to right and without overlap.
  func forEachMatch(
    in text: Bytes, search: RegularExpressionSearch, _ body: (Int, Int) -> Void
  ) throws(TokenizerError) {
    switch self {
    case .literal(let needle):
      Self.forEachOccurrence(of: needle, in: text, body)
    case .expression(let expression):
      try search.forEachMatch(of: expression, in: text, body)
    case .scalars(let matches):
      var position = 0
      while position < text.count {
        let (scalar, width) = UTF8Scalars.decode(text, at: position)
        if matches(scalar) { body(position, position + width) }
        position += width
      }
    case .words:
      Self.forEachWord(in: text, body)
    }
  }

  private static func forEachOccurrence(
    of needle: [UInt8], in text: Bytes, _ body: (Int, Int) -> Void
  ) {
    needle.withUnsafeBufferPointer { needle in
      let first = needle[0]
      let last = text.count - needle.count
      var position = 0
      while position <= last {
        if text[position] == first, matches(needle, text, at: position) {
          body(position, position + needle.count)
          position += needle.count
        } else {
          position += 1
        }
      }
    }
  }

  @inline(__always)
  private static func matches(_ needle: Bytes, _ text: Bytes, at position: Int) -> Bool {
    for offset in 1..<max(needle.count, 1) where text[position + offset] != needle[offset] {
      return false
    }
    return true
  }

  private static func forEachWord(in text: Bytes, _ body: (Int, Int) -> Void) {
    enum Kind { case space, word, other }
    var kind = Kind.space
    var start = 0
    var position = 0
    while position < text.count {
      let (scalar, width) = UTF8Scalars.decode(text, at: position)
      let next: Kind =
        UnicodeData.isWhitespace(scalar)
        ? .space : UnicodeData.shared.facts(scalar).contains(.isWord) ? .word : .other
      if next != kind {
        if kind != .space { body(start, position) }
        kind = next
        start = position
      }
      position += width
    }
    if kind != .space { body(start, text.count) }
  }
}

/// Cutting a text where a pattern matches.
struct Splitter: Sendable {
  /// What becomes of the matched pieces; the examples split "a--b" at "-".
  enum Behavior: String, CaseIterable, Sendable {
    /// "a", "b"
    case removed = "Removed"
    /// "a", "-", "-", "b"
    case isolated = "Isolated"
    /// "a-", "-", "b"
    case mergedWithPrevious = "MergedWithPrevious"
    /// "a", "-", "-b"
    case mergedWithNext = "MergedWithNext"
    /// "a", "--", "b"
    case contiguous = "Contiguous"
  }

  /// A stretch of the text, which either matched or lies between matches.
  private struct Stretch {
    var start: Int
    var end: Int
    var isMatch: Bool
  }

  let pattern: Pattern
  let behavior: Behavior
  /// The pattern describes what to keep rather than what to split at.
  let inverted: Bool

  /// The pieces of `text`, in order and not empty.
  func pieces(
    of text: Bytes, search: RegularExpressionSearch
  ) throws(TokenizerError) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    pieces.reserveCapacity(min(text.count / 4, 1 << 16))
    switch behavior {
    case .isolated: try appendStretches(of: text, search, to: &pieces, keepMatches: nil)
    case .removed: try appendStretches(of: text, search, to: &pieces, keepMatches: false)
    default:
      let merged = merge(try stretches(of: text, search))
      pieces.append(contentsOf: merged.lazy.filter { $0.start < $0.end }.map { $0.start..<$0.end })
    }
    return pieces
  }

  /// The common case, without a list of stretches: every one is kept, or those of one kind.
  private func appendStretches(
    of text: Bytes, _ search: RegularExpressionSearch, to pieces: inout [Range<Int>],
    keepMatches: Bool?
  ) throws(TokenizerError) {
    let keepsMatched = keepMatches == nil || inverted
    let keepsOthers = keepMatches == nil || !inverted
    var last = 0
    var found: [Range<Int>] = []
    swap(&found, &pieces)
    try pattern.forEachMatch(in: text, search: search) { start, end in
      if keepsOthers, last < start { found.append(last..<start) }
      if keepsMatched, start < end { found.append(start..<end) }
      last = end
    }
    if keepsOthers, last < text.count { found.append(last..<text.count) }
    swap(&found, &pieces)
  }

  private func stretches(
    of text: Bytes, _ search: RegularExpressionSearch
  ) throws(TokenizerError) -> [Stretch] {
    var stretches: [Stretch] = []
    var last = 0
    try pattern.forEachMatch(in: text, search: search) { start, end in
      if last < start {
        stretches.append(Stretch(start: last, end: start, isMatch: inverted))
      }
      stretches.append(Stretch(start: start, end: end, isMatch: !inverted))
      last = end
    }
    if last < text.count {
      stretches.append(Stretch(start: last, end: text.count, isMatch: inverted))
    }
    return stretches
  }

  private func merge(_ stretches: [Stretch]) -> [Stretch] {
    var merged: [Stretch] = []
    var lastWasMatch = false
    if behavior == .mergedWithNext {
      for stretch in stretches.reversed() {
        if stretch.isMatch, !lastWasMatch, !merged.isEmpty {
          merged[merged.count - 1].start = stretch.start
        } else {
          merged.append(stretch)
        }
        lastWasMatch = stretch.isMatch
      }
      return merged.reversed()
    }
    for stretch in stretches {
      let joins =
        behavior == .contiguous
        ? stretch.isMatch == lastWasMatch : stretch.isMatch && !lastWasMatch
      if joins, !merged.isEmpty {
        merged[merged.count - 1].end = stretch.end
      } else {
        merged.append(stretch)
      }
      lastWasMatch = stretch.isMatch
    }
    return merged
  }
}
