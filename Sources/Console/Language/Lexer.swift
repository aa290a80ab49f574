/// Splits a line into words: on blanks, with `"…"` knowing `\"`, `\\` and `\n`.
///
/// A pure function of its text; it knows no verb.
struct Lexer {
  private let characters: [Character]
  private let separatesLabels: Bool
  private var position = 0

  /// - Parameter separatesLabels: an unquoted `|` is a word by itself, blanks or not.
  init(_ text: some StringProtocol, separatesLabels: Bool = false) {
    characters = Array(text)
    self.separatesLabels = separatesLabels
  }

  static func words(
    of text: some StringProtocol, separatesLabels: Bool = false
  ) throws(SyntaxError) -> [Word] {
    var lexer = Lexer(text, separatesLabels: separatesLabels)
    var words: [Word] = []
    while let word = try lexer.next() { words.append(word) }
    return words
  }

  private mutating func next() throws(SyntaxError) -> Word? {
    while position < characters.count, characters[position].isWhitespace { position += 1 }
    guard position < characters.count else { return nil }
    let start = position
    if separatesLabels, characters[position] == "|" {
      position += 1
      return Word(text: "|", range: start..<position, isQuoted: false, equals: nil)
    }
    var text = ""
    var isQuoted = false
    var equals: Int?
    while position < characters.count {
      let character = characters[position]
      if character.isWhitespace || (separatesLabels && character == "|") { break }
      position += 1
      if character == "\"" {
        isQuoted = true
        text += try quotedText(from: position - 1)
      } else {
        if character == "=", equals == nil, !isQuoted { equals = text.count }
        text.append(character)
      }
    }
    var word = Word(text: text, range: start..<position, isQuoted: isQuoted, equals: equals)
    word.startsQuoted = characters[start] == "\""
    return word
  }

  /// What stands up to the closing quote.
  private mutating func quotedText(from opening: Int) throws(SyntaxError) -> String {
    var text = ""
    while position < characters.count {
      let character = characters[position]
      position += 1
      switch character {
      case "\"":
        return text
      case "\\" where position < characters.count:
        let escaped = characters[position]
        switch escaped {
        case "\"", "\\": text.append(escaped)
        case "n": text.append("\n")
        default: text += "\\" + String(escaped)
        }
        position += 1
      default:
        text.append(character)
      }
    }
    throw SyntaxError(message: "the quote opened here is not closed", column: opening + 1)
  }
}
