import Tensors

/// Every way in which the tensors of a checkpoint fail what a model asked for.
package struct TensorProblems: Equatable, Sendable {
  /// A tensor whose shape is not the requested one.
  package struct Misshapen: Equatable, Sendable {
    package let name: String
    package let expected: Shape
    package let found: Shape
  }

  /// A tensor that holds integers where weights are needed.
  package struct Mistyped: Equatable, Sendable {
    package let name: String
    package let found: ElementType
  }

  /// A tensor that was asked for and is not there.
  package struct Missing: Equatable, Sendable {
    package let name: String
    package let expected: Shape
  }

  /// The file or folder that was being loaded.
  package let source: String
  package var missing: [Missing] = []
  package var misshapen: [Misshapen] = []
  package var mistyped: [Mistyped] = []
  /// Tensors that nothing asked for, sorted by bytes.
  package var surplus: [String] = []

  package init(source: String) { self.source = source }

  package var isEmpty: Bool {
    missing.isEmpty && misshapen.isEmpty && mistyped.isEmpty && surplus.isEmpty
  }
}

extension TensorProblems: CustomStringConvertible {
  /// How many of each kind are written out; the rest are counted.
  static let listed = 5

  package var description: String {
    var parts: [String] = []
    parts.add("missing", missing) { "\($0.name.quoted) \($0.expected)" }
    parts.add("with another shape", misshapen) {
      "\($0.name.quoted) is \($0.found), not \($0.expected)"
    }
    parts.add("not of a floating-point type", mistyped) {
      "\($0.name.quoted) is \($0.found.rawValue)"
    }
    parts.add("that the model has no place for", surplus) { $0.quoted }
    return "\(source.escaped): the tensors do not fit the model: " + parts.joined(separator: "; ")
      + ". Check that the weights and the configuration belong together"
  }
}

extension [String] {
  /// "3 missing: 'a' [2], 'b' [3] and 1 more", or nothing without entries.
  fileprivate mutating func add<Entry>(
    _ kind: String, _ entries: [Entry], _ describe: (Entry) -> String
  ) {
    guard !entries.isEmpty else { return }
    let shown = entries.prefix(TensorProblems.listed).map(describe).joined(separator: ", ")
    let hidden = entries.count - TensorProblems.listed
    append("\(entries.count) \(kind): \(shown)" + (hidden > 0 ? " and \(hidden) more" : ""))
  }
}
