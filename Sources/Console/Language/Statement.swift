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

  /// Reads one line; a multi-line prompt arrives as one line with its newlines.
  package init(_ line: String, origin: Origin) {
    let trimmed = line.drop { $0.isWhitespace && $0 != "\n" }
    guard let first = trimmed.first, !trimmed.allSatisfy(\.isWhitespace) else {
      self = .nothing
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
    case "/" where origin == .prompt && trimmed.dropFirst().first?.isLetter == true:
      self = Statement.command(in: trimmed.dropFirst())
    default:
      self = .text(line)
    }
  }

  private static func command(in text: Substring) -> Statement {
    let verb = text.prefix { !$0.isWhitespace }
    let rest = text.dropFirst(verb.count).drop { $0.isWhitespace && $0 != "\n" }
    return .command(verb: String(verb), rest: String(rest))
  }
}

/// Cuts a script into statements, joining what `"""` opens and closes.
package struct ScriptReader {
  private var open: (text: String, line: Int)?
  private var line = 0

  package init() {}

  /// Whether a multi-line prompt waits for its end.
  package var isOpen: Bool { open != nil }

  /// Takes the next line, without its newline; gives a statement's text and first line once it
  /// is whole.
  package mutating func take(_ text: String) -> (text: String, line: Int)? {
    line += 1
    let marks = text.components(separatedBy: "\"\"\"").count - 1
    if let started = open {
      guard marks > 0 else {
        open = (started.text + "\n" + text, started.line)
        return nil
      }
      open = nil
      let whole = started.text + "\n" + text.replacing("\"\"\"", with: "")
      return (whole, started.line)
    }
    if marks == 1 {
      open = (text.replacing("\"\"\"", with: ""), line)
      return nil
    }
    return (marks > 1 ? text.replacing("\"\"\"", with: "") : text, line)
  }

  /// The line where an unclosed `"""` opened, at the end of a script.
  package var unclosedLine: Int? { open?.line }
}
