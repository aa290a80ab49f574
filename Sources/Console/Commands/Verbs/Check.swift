import Foundation
import JSONDocuments

/// `:check`: an assertion about the last result.
struct Check: Command {
  private static let field = Positional(
    ValueKind<String>.text("FIELD"),
    "a path into the result, or top, p(\"…\"), answer, error.code")
  private static let comparison = Positional(
    ValueKind<String>.name("OP", .choices(Comparison.allCases.map(\.rawValue))),
    "== != < <= > >= or ~ for a regular expression")
  private static let value = Positional(
    ValueKind<String>.text("VALUE"), "a number, a word, a quoted text, or /expression/")
  private static let tolerance = Option(
    "tol", ValueKind<Double>.number(0...Double.infinity), "how far numbers may differ for ==")

  static let signature = Signature(
    "check", aliases: ["expect"], "assert something about the last result",
    [field.parameter, comparison.parameter, value.parameter, tolerance.parameter],
    examples: [
      ":check top == \"a cat\"", ":check p(\"a cat\") > 0.9", ":check error.code == media.none",
    ])

  /// The field by which a failure is expected.
  static let errorCode = "error.code"

  let field: String
  let comparison: Comparison
  let value: String
  let tolerance: Double

  init(_ arguments: Arguments) throws(CommandFailure) {
    field = try arguments.value(at: 0, of: Check.field) ?? ""
    let text = try arguments.value(at: 1, of: Check.comparison) ?? ""
    guard let comparison = Comparison(rawValue: text) else {
      throw .usage("\"\(text)\" compares nothing; use == != < <= > >= or ~", Check.signature)
    }
    self.comparison = comparison
    value = try arguments.value(at: 2, of: Check.value) ?? ""
    let tolerance = try arguments[Check.tolerance]
    self.tolerance = tolerance ?? 0
    guard tolerance == nil || [.equal, .unequal].contains(comparison) else {
      throw .usage("tol= goes with == and !=, not with \(text)", Check.signature)
    }
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    guard let record = session.last else {
      throw CommandFailure(code: "check.empty", "there is no result to check yet")
    }
    let actual = try CheckSubject(record).value(of: field)
    guard try comparison.holds(actual, value, tolerance: tolerance) else {
      throw CommandFailure(
        code: "check.failed",
        "\(field) is \(actual.text), not \(comparison.words) \(value)",
        remedy: record.failure.map { "the last command failed: \($0.message)" })
    }
    return Outcome(
      CheckResult(
        field: field, expr: "\(field) \(comparison.rawValue) \(value)", actual: actual,
        expected: actual.number.flatMap { _ in Double(value) }.map(CheckValue.number)
          ?? .text(value)))
  }

  /// Whether a statement is a check of `error.code`.
  static func looksAtErrorCode(_ statement: Statement) -> Bool {
    guard case .command(let verb, let rest) = statement,
      verb == signature.name || signature.aliases.contains(verb)
    else { return false }
    return rest.prefix { !$0.isWhitespace } == errorCode
  }
}

/// The data of `:check`.
struct CheckResult: CommandResult {
  private enum CodingKeys: CodingKey { case expr, actual, expected }

  let field: String
  let expr: String
  let actual: CheckValue
  let expected: CheckValue

  var report: Report {
    Report([
      .line(StyledText([("✓ ", .good), (expr, .plain), ("  \(actual.text)", .faint)]))
    ])
  }
}

/// What a field came to.
enum CheckValue: Encodable, Equatable, Sendable {
  case text(String)
  case number(Double)

  var text: String {
    switch self {
    case .text(let text): text
    case .number(let number):
      // Whole numbers are written as such: 5, not 5.0.
      Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
  }

  var number: Double? {
    if case .number(let number) = self { number } else { nil }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    }
  }
}

/// How a check compares.
enum Comparison: String, CaseIterable, Sendable {
  case equal = "=="
  case unequal = "!="
  case less = "<"
  case atMost = "<="
  case greater = ">"
  case atLeast = ">="
  case matches = "~"

  var words: String { self == .matches ? "matching" : rawValue }

  /// Numbers are compared as numbers, texts in NFC.
  func holds(
    _ actual: CheckValue, _ expected: String, tolerance: Double
  ) throws(CommandFailure) -> Bool {
    if let a = actual.number, let b = Double(expected), self != .matches {
      return holds(a, b, tolerance)
    }
    let a = actual.text.precomposedStringWithCanonicalMapping
    let b = expected.precomposedStringWithCanonicalMapping
    if self == .matches { return try matchesExpression(a, b) }
    // A number is unequal to every word, so that a slip of the pen would pass for ever.
    guard actual.number == nil, tolerance == 0, self == .equal || self == .unequal else {
      throw CommandFailure(
        code: "check.type",
        "\(tolerance == 0 ? rawValue : "tol=") compares numbers; this is \"\(actual.text)\" and "
          + "\"\(expected)\"")
    }
    return (self == .equal) == (a == b)
  }

