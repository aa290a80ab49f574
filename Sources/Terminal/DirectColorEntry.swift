import CCurses

/// The description of a terminal that takes 24-bit colours, made from that of TERM.
///
/// curses sends exact colours only to a terminal whose description says so, and hardly any system
/// has descriptions such as `xterm-direct` installed, while terminals announce the ability through
/// COLORTERM. So TERM's own description is copied, capability by capability, with the colours
/// changed, and handed to curses in memory: `TERMINFO=hex:…`, see ncurses(3X). The layout is that
/// of term(5), with 32-bit numbers.
enum DirectColorEntry {
  /// Colours below 16 by number, the others by red, green and blue.
  private static func setColor(_ named: String, _ bright: String, _ exact: String) -> String {
    "\u{1b}[%?%p1%{8}%<%t\(named)%p1%d%e%p1%{16}%<%t\(bright)%p1%{8}%-%d%e\(exact);2;"
      + "%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"
  }

  /// The compiled description, written in hexadecimal digits; nil when it would be too long for the
  /// format. `gaze_terminfo_open` must have succeeded.
  static func hexadecimal(name: String) -> String? {
    guard let bytes = compiled(name: name) else { return nil }
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  static func compiled(name: String) -> [UInt8]? {
    let flags = (0..<gaze_terminfo_flag_count()).map { flag($0) }
    let numbers = (0..<gaze_terminfo_number_count()).map { number($0) }
    let strings = (0..<gaze_terminfo_string_count()).map { string($0) }

    var table: [UInt8] = []
    var offsets: [Int] = []
    for string in strings {
      offsets.append(string == nil ? -1 : table.count)
      if let string { table += string + [0] }
    }
    guard table.count <= 32_000, name.utf8.count < 100 else { return nil }

    let names = Array(name.utf8) + [0]
    var bytes: [UInt8] = []
    for count in [0o1036, names.count, flags.count, numbers.count, offsets.count, table.count] {
      append(count, bytes: 2, to: &bytes)
    }
    bytes += names + flags
    pad(&bytes)
    for number in numbers { append(number, bytes: 4, to: &bytes) }
    for offset in offsets { append(offset, bytes: 2, to: &bytes) }
    bytes += table
    pad(&bytes)
    appendExtensions(to: &bytes)
    return bytes
  }

  /// The capabilities beyond the standard ones: `AX`, default colours by the usual sequences, and
  /// `RGB`, colours are 8 bits each of red, green and blue.
  private static func appendExtensions(to bytes: inout [UInt8]) {
    let table = Array("AX\0RGB\0".utf8)
    for count in [2, 0, 0, 2, table.count] { append(count, bytes: 2, to: &bytes) }
    bytes += [gaze_terminfo_flag("AX") ? 1 : 0, 1]
    for offset in [0, 3] { append(offset, bytes: 2, to: &bytes) }
    bytes += table
  }

  private static func flag(_ index: Int32) -> UInt8 {
    let name = gaze_terminfo_flag_name(index)
    // The palette must not be redefined: there is none.
    guard let name, String(cString: name) != "ccc" else { return 0 }
    return gaze_terminfo_flag(name) ? 1 : 0
  }

  private static func number(_ index: Int32) -> Int {
    guard let name = gaze_terminfo_number_name(index) else { return -1 }
    switch String(cString: name) {
    case "colors": return 1 << 24
    case "pairs": return 1 << 16
    default: return Int(gaze_terminfo_number(name))
    }
  }

  private static func string(_ index: Int32) -> [UInt8]? {
    guard let name = gaze_terminfo_string_name(index) else { return nil }
    switch String(cString: name) {
    case "setaf": return Array(setColor("3", "9", "38").utf8)
    case "setab": return Array(setColor("4", "10", "48").utf8)
    case "initc", "initp", "oc": return nil
    default:
      guard let value = gaze_terminfo_string(name) else { return nil }
      return Array(String(cString: value).utf8)
    }
  }

  private static func append(_ value: Int, bytes count: Int, to bytes: inout [UInt8]) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }

  /// Numbers begin at even offsets.
  private static func pad(_ bytes: inout [UInt8]) {
    if bytes.count % 2 == 1 { bytes.append(0) }
  }
}
