import Screen

/// Events written as text: `abc<C-a><A-f><S-tab><left>`; `<lt>` is `<`.
func keys(_ script: String) -> [InputEvent] {
  let named: [String: Key] = [
    "enter": .enter, "tab": .tab, "esc": .escape, "bs": .backspace, "del": .delete, "up": .up,
    "down": .down, "left": .left, "right": .right, "home": .home, "end": .end,
    "pgup": .pageUp, "pgdn": .pageDown, "lt": .scalar("<"), "space": .scalar(" "),
  ]
  var events: [InputEvent] = []
  var rest = Substring(script)
  while let first = rest.unicodeScalars.first {
    guard first == "<", let end = rest.firstIndex(of: ">") else {
      events.append(.key(.plain(first)))
      rest = Substring(rest.unicodeScalars.dropFirst())
      continue
    }
    var name = String(rest[rest.index(after: rest.startIndex)..<end])
    rest = rest[rest.index(after: end)...]
    var modifiers: KeyEvent.Modifiers = []
    while name.count > 2, name.dropFirst().first == "-" {
      switch name.removeFirst() {
      case "C": modifiers.insert(.control)
      case "A": modifiers.insert(.alt)
      default: modifiers.insert(.shift)
      }
      name.removeFirst()
    }
    let key = named[name] ?? .scalar(name.unicodeScalars.first ?? "?")
    events.append(.key(KeyEvent(key, modifiers)))
  }
  return events
}

extension Component {
  /// Feeds events and answers whether each was taken.
  @discardableResult
  func type(_ script: String) -> [Bool] { keys(script).map { handle($0) } }
}

/// A component drawn on a screen of its own.
func draw(_ component: some Component, rows: Int, columns: Int) -> Grid {
  var grid = Grid(rows: rows, columns: columns)
  component.render(into: &grid, in: grid.bounds)
  return grid
}
