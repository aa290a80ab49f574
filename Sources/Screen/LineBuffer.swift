/// A text with a cursor, edited by whole characters (grapheme clusters).
///
/// The text may hold several lines. Nothing here knows how it is shown.
package struct LineBuffer: Hashable, Sendable {
  package private(set) var characters: [Character]
  /// The number of characters before the cursor.
  package private(set) var cursor: Int
  /// What was cut last.
  private var cut: String = ""

  /// The most bytes a text may have: more than any prompt, little enough to edit smoothly.
  package static let byteLimit = 1 << 20

  package init(_ text: String = "") {
    characters = Array(text)
    cursor = characters.count
  }

  package var text: String { String(characters) }
  package var isEmpty: Bool { characters.isEmpty }

  /// The UTF-8 bytes before the cursor.
  package var cursorOffset: Int { characters[..<cursor].reduce(0) { $0 + $1.utf8.count } }

  /// Replaces everything and puts the cursor at the end.
  package mutating func replace(with text: String) {
    characters = Array(text)
    cursor = characters.count
  }

  /// Inserts at the cursor. A combining mark joins the character before it.
  ///
  /// - Returns: false, with nothing changed, when the text would grow over ``byteLimit``.
  @discardableResult
  package mutating func insert(_ text: String) -> Bool {
    guard !text.isEmpty else { return true }
    guard characters.reduce(text.utf8.count, { $0 + $1.utf8.count }) <= Self.byteLimit else {
      return false
    }
    splice(cursor..<cursor, with: text)
    return true
  }

  /// Replaces the characters that lie in a range of UTF-8 offsets; a bound inside a character
  /// counts as the end of it.
  package mutating func replace(utf8Range: Range<Int>, with text: String) {
    let lower = index(utf8Offset: utf8Range.lowerBound)
    let upper = index(utf8Offset: utf8Range.upperBound)
    splice(lower..<max(lower, upper), with: text)
  }

  /// Puts the cursor behind a UTF-8 offset.
  package mutating func move(toUTF8Offset offset: Int) { cursor = index(utf8Offset: offset) }

  private func index(utf8Offset: Int) -> Int {
    var offset = 0
    for index in characters.indices {
      if offset >= utf8Offset { return index }
      offset += characters[index].utf8.count
    }
    return characters.count
  }

  /// Replaces characters by a text and puts the cursor behind it, on a boundary of the new whole:
  /// the neighbours are segmented again, because a mark may join what now stands before it.
  private mutating func splice(_ range: Range<Int>, with text: String) {
    let before = range.lowerBound > 0 ? String(characters[range.lowerBound - 1]) : ""
    let after = range.upperBound < characters.count ? String(characters[range.upperBound]) : ""
    let first = before.isEmpty ? range.lowerBound : range.lowerBound - 1
    let last = after.isEmpty ? range.upperBound : range.upperBound + 1
    let joined = Array(before + text + after)
    let scalarsBefore = before.unicodeScalars.count + text.unicodeScalars.count
    characters.replaceSubrange(first..<last, with: joined)
    cursor = first
    var scalars = 0
    for character in joined where scalars < scalarsBefore {
      scalars += character.unicodeScalars.count
      cursor += 1
    }
  }

  // MARK: Moving

  package mutating func moveLeft() { cursor = max(0, cursor - 1) }
  package mutating func moveRight() { cursor = min(characters.count, cursor + 1) }
  package mutating func moveWordLeft() { cursor = wordStart }
  package mutating func moveWordRight() { cursor = wordEnd }
  package mutating func moveToLineStart() { cursor = lineStart }
  package mutating func moveToLineEnd() { cursor = lineEnd }

  /// Moves to the line above or below, keeping the column of characters; false at the edge.
  package mutating func moveLine(by delta: Int) -> Bool {
    let column = cursor - lineStart
    let saved = cursor
    if delta < 0 {
      guard lineStart > 0 else { return false }
      cursor = lineStart - 1
    } else {
      guard lineEnd < characters.count else { return false }
      cursor = lineEnd + 1
    }
    guard cursor != saved || delta < 0 else { return false }
    cursor = min(lineStart + column, lineEnd)
    return true
  }

  // MARK: Deleting

  package mutating func deleteBackward() { delete(max(0, cursor - 1)..<cursor, cutting: false) }
  package mutating func deleteForward() {
    delete(cursor..<min(characters.count, cursor + 1), cutting: false)
  }
  package mutating func deleteWordBackward() { delete(wordStart..<cursor, cutting: true) }
  package mutating func deleteWordForward() { delete(cursor..<wordEnd, cutting: true) }
  package mutating func killToLineStart() { delete(lineStart..<cursor, cutting: true) }

  /// Cuts to the end of the line, or joins the next line when already there.
  package mutating func killToLineEnd() {
    let end = lineEnd == cursor ? min(characters.count, cursor + 1) : lineEnd
    delete(cursor..<end, cutting: true)
  }

  package mutating func yank() { insert(cut) }

  private mutating func delete(_ range: Range<Int>, cutting: Bool) {
    guard !range.isEmpty else { return }
    if cutting { cut = String(characters[range]) }
    splice(range, with: "")
  }

  // MARK: Boundaries

  private var lineStart: Int {
    characters[..<cursor].lastIndex { $0.isNewline }.map { $0 + 1 } ?? 0
  }

  private var lineEnd: Int {
    characters[cursor...].firstIndex { $0.isNewline } ?? characters.count
  }

  private func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }

  private var wordStart: Int {
    var index = cursor
    while index > 0, !isWord(characters[index - 1]) { index -= 1 }
    while index > 0, isWord(characters[index - 1]) { index -= 1 }
    return index
  }

  private var wordEnd: Int {
    var index = cursor
    while index < characters.count, !isWord(characters[index]) { index += 1 }
    while index < characters.count, isWord(characters[index]) { index += 1 }
    return index
  }
}
