/// `cat + {pic} - dog in photos`, read: what to look for, and where.
///
/// `+` and `-` are operators only as words by themselves, and unquoted. The last unquoted `in`
/// splits. `{name}` is a staged picture, and a term by itself; `\{` is a brace.
struct SearchQuery: Equatable, Sendable {
  enum Content: Equatable, Sendable {
    case text(String)
    case picture(name: String)
  }

  struct Term: Equatable, Sendable {
    let isAdded: Bool
    let content: Content
  }

  let terms: [Term]
  let folder: String

  /// - Throws: ``SyntaxError`` at the column where it goes wrong.
  init(_ words: [Word]) throws(SyntaxError) {
    guard let split = words.lastIndex(where: { $0.text == "in" && !$0.isQuoted }) else {
      throw SyntaxError(message: "`in FOLDER` is missing", column: SearchQuery.end(of: words))
    }
    let rest = words[(split + 1)...]
    guard let folder = rest.first, rest.count == 1 else {
      throw SyntaxError(
        message: rest.isEmpty ? "`in` needs a folder" : "the folder is one word; quote it",
        column: SearchQuery.end(of: words[...split]))
    }
    self.folder = folder.text
    terms = try SearchQuery.terms(words[..<split])
  }

  private static func end(of words: some Sequence<Word>) -> Int {
    words.reduce(0) { max($0, $1.range.upperBound) } + 1
  }

  private static func terms(_ words: ArraySlice<Word>) throws(SyntaxError) -> [Term] {
    var terms: [Term] = []
    var isAdded = true
    var part: [Word] = []
    var isOpen = false
    for word in words {
      guard word.isOperator else {
        part.append(word)
        continue
      }
      // A sign may begin the query; anywhere else it needs a term before it.
      if !part.isEmpty {
        terms.append(Term(isAdded: isAdded, content: try content(part)))
      } else if isOpen || !terms.isEmpty {
        throw SyntaxError(
          message: "a term is missing before \(word.text)", column: word.range.lowerBound + 1)
      }
      isAdded = word.text == "+"
      part = []
      isOpen = true
    }
    guard !part.isEmpty else {
      throw SyntaxError(message: "a term is missing", column: end(of: words))
    }
    return terms + [Term(isAdded: isAdded, content: try content(part))]
  }

  private static func content(_ words: [Word]) throws(SyntaxError) -> Content {
    if words.count == 1, !words[0].isQuoted, let name = words[0].text.bracedName {
      return .picture(name: name)
    }
    if let stray = words.first(where: { !$0.isQuoted && $0.text.bracedName != nil }) {
      throw SyntaxError(
        message: "\(stray.text) is a picture, and a term by itself: put + or - around it",
        column: stray.range.lowerBound + 1)
    }
    return .text(
      words.map { $0.isQuoted ? $0.text : $0.text.replacing("\\{", with: "{") }
        .joined(separator: " "))
  }
}

extension Word {
  fileprivate var isOperator: Bool { (text == "+" || text == "-") && !isQuoted }
}

extension String {
  /// The name between braces that are the whole text, nil when they hold anything but a name.
  fileprivate var bracedName: String? {
    guard hasPrefix("{"), hasSuffix("}") else { return nil }
    let name = dropFirst().dropLast()
    let isName = name.unicodeScalars.allSatisfy { scalar in
      scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic
        || scalar.properties.numericType != nil
    }
    return name.isEmpty || !isName ? nil : String(name)
  }
}