  private func holds(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
    switch self {
    case .equal: a == b || (a - b).magnitude <= tolerance
    case .unequal: a != b && (a - b).magnitude > tolerance
    case .less: a < b
    case .atMost: a <= b
    case .greater: a > b
    case .atLeast: a >= b
    case .matches: false
    }
  }

  private func matchesExpression(_ text: String, _ pattern: String) throws(CommandFailure) -> Bool {
    let bare = pattern.hasPrefix("/") && pattern.hasSuffix("/") && pattern.count > 1
      ? String(pattern.dropFirst().dropLast()) : pattern
    guard let expression = try? NSRegularExpression(pattern: bare) else {
      throw CommandFailure(code: "check.pattern", "/\(bare)/ is not a regular expression")
    }
    let range = NSRange(text.startIndex..., in: text)
    var isFound = false
    var isTooSlow = false
    let deadline = ContinuousClock().now + .seconds(2)
    // Backtracking may take for ever: the matcher calls back now and then, and can be stopped.
    expression.enumerateMatches(
      in: text, options: .reportProgress, range: range
    ) { match, _, stop in
      isFound = match != nil
      isTooSlow = match == nil && ContinuousClock().now > deadline
      if isFound || isTooSlow { stop.pointee = true }
    }
    guard !isTooSlow else {
      throw CommandFailure(
        code: "check.pattern", "/\(bare)/ takes too long to match", remedy: "simplify it")
    }
    return isFound
  }
}

/// The record that a check looks into.
struct CheckSubject {
  private let record: Record

  init(_ record: Record) { self.record = record }

  /// The value of `top`, `p("label")`, `error.code`, or a dotted path into the data.
  func value(of field: String) throws(CommandFailure) -> CheckValue {
    if field == "top" { return try topLabel() }
    if field.hasPrefix("p("), field.hasSuffix(")") {
      return try probability(of: String(field.dropFirst(2).dropLast()))
    }
    let node: JSONNode?
    do {
      let document = try JSONDocument(
        bytes: Array(JSONRecord(record).line.utf8), source: "the last result")
      let path = ["error", "ok", "verb", "cached", "warnings"].contains(field.prefix { $0 != "." })
        ? field : "data." + field
      node = try CheckSubject.descend(document.root, path)
      return try node.map(CheckSubject.value) ?? missing(field)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      return try missing(field)
    }
  }

  private func missing(_ field: String) throws(CommandFailure) -> CheckValue {
    throw CommandFailure(
      code: "check.field", "the last result, of :\(record.verb), has no \(field)",
      remedy: record.failure.map { "it failed: \($0.message)" } ?? ":mode json shows its fields")
  }

  private static func descend(_ root: JSONNode, _ path: String) throws(JSONError) -> JSONNode? {
    var node = root
    for part in path.split(separator: ".") {
      if let index = Int(part), node.kind == .array {
        let elements = try node.elements()
        guard elements.indices.contains(index) else { return nil }
        node = elements[index]
      } else {
        guard node.kind == .object, let member = try node.member(String(part)) else { return nil }
        node = member
      }
    }
    return node
  }

  private static func value(_ node: JSONNode) throws(JSONError) -> CheckValue {
    switch node.kind {
    case .string:
      let text = try node.asString()
      return .text(text)
    case .integer, .real:
      return .number(try node.asDouble())
    case .boolean:
      return .text("\(try node.asBool())")
    case .array:
      return .text("\(node.count) elements")
    case .object, .null:
      return .text(node.kind.rawValue)
    }
  }

  private func ranking() throws(CommandFailure) -> RankResult.PictureResult {
    guard case .success(let outcome) = record.outcome, let rank = outcome.result as? RankResult,
      let first = rank.results.first
    else {
      throw CommandFailure(
        code: "check.field", "the last result, of :\(record.verb), is no ranking",
        remedy: record.failure.map { "it failed: \($0.message)" })
    }
    guard rank.results.count == 1 else {
      throw CommandFailure(
        code: "check.field", "the last ranking is of \(rank.results.count) pictures",
        remedy: "rank one with on=NAME, or name the place: results.0.items.0.label")
    }
    return first
  }

  private func topLabel() throws(CommandFailure) -> CheckValue {
    .text(try ranking().items[0].label)
  }

  private func probability(of label: String) throws(CommandFailure) -> CheckValue {
    let wanted = label.precomposedStringWithCanonicalMapping
    let items = try ranking().items
    guard let item = items.first(where: {
      $0.label.precomposedStringWithCanonicalMapping == wanted
    }) else {
      throw CommandFailure(
        code: "check.field", "the last ranking has no label \"\(label)\"",
        remedy: "it has \(items.prefix(5).map(\.label).joined(separator: ", "))")
    }
    // The number that records and exports show, which widening the bits would not give.
    return .number(Double("\(item.probability)") ?? Double(item.probability))
  }
}
