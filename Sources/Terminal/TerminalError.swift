/// Why the terminal cannot be used.
package enum TerminalError: Error, Hashable {
  case notATerminal
  case unknownTerminal(String)
  case cursorCannotMove(String)
  case noPipe(reason: String)
}

extension TerminalError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notATerminal:
      "standard input and output are not both a terminal; use --plain or --batch"
    case .unknownTerminal(let name):
      name.isEmpty
        ? "TERM is not set, so nothing is known about the terminal; set it or use --plain"
        : "nothing is known about a terminal called \(name); correct TERM or use --plain"
    case .cursorCannotMove(let name):
      "a terminal called \(name) cannot move its cursor; correct TERM or use --plain"
    case .noPipe(let reason):
      "no pipe for the event loop: \(reason); close other files or use --plain"
    }
  }
}
