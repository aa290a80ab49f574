/// A JSON value to be written: a literal in Swift reads like the text that it becomes.
///
///     let value: JSONValue = ["model_type": "clip", "projection_dim": 192]
///     value.text(indentation: 2)
package indirect enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  /// Written so that it is read back to the bit; JSON has no word for what is not finite: null.
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// Keys stay in this order.
  case object([(key: String, value: JSONValue)])

  /// The value as text: in one line without blanks, or each element on a line of its own.
  package func text(indentation: Int? = nil) -> String {
    var text = ""
    write(to: &text, indentation: indentation, depth: 0)
    return text
  }

  private func write(to text: inout String, indentation: Int?, depth: Int) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): text += value.asJSON
    case .array(let elements):
      JSONValue.write(elements, in: ("[", "]"), to: &text, indentation, depth) { element, text in
        element.write(to: &text, indentation: indentation, depth: depth + 1)
      }
    case .object(let members):
      JSONValue.write(members, in: ("{", "}"), to: &text, indentation, depth) { member, text in
        text += member.key.asJSON + (indentation == nil ? ":" : ": ")
        member.value.write(to: &text, indentation: indentation, depth: depth + 1)
      }
    }
  }

  private static func write<Part>(
    _ parts: [Part], in brackets: (String, String), to text: inout String, _ indentation: Int?,
    _ depth: Int, _ body: (Part, inout String) -> Void
  ) {
    func lineBreak(_ depth: Int) -> String {
      indentation.map { "\n" + String(repeating: " ", count: $0 * depth) } ?? ""
    }
    text += brackets.0
    for (index, part) in parts.enumerated() {
      text += (index == 0 ? "" : ",") + lineBreak(depth + 1)
      body(part, &text)
    }
    text += (parts.isEmpty ? "" : lineBreak(depth)) + brackets.1
  }
}

extension String {
  /// Between quotation marks, with as few escapes as JSON allows.
  fileprivate var asJSON: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\u{8}": text += "\\b"
      case "\t": text += "\\t"
      case "\n": text += "\\n"
      case "\u{C}": text += "\\f"
      case "\r": text += "\\r"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(booleanLiteral value: Bool) { self = .boolean(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(members.map { (key: $0.0, value: $0.1) })
  }
  package init(nilLiteral: ()) { self = .null }
}
