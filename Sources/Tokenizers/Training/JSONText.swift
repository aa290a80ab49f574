/// A JSON value to be written. Objects keep the order of their members: a vocabulary is written by
/// id.
enum JSONText {
  case null
  case boolean(Bool)
  case integer(Int)
  case string(String)
  case array([JSONText])
  case object([(key: String, value: JSONText)])

  /// The value in UTF-8, a line for each element and member, two spaces to a level, and no line
  /// feed at the end: what the `tokenizers` library writes.
  var utf8: [UInt8] {
    var output: [UInt8] = []
    append(to: &output, depth: 0)
    return output
  }

  private func append(to output: inout [UInt8], depth: Int) {
    switch self {
    case .null: output += "null".utf8
    case .boolean(let value): output += (value ? "true" : "false").utf8
    case .integer(let value): output += String(value).utf8
    case .string(let text): Self.append(text, to: &output)
    case .array(let elements):
      Self.append(elements, between: "[]", to: &output, depth: depth) { element, output in
        element.append(to: &output, depth: depth + 1)
      }
    case .object(let members):
      Self.append(members, between: "{}", to: &output, depth: depth) { member, output in
        Self.append(member.key, to: &output)
        output += ": ".utf8
        member.value.append(to: &output, depth: depth + 1)
      }
    }
  }

  private static func append<Item>(
    _ items: [Item], between brackets: String, to output: inout [UInt8], depth: Int,
    _ append: (Item, inout [UInt8]) -> Void
  ) {
    func breakLine(_ depth: Int) {
      output.append(0x0A)
      output.append(contentsOf: repeatElement(0x20, count: 2 * depth))
    }
    output += brackets.utf8.prefix(1)
    for (index, item) in items.enumerated() {
      if index > 0 { output += ",".utf8 }
      breakLine(depth + 1)
      append(item, &output)
    }
    if !items.isEmpty { breakLine(depth) }
    output += brackets.utf8.suffix(1)
  }

  private static func append(_ text: String, to output: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0x08: output += #"\b"#.utf8
      case 0x09: output += #"\t"#.utf8
      case 0x0A: output += #"\n"#.utf8
      case 0x0C: output += #"\f"#.utf8
      case 0x0D: output += #"\r"#.utf8
      case ..<0x20: output += #"\u00"#.utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}

extension JSONText: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  init(nilLiteral: ()) { self = .null }
  init(booleanLiteral value: Bool) { self = .boolean(value) }
  init(integerLiteral value: Int) { self = .integer(value) }
  init(stringLiteral value: String) { self = .string(value) }
  init(arrayLiteral elements: JSONText...) { self = .array(elements) }
  init(dictionaryLiteral members: (String, JSONText)...) {
    self = .object(members.map { (key: $0.0, value: $0.1) })
  }
}
