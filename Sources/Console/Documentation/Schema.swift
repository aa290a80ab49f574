/// The shape of a JSON value, as JSON Schema (2020-12) writes it.
package indirect enum Schema: Sendable {
  case string, integer, number, boolean
  /// Always this value.
  case constant(String)
  case one(of: [String])
  case array(Schema)
  case object([Field])
  /// A number, or a string where it is not finite.
  static var real: Schema { .either([.number, .one(of: ["inf", "-inf", "nan"])]) }
  case either([Schema])
  /// An object with any members.
  case anything
  /// An object whose members have any names and this shape.
  case members(Schema)

  package struct Field: Sendable {
    let name: String
    let schema: Schema
    let isRequired: Bool
  }

  /// The schema as JSON text.
  func json(indent: Int = 0) -> String {
    switch self {
    case .string: #"{ "type": "string" }"#
    case .integer: #"{ "type": "integer" }"#
    case .number: #"{ "type": "number" }"#
    case .boolean: #"{ "type": "boolean" }"#
    case .anything: #"{ "type": "object" }"#
    case .members(let member):
      #"{ "type": "object", "additionalProperties": \#(member.json(indent: indent)) }"#
    case .constant(let value): #"{ "const": \#(value) }"#
    case .one(let values):
      #"{ "enum": [\#(values.map { "\"\($0)\"" }.joined(separator: ", "))] }"#
    case .array(let element): #"{ "type": "array", "items": \#(element.json(indent: indent)) }"#
    case .either(let schemas):
      #"{ "anyOf": [\#(schemas.map { $0.json(indent: indent) }.joined(separator: ", "))] }"#
    case .object(let fields): Schema.object(fields, indent: indent)
    }
  }

  private static func object(_ fields: [Field], indent: Int) -> String {
    guard !fields.isEmpty else { return #"{ "type": "object", "additionalProperties": false }"# }
    let inner = String(repeating: " ", count: indent + 2)
    let properties = fields.map {
      "\(inner)  \"\($0.name)\": \($0.schema.json(indent: indent + 4))"
    }.joined(separator: ",\n")
    let required = fields.filter(\.isRequired).map { "\"\($0.name)\"" }.joined(separator: ", ")
    return """
      {
      \(inner)"type": "object", "additionalProperties": false,
      \(inner)"required": [\(required)],
      \(inner)"properties": {
      \(properties)
      \(inner)}
      \(String(repeating: " ", count: indent))}
      """
  }
}

extension Schema.Field {
  static func field(_ name: String, _ schema: Schema) -> Self {
    Self(name: name, schema: schema, isRequired: true)
  }

  static func optional(_ name: String, _ schema: Schema) -> Self {
    Self(name: name, schema: schema, isRequired: false)
  }
}
