import CCurses
import Screen

/// Turns the bytes and key codes that arrive into events.
///
/// What belongs together may arrive in pieces, so everything unfinished is kept: an escape that may
/// be Alt, the first bytes of a character, a paste.
struct KeyDecoder {
  private var isEscaped = false
  /// The bytes after an escape and `[` or `O`: a sequence that curses does not know.
  private var sequence: [UInt8]?
  private var partial: [UInt8] = []
  private var paste: [UInt8]?
  /// How much of ``pasteEnd`` has arrived as bytes; they are not in `paste` yet.
  private var endCount = 0

  /// A longer paste is cut: the input line would refuse it anyway.
  static let pasteLimit = 4 << 20
  /// What ends a paste. curses knows it as a key, but hands out the bytes when they arrive slowly.
  private static let pasteEnd = Array("\u{1b}[201~".utf8)

  /// Takes one byte or key code as `gaze_curses_read` gives it.
  mutating func feed(_ code: Int) -> [InputEvent] {
    if code >= Int(GAZE_KEYS) { return feed(key: (code - Int(GAZE_KEYS)) / 8, code % 8) }
    guard (0..<256).contains(code) else { return [] }
    let byte = UInt8(code)
    if paste != nil { return feed(pasted: byte) }
    if sequence != nil { return feed(sequence: byte) }
    if !partial.isEmpty || byte >= 0x80 { return feed(utf8: byte) }
    return feed(ascii: byte)
  }

  /// Nothing more has arrived: an escape that waited for a second key was the key itself.
  mutating func flush() -> [InputEvent] {
    if let unfinished = sequence {
      sequence = nil
      return unfinished.prefix(1).map { .key(.alt(Unicode.Scalar($0))) }
    }
    guard isEscaped else { return [] }
    isEscaped = false
    return [.key(.plain(.escape))]
  }

  // MARK: Keys

  private mutating func feed(key: Int, _ bits: Int) -> [InputEvent] {
    switch key {
    case Int(GAZE_PASTE_BEGIN):
      // One inside a paste is part of a text that somebody made for that.
      if paste == nil { paste = [] }
      return []
    case Int(GAZE_PASTE_END):
      releaseHeldBytes()
      return endPaste()
    default: break
    }
    // A key inside a paste is an escape sequence inside the pasted text; it is left out.
    guard paste == nil else { return [] }
    var modifiers = takeEscape()
    if bits & Int(GAZE_SHIFT) != 0 { modifiers.insert(.shift) }
    if bits & Int(GAZE_ALT) != 0 { modifiers.insert(.alt) }
    if bits & Int(GAZE_CONTROL) != 0 { modifiers.insert(.control) }
    partial = []
    sequence = nil
    return Self.key(key).map { [.key(KeyEvent($0, modifiers))] } ?? []
  }

  /// Leaves out a control sequence (ECMA-48: `[`, parameters, a final byte from `@` to `~`; or `O`
  /// and one byte) instead of typing its letters into the line.
  private mutating func feed(sequence byte: UInt8) -> [InputEvent] {
    if byte == 0x1b {
      let before = flush()
      return before + feed(ascii: byte)
    }
    guard let first = sequence?.first, first == UInt8(ascii: "["), byte < 0x40 else {
      sequence = nil
      return []
    }
    if let count = sequence?.count, count < 64 { sequence?.append(byte) }
    return []
  }

  private static func key(_ number: Int) -> Key? {
    switch number {
    case Int(GAZE_UP): .up
    case Int(GAZE_DOWN): .down
    case Int(GAZE_LEFT): .left
    case Int(GAZE_RIGHT): .right
    case Int(GAZE_HOME): .home
    case Int(GAZE_END): .end
    case Int(GAZE_INSERT): .insert
    case Int(GAZE_DELETE): .delete
    case Int(GAZE_PAGE_UP): .pageUp
    case Int(GAZE_PAGE_DOWN): .pageDown
    case Int(GAZE_BACKSPACE): .backspace
    case Int(GAZE_ENTER): .enter
    case Int(GAZE_TAB): .tab
    case Int(GAZE_FUNCTION) + 1...Int(GAZE_FUNCTION) + 24: .function(number - Int(GAZE_FUNCTION))
    default: nil
    }
  }

