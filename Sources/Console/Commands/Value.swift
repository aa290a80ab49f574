/// How the text of an argument becomes a value, and what help says about it.
package struct ValueKind<Value: Sendable>: Sendable {
  package let placeholder: String
  /// What an error asks for: "a whole number from 1 to 64".
  package let expectation: String
  package let completion: Completer
  package let parse: @Sendable (String) -> Value?
}

extension ValueKind where Value == String {
  package static func text(
    _ placeholder: String = "TEXT", _ completion: Completer = .nothing
  ) -> ValueKind {
    ValueKind(placeholder: placeholder, expectation: "text", completion: completion) { $0 }
  }

  /// - Parameter endings: those of the names that completion offers; none: all.
  package static func path(_ placeholder: String = "FILE", endings: [String] = []) -> ValueKind {
    ValueKind(
      placeholder: placeholder, expectation: "a path",
      completion: endings.isEmpty ? .path : .files(endings)
    ) { $0.isEmpty ? nil : $0 }
  }

  package static func name(_ placeholder: String, _ completion: Completer) -> ValueKind {
    ValueKind(placeholder: placeholder, expectation: "a name", completion: completion) {
      $0.isEmpty ? nil : $0
    }
  }
}

extension ValueKind where Value == Int {
  package static func integer(_ range: ClosedRange<Int>, _ placeholder: String = "N") -> ValueKind {
    ValueKind(
      placeholder: placeholder,
      expectation: range.upperBound == .max
        ? "a whole number of at least \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)",
      completion: .nothing
    ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
  }
}

extension ValueKind where Value == Double {
  package static func number(
    _ range: ClosedRange<Double>, _ placeholder: String = "X"
  ) -> ValueKind {
    ValueKind(
      placeholder: placeholder,
      expectation: range.upperBound.isFinite
        ? "a number from \(range.lowerBound) to \(range.upperBound)"
        : "a number of at least \(range.lowerBound)",
      completion: .nothing
    ) { text in Double(text).flatMap { range.contains($0) ? $0 : nil } }
  }
}

extension ValueKind where Value == Bool {
  package static var onOff: ValueKind {
    ValueKind(
      placeholder: "on|off", expectation: "on or off", completion: .choices(["on", "off"])
    ) { ["on": true, "off": false][$0] }
  }
}

extension ValueKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  package static var choice: ValueKind {
    let names = Value.allCases.map(\.rawValue)
    return ValueKind(
      placeholder: names.joined(separator: "|"),
      expectation: "one of " + names.joined(separator: ", "), completion: .choices(names)
    ) { Value(rawValue: $0) }
  }
}

/// A typed key: `name=value`.
struct Option<Value: Sendable>: Sendable {
  let name: String
  let kind: ValueKind<Value>
  let summary: String

  init(_ name: String, _ kind: ValueKind<Value>, _ summary: String) {
    self.name = name
    self.kind = kind
    self.summary = summary
  }

  var parameter: Parameter {
    Parameter(
      name: name, role: .option, summary: summary, placeholder: kind.placeholder,
      completion: kind.completion, isRequired: false, repeats: false)
  }
}

/// A bare word that is there or not.
struct Flag: Sendable {
  let name: String
  let summary: String

  init(_ name: String, _ summary: String) {
    self.name = name
    self.summary = summary
  }

  var parameter: Parameter {
    Parameter(
      name: name, role: .flag, summary: summary, placeholder: name, completion: .nothing,
      isRequired: false, repeats: false)
  }
}

/// A word by its place.
struct Positional<Value: Sendable>: Sendable {
  let kind: ValueKind<Value>
  let summary: String
  let isRequired: Bool
  let repeats: Bool

  init(
    _ kind: ValueKind<Value>, _ summary: String, isRequired: Bool = true, repeats: Bool = false
  ) {
    self.kind = kind
    self.summary = summary
    self.isRequired = isRequired
    self.repeats = repeats
  }

  var parameter: Parameter {
    Parameter(
      name: kind.placeholder, role: .positional, summary: summary, placeholder: kind.placeholder,
      completion: kind.completion, isRequired: isRequired, repeats: repeats)
  }
}
