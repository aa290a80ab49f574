/// What one line of input asks for, before any verb is looked up.
package enum Statement: Equatable, Sendable {
  /// Blank, or a comment.
  case nothing
  /// `:verb rest`.
  case command(verb: String, rest: String)
  /// Bare text: a prompt for a model that answers.
  case text(String)
  /// `!command`.
  case shell(String)

  /// Where a line was typed decides what its first characters mean.
  package enum Origin: Sendable {
    case prompt, script
  }

  /// Reads one statement; one of several lines arrives with its newlines.
  package init(_ line: String, origin: Origin) {
    let trimmed = line.drop(while: \.isWhitespace)
    guard let first = trimmed.first else {
      self = .nothing
      return
    }
    if let text = Fence.content(of: trimmed) {
      self = text.isEmpty ? .nothing : .text(text)
      return
    }
    switch first {
    case "#" where origin == .script:
      self = .nothing
    case "!":
      self = .shell(String(trimmed.dropFirst()))
    case ":" where trimmed.hasPrefix("::"):
      self = .text(String(trimmed.dropFirst(trimmed.hasPrefix("::/") ? 2 : 1)))
    case ":":
      self = Statement.command(in: trimmed.dropFirst())
    case "/" where origin == .prompt && Statement.beginsVerb(trimmed.dropFirst()):
      self = Statement.command(in: trimmed.dropFirst())
    default:
      self = .text(line)
    }
  }

  private static func beginsVerb(_ text: Substring) -> Bool {
    text.first.map { $0.isLetter || $0 == "?" } ?? false
  }

  private static func command(in text: Substring) -> Statement {
    let verb = text.prefix { !$0.isWhitespace }
    let rest = text.dropFirst(verb.count).drop(while: \.isWhitespace)
    return .command(verb: String(verb), rest: String(rest))
  }

  /// A line of a script that reads as this statement.
  package var line: String {
    switch self {
    case .nothing: return ""
    case .command(let verb, let rest):
      let line = rest.isEmpty ? ":\(verb)" : ":\(verb) \(rest)"
      // Several lines, or a mark that nothing closes, are one statement only between marks.
      let isWhole = (try? ScriptReader.lines(of: line))?.map(\.text) == [line]
      return isWhole ? line : ":\(verb) \(Fence.mark)\n\(rest)\n\(Fence.mark)"
    case .shell(let command): return "!" + command
    case .text(let text):
      if text.contains(where: \.isNewline) { return "\"\"\"\n\(text)\n\"\"\"" }
      let isPlain = Statement(text, origin: .script) == self
        && !text.drop(while: \.isWhitespace).hasPrefix(Fence.mark)
      return isPlain ? text : Fence.mark + text + Fence.mark
    }
  }

  /// What a record calls this statement when no verb was found.
  var verb: String {
    switch self {
    case .nothing: ""
    case .command(let verb, _): verb
    case .text: "ask"
    case .shell: "!"
    }
  }
}

/// `"""` around a text of any number of lines. The line breaks right inside do not belong to it.
enum Fence {
  static let mark = "\"\"\""

  /// What stands between the marks, nil when the text does not begin and end with them.
  static func content(of text: some StringProtocol) -> String? {
    let end = text.lastIndex { !$0.isWhitespace }
    guard let end, text.hasPrefix(mark) else { return nil }
    let trimmed = text[...end]
    guard trimmed.hasSuffix(mark), trimmed.count >= 2 * mark.count else { return nil }
    var inner = trimmed.dropFirst(mark.count).dropLast(mark.count)
    if inner.first?.isNewline == true { inner.removeFirst() }
    if inner.last?.isNewline == true { inner.removeLast() }
    return String(inner)
  }
}
