/// What can go wrong around the screen.
package enum ScreenError: Error, Hashable {
  case historyUnreadable(path: String, reason: String)
  case historyUnwritable(path: String, reason: String)
}

extension ScreenError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .historyUnreadable(let path, let reason):
      "cannot read the history \(path): \(reason); this session starts without it"
    case .historyUnwritable(let path, let reason):
      "cannot write the history \(path): \(reason); this session's input will not be remembered"
    }
  }
}
