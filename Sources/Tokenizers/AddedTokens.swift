/// A token that is found in the text before the model sees it: `added_tokens` of `tokenizer.json`.
struct AddedToken: Equatable, Sendable {
  var content: [UInt8]
  var id: Int32
  /// How the token is found and decoded: normalised if the token is, else the content.
  var spelling: [UInt8]
  /// Left out of decoded text on request.
  var isSpecial = false
  /// Looked for after normalisation, in its normalised spelling, rather than before.
  var isNormalized = false
  /// Takes the white space on its left with it.
  var stripsLeft = false
  /// Takes the white space on its right with it.
  var stripsRight = false
  /// Counts only where no word character touches it.
  var isSingleWord = false
}

/// The added tokens and the search for them.
struct AddedTokens: Sendable {
  private(set) var tokens: [AddedToken] = []
  /// From id and from content to the place in `tokens`.
  private var indexByID: [Int32: Int] = [:]
  private var indexByContent: [[UInt8]: Int] = [:]
  /// What is found before normalisation, and after: values are places in `tokens`.
  private var plain: Finder?
  private var normalized: Finder?

  private struct Finder: Sendable {
    var trie = ByteTrie()
    /// Whether some token begins with each byte: rules out most positions with one look.
    var begins = [Bool](repeating: false, count: 256)
  }

  /// A stretch of text that is a token, or lies between tokens.
  struct Stretch {
    var range: Range<Int>
    var token: AddedToken?
  }

  func token(id: Int32) -> AddedToken? { indexByID[id].map { tokens[$0] } }

  func token(content: [UInt8]) -> AddedToken? { indexByContent[content].map { tokens[$0] } }

  /// Adds a token.
  ///
  /// - Returns: false if another token is found by the same spelling.
  mutating func add(_ token: AddedToken) -> Bool {
    let spelling = token.spelling
    let index = tokens.count
    tokens.append(token)
    indexByID[token.id] = index
    indexByContent[token.content] = index
    guard !spelling.isEmpty else { return true }
    return token.isNormalized
      ? Self.insert(spelling, index, into: &normalized)
      : Self.insert(spelling, index, into: &plain)
  }

  private static func insert(
    _ spelling: [UInt8], _ index: Int, into finder: inout Finder?
  ) -> Bool {
    var grown = finder ?? Finder()
    // Taken out while it grows: thousands of tokens must not copy the trie each.
    finder = nil
    defer { finder = grown }
    grown.begins[Int(spelling[0])] = true
    return grown.trie.insert(spelling, value: Int32(index)) < 0
  }

  /// The stretches of `text`, in order and covering it.
  ///
  /// - Parameter isNormalized: whether the text has been normalised, which decides for which
  ///   tokens to look.
  func stretches(of text: Bytes, isNormalized: Bool) -> [Stretch] {
    guard !text.isEmpty else { return [] }
    guard let finder = isNormalized ? normalized : plain else {
      return [Stretch(range: 0..<text.count)]
    }
    var stretches: [Stretch] = []
    var covered = 0
    var position = 0
    while position < text.count {
      guard finder.begins[Int(text[position])],
        let match = finder.trie.longest(in: text, at: position)
      else {
        position += 1
        continue
      }
      let token = tokens[Int(match.value)]
      let range = position..<match.end
      position = match.end
      if token.isSingleWord, touchesWord(range, in: text) { continue }
      // Space that the token before took is not looked at again, or a run would cost its square.
      let start =
        token.stripsLeft
        ? max(spaceStart(before: range.lowerBound, from: covered, in: text), covered)
        : range.lowerBound
      let end =
        token.stripsRight
        ? spaceEnd(after: max(range.upperBound, covered), in: text) : range.upperBound
      if covered < start { stretches.append(Stretch(range: covered..<start)) }
      stretches.append(Stretch(range: min(start, end)..<end, token: token))
      covered = end
    }
    if covered < text.count { stretches.append(Stretch(range: covered..<text.count)) }
    return stretches
  }

  private func touchesWord(_ range: Range<Int>, in text: Bytes) -> Bool {
    func isWord(_ scalar: UInt32) -> Bool { UnicodeData.shared.facts(scalar).contains(.isWord) }
    return range.lowerBound > 0 && isWord(UTF8Scalars.decode(text, before: range.lowerBound).scalar)
      || range.upperBound < text.count
        && isWord(UTF8Scalars.decode(text, at: range.upperBound).scalar)
  }

  private func spaceStart(before position: Int, from first: Int, in text: Bytes) -> Int {
    var start = position
    while start > first {
      let (scalar, width) = UTF8Scalars.decode(text, before: start)
      guard UnicodeData.isWhitespace(scalar) else { break }
      start -= width
    }
    return start
  }

  private func spaceEnd(after position: Int, in text: Bytes) -> Int {
    var end = position
    while end < text.count {
      let (scalar, width) = UTF8Scalars.decode(text, at: end)
      guard UnicodeData.isWhitespace(scalar) else { break }
      end += width
    }
    return end
  }
}