  private mutating func takeEscape() -> KeyEvent.Modifiers {
    defer { isEscaped = false }
    return isEscaped ? .alt : []
  }

  // MARK: Paste

  private mutating func feed(pasted byte: UInt8) -> [InputEvent] {
    if byte == Self.pasteEnd[endCount] {
      endCount += 1
      guard endCount == Self.pasteEnd.count else { return [] }
      endCount = 0
      return endPaste()
    }
    releaseHeldBytes()
    if byte == Self.pasteEnd[0] { endCount = 1 } else { append(pasted: byte) }
    return []
  }

  /// What looked like the end of the paste was text.
  private mutating func releaseHeldBytes() {
    for byte in Self.pasteEnd[..<endCount] { append(pasted: byte) }
    endCount = 0
  }

  private mutating func append(pasted byte: UInt8) {
    if let count = paste?.count, count < Self.pasteLimit { paste?.append(byte) }
  }

  private mutating func endPaste() -> [InputEvent] {
    defer { paste = nil }
    return paste.map { [.paste(Self.text(of: $0))] } ?? []
  }

  // MARK: Text

  private mutating func feed(ascii byte: UInt8) -> [InputEvent] {
    if byte == 0x1b {
      // Escape twice is Escape; the second may begin another key.
      let before = flush()
      isEscaped = true
      return before
    }
    if isEscaped, byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") {
      isEscaped = false
      sequence = [byte]
      return []
    }
    let modifiers = takeEscape()
    switch byte {
    case 0x0d: return [.key(KeyEvent(.enter, modifiers))]
    case 0x09: return [.key(KeyEvent(.tab, modifiers))]
    case 0x7f: return [.key(KeyEvent(.backspace, modifiers))]
    case 0: return [.key(KeyEvent(.scalar(" "), modifiers.union(.control)))]
    case 1...26:
      return [.key(KeyEvent(.scalar(Unicode.Scalar(byte | 0x60)), modifiers.union(.control)))]
    case 27..<0x20:
      return [.key(KeyEvent(.scalar(Unicode.Scalar(byte | 0x40)), modifiers.union(.control)))]
    default:
      return [.key(KeyEvent(.scalar(Unicode.Scalar(byte)), modifiers))]
    }
  }

  /// Gathers the bytes of one scalar; what is not UTF-8 becomes U+FFFD.
  private mutating func feed(utf8 byte: UInt8) -> [InputEvent] {
    let continues = byte & 0xc0 == 0x80
    guard partial.isEmpty || continues else {
      // The character before was never finished.
      partial = []
      let broken: [InputEvent] = [.key(KeyEvent(.scalar("\u{fffd}"), takeEscape()))]
      return broken + feed(Int(byte))
    }
    partial.append(byte)
    let needed = partial[0] >= 0xf0 ? 4 : partial[0] >= 0xe0 ? 3 : partial[0] >= 0xc0 ? 2 : 1
    guard partial.count >= needed else { return [] }
    let scalars = String(decoding: partial, as: UTF8.self).unicodeScalars
    partial = []
    let scalar = scalars.count == 1 ? scalars.first ?? "\u{fffd}" : "\u{fffd}"
    return [.key(KeyEvent(.scalar(scalar), takeEscape()))]
  }

  /// Pasted bytes as text with `\n` line ends: terminals send `\r`.
  private static func text(of bytes: [UInt8]) -> String {
    var unified: [UInt8] = []
    unified.reserveCapacity(bytes.count)
    for (index, byte) in bytes.enumerated() {
      if byte == 0x0a, index > 0, bytes[index - 1] == 0x0d { continue }
      unified.append(byte == 0x0d ? 0x0a : byte)
    }
    return String(decoding: unified, as: UTF8.self)
  }
}
