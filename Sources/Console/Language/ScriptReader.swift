/// Cuts a script into statements, joining the lines between `"""` and `"""`.
///
/// A mark opens where a line begins with it, or right after a verb, and closes where a line ends
/// with it: anywhere else, and in comments, it is text like any other.
package struct ScriptReader {
  /// One statement as it stands in a script.
  package struct Line: Equatable, Sendable {
    package let text: String
    /// The number of its first line, from 1.
    package let number: Int
  }

  private var open: (lines: [String], number: Int)?
  private var number = 0

  package init() {}

  /// Whether a multi-line prompt waits for its end.
  package var isOpen: Bool { open != nil }

  /// The line where an unclosed `"""` opened, at the end of a script.
  package var unclosedLine: Int? { open?.number }

  /// Takes the next line, without its newline; gives a statement once it is whole.
  package mutating func take(_ text: String) -> Line? {
    number += 1
    if let started = open?.number {
      open?.lines.append(text)
      guard ScriptReader.closes(text), let lines = open?.lines else { return nil }
      open = nil
      return Line(text: lines.joined(separator: "\n"), number: started)
    }
    if let inside = ScriptReader.opening(in: text), !ScriptReader.closes(inside) {
      open = ([text], number)
      return nil
    }
    return Line(text: text, number: number)
  }

  /// What stands behind an opening mark.
  private static func opening(in line: String) -> Substring? {
    var text = line.drop(while: \.isWhitespace)
    if text.first == ":" {
      text = text.drop { !$0.isWhitespace }.drop(while: \.isWhitespace)
    }
    return text.hasPrefix(Fence.mark) ? text.dropFirst(Fence.mark.count) : nil
  }

  private static func closes(_ text: some StringProtocol) -> Bool {
    text.lastIndex { !$0.isWhitespace }.map { text[...$0].hasSuffix(Fence.mark) } ?? false
  }

  /// Every statement of a script, blank lines and comments included. Lines end in LF or CR LF.
  ///
  /// - Throws: ``UnclosedFence`` when a `"""` stays open.
  static func lines(of script: String) throws(UnclosedFence) -> [Line] {
    var reader = ScriptReader()
    var lines: [Line] = []
    // On scalars: Swift holds CR LF to be one character.
    for line in script.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) {
      let text = String(String.UnicodeScalarView(line.last == "\r" ? line.dropLast() : line))
      if let statement = reader.take(text) { lines.append(statement) }
    }
    if let line = reader.unclosedLine { throw UnclosedFence(line: line) }
    return lines
  }

  /// What was typed or pasted at once, as statements: a command ends where a line begins another, and
  /// comments among commands are none of their words. Text to be sent stays whole, whatever its lines
  /// begin with.
  package static func statements(typed text: String) -> [String] {
    guard let lines = try? lines(of: text).map(\.text),
      lines.first(where: { !isBlankOrComment($0) }).map(beginsCommand) == true
    else { return [text] }
    var statements: [String] = []
    for line in lines where !isBlankOrComment(line) {
      if statements.isEmpty || beginsCommand(line) {
        statements.append(line)
      } else {
        statements[statements.count - 1] += "\n" + line
      }
    }
    return statements
  }

  private static func beginsCommand(_ line: String) -> Bool {
    let text = line.drop(while: \.isWhitespace)
    return text.first == "!" || text.first == ":" && !text.hasPrefix("::")
  }

  private static func isBlankOrComment(_ line: String) -> Bool {
    line.first { !$0.isWhitespace }.map { $0 == "#" } ?? true
  }

  /// A script whose last `"""` opens and does not close.
  struct UnclosedFence: Error, Equatable {
    let line: Int
  }
}
