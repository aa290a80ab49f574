/// A key, whatever bytes a terminal sends for it.
package enum Key: Hashable, Sendable {
  case scalar(Unicode.Scalar)
  case enter, tab, escape, backspace, delete, insert
  case up, down, left, right, home, end, pageUp, pageDown
  case function(Int)
}

/// A key with its modifiers.
package struct KeyEvent: Hashable, Sendable {
  package struct Modifiers: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let control = Modifiers(rawValue: 1)
    package static let alt = Modifiers(rawValue: 2)
    package static let shift = Modifiers(rawValue: 4)
  }

  package let key: Key
  package let modifiers: Modifiers

  package init(_ key: Key, _ modifiers: Modifiers = []) {
    self.key = key
    self.modifiers = modifiers
  }

  package static func plain(_ key: Key) -> KeyEvent { KeyEvent(key) }
  package static func plain(_ scalar: Unicode.Scalar) -> KeyEvent { KeyEvent(.scalar(scalar)) }
  package static func control(_ scalar: Unicode.Scalar) -> KeyEvent {
    KeyEvent(.scalar(scalar), .control)
  }
  package static func control(_ key: Key) -> KeyEvent { KeyEvent(key, .control) }
  package static func alt(_ scalar: Unicode.Scalar) -> KeyEvent { KeyEvent(.scalar(scalar), .alt) }
  package static func alt(_ key: Key) -> KeyEvent { KeyEvent(key, .alt) }
  package static func shift(_ key: Key) -> KeyEvent { KeyEvent(key, .shift) }

  /// The key as help shows it, such as `Ctrl-X` or `Alt-Left`.
  package var name: String {
    var name = ""
    if modifiers.contains(.control) { name += "Ctrl-" }
    if modifiers.contains(.alt) { name += "Alt-" }
    if modifiers.contains(.shift) { name += "Shift-" }
    return name + key.name(upper: modifiers.contains(.control))
  }
}

extension Key {
  fileprivate func name(upper: Bool) -> String {
    switch self {
    case .scalar(" "): "Space"
    case .scalar(let scalar): upper ? scalar.properties.uppercaseMapping : String(scalar)
    case .enter: "Enter"
    case .tab: "Tab"
    case .escape: "Esc"
    case .backspace: "Backspace"
    case .delete: "Delete"
    case .insert: "Insert"
    case .up: "Up"
    case .down: "Down"
    case .left: "Left"
    case .right: "Right"
    case .home: "Home"
    case .end: "End"
    case .pageUp: "PageUp"
    case .pageDown: "PageDown"
    case .function(let number): "F\(number)"
    }
  }
}

/// What a terminal reports.
package enum InputEvent: Hashable, Sendable {
  case key(KeyEvent)
  /// Text pasted in one piece; its line ends are `\n`.
  case paste(String)
}
