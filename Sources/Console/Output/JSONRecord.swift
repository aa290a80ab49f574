import Foundation

/// One command as a line of JSON: see the schema in `docs`.
package struct JSONRecord: Encodable {
  private enum Key: String, CodingKey {
    case schema, seq, verb, ok, ms, source, cached, warnings, data, error
  }

  private struct Failure: Encodable {
    let code: String
    let message: String
    let remedy: String?
  }

  /// The version of every record's shape.
  static let schema = 1

  let record: Record

  package init(_ record: Record) { self.record = record }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(JSONRecord.schema, forKey: .schema)
    try container.encode(record.sequence, forKey: .seq)
    try container.encode(record.verb, forKey: .verb)
    try container.encode(record.milliseconds, forKey: .ms)
    try container.encodeIfPresent(record.source, forKey: .source)
    switch record.outcome {
    case .success(let outcome):
      try container.encode(true, forKey: .ok)
      try container.encode(outcome.cached, forKey: .cached)
      try container.encode(outcome.warnings, forKey: .warnings)
      try outcome.result.encode(to: container.superEncoder(forKey: .data))
    case .failure(let failure):
      try container.encode(false, forKey: .ok)
      try container.encode(0, forKey: .cached)
      try container.encode([Warning](), forKey: .warnings)
      try container.encode(
        Failure(code: failure.code, message: failure.message, remedy: failure.remedy),
        forKey: .error)
    }
  }

  package var line: String { JSONRecord.line(of: self) }

  /// A record as one line, keys in alphabetical order, non-finite numbers as strings.
  static func line(of record: some Encodable) -> String {
    // Results are plain structures; one that cannot be encoded is a fault worth seeing.
    (try? encoded(record))
      ?? #"{"error":{"code":"internal","message":"the result cannot be encoded"},"ok":false,"schema":1}"#
  }

  /// A result's data by itself, as a file holds it.
  static func text(of result: any CommandResult) throws(CommandFailure) -> String {
    do { return try encoded(result) + "\n" } catch {
      throw CommandFailure(code: "internal", "the result cannot be encoded: \(error)")
    }
  }

  private static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self).escapingForJSON
  }
}

extension String {
  /// JSON text in which no scalar could steer a terminal: the encoder spells the ASCII controls
  /// `\u001b`, and this the other controls and the direction overrides. Such scalars stand inside
  /// strings only, so that the text means the same.
  fileprivate var escapingForJSON: String {
    guard !utf8.allSatisfy({ $0 < 0x7f }) else { return self }
    var safe = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          safe.append(
            contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
              .unicodeScalars)
        }
      default:
        safe.append(scalar)
      }
    }
    return String(safe)
  }
}
