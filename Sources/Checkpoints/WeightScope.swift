import Tensors

/// A place in a ``WeightStore`` from which tensors are asked for by name and expected shape.
///
/// Scopes descend by prefix, as one changes directory, and share one ledger of what was asked
/// for, so that loading ends with every missing, misshapen and surplus tensor in one error:
///
///     let tower = try WeightScope.load(store, ignoring: ["*.position_ids"]) {
///       scope throws(CheckpointError) in
///       try Tower(scope["vision_model"], configuration)
///     }
package struct WeightScope {
  package let store: WeightStore
  /// What this scope puts before each name: empty, or ending in a full stop.
  package let prefix: String
  private let ledger: Ledger
  /// What is handed out instead of a tensor that was found.
  private let substitute: ((_ name: String, _ tensor: Tensor) -> Tensor)?
  /// What matrices are converted by.
  private let conversion: WeightConversion?

  private init(
    store: WeightStore, prefix: String, ledger: Ledger,
    substitute: ((_ name: String, _ tensor: Tensor) -> Tensor)? = nil,
    conversion: WeightConversion? = nil
  ) {
    self.store = store
    self.prefix = prefix
    self.ledger = ledger
    self.substitute = substitute
    self.conversion = conversion
  }

  /// A scope that throws at the first tensor that does not fit.
  ///
  /// - Parameter substitute: what to hand out for a tensor, by its full name: training has a tape
  ///   follow each.
  package init(
    _ store: WeightStore, substituting substitute: ((_ name: String, _ tensor: Tensor) -> Tensor)? = nil
  ) {
    self.init(
      store: store, prefix: "", ledger: Ledger(source: store.source, collects: false),
      substitute: substitute)
  }

  /// The model that `build` makes from the tensors of `store`, if they are exactly those it needs.
  ///
  /// `build` is not stopped by a tensor that does not fit: it goes on with a placeholder, which
  /// never leaves this call.
  ///
  /// - Parameters:
  ///   - ignoring: names that may be left over, with `*` for any run of characters.
  ///   - conversion: what becomes of matrices; nil: they stay as they are.
  /// - Throws: ``CheckpointError/tensors(_:)`` with every problem, or what `build` throws.
  package static func load<Model>(
    _ store: WeightStore, ignoring: [String] = [], converting conversion: WeightConversion? = nil,
    _ build: (WeightScope) throws(CheckpointError) -> Model
  ) throws(CheckpointError) -> Model {
    let ledger = Ledger(source: store.source, collects: true)
    let scope = WeightScope(store: store, prefix: "", ledger: ledger, conversion: conversion)
    let model: Model
    do {
      model = try build(scope)
    } catch {
      // A builder may stumble over a placeholder; then the tensors are the cause to report.
      guard ledger.problems.isEmpty else { throw .tensors(ledger.problems) }
      throw error
    }
    try scope.finish(ignoring: ignoring)
    return model
  }

  // MARK: Descending

  /// The scope below `component`, which may hold full stops itself.
  package subscript(component: String) -> WeightScope { descending(component) }

  /// The scope of one element of a list: `scope["layers"][3]`.
  package subscript(index: Int) -> WeightScope { descending(String(index)) }

  /// The scope below `path`: `scope.descending("encoder.layers.3")`.
  package func descending(_ path: String) -> WeightScope {
    WeightScope(
      store: store, prefix: prefix + path + ".", ledger: ledger, substitute: substitute,
      conversion: conversion)
  }

  // MARK: Looking

  package func contains(_ name: String) -> Bool { store.contains(prefix + name) }

  /// What is known of a tensor, without asking for it.
  package func entry(_ name: String) -> WeightEntry? { store.entry(prefix + name) }

  /// How many consecutive indices from 0 have tensors below `list`: the depth of `"layers"`.
  package func count(of list: String) -> Int {
    let start = Array((prefix + list + ".").utf8)
    var found: Set<Int> = []
    for name in store.entries.keys where name.text.utf8.starts(with: start) {
      let index = name.text.utf8.dropFirst(start.count).prefix { $0 != UInt8(ascii: ".") }
      if let index = Int(Substring(index)) { found.insert(index) }
    }
    var count = 0
    while found.contains(count) { count += 1 }
    return count
  }

  // MARK: Asking

  /// The tensor of any floating-point or quantised type that must be there in this shape.
  ///
  /// - Throws: ``CheckpointError/tensors(_:)`` at once, unless problems are being collected.
  package func tensor(_ name: String, _ shape: Shape) throws(CheckpointError) -> Tensor {
    let name = prefix + name
    ledger.requested.insert(WeightName(name))
    guard let expected = Shape(checking: shape.array) else {
      throw .cannotDerive(
        name: name, operation: "ask for it as \(shape)", problem: "no tensor can have that shape")
    }
    guard let entry = store.entry(name) else {
      ledger.problems.missing.append(.init(name: name, expected: expected))
      return try ledger.placeholder(expected)
    }
    guard entry.shape == expected else {
      ledger.problems.misshapen.append(
        .init(name: name, expected: expected, found: entry.shape))
      return try ledger.placeholder(expected)
    }
    guard entry.elementType.isFloatingPoint || entry.elementType.blockElements > 1 else {
      ledger.problems.mistyped.append(.init(name: name, found: entry.elementType))
      return try ledger.placeholder(expected)
    }
    let found = try store.tensor(of: entry)
    return substitute?(name, found) ?? found
  }

  /// A matrix `[rows, columns]` to multiply by or to take rows of, which must be there: as its file
  /// has it, or in the element type that this load asks for.
  package func matrix(
    _ name: String, _ rows: Int, _ columns: Int
  ) throws(CheckpointError) -> Tensor {
    let stored = try tensor(name, [rows, columns])
    // A placeholder is not worth converting.
    guard let conversion, ledger.problems.isEmpty else { return stored }
    return try conversion.converted(stored, called: prefix + name, of: store)
  }

  /// A gain, bias or other single row `[count]` that must be there.
  package func vector(_ name: String, _ count: Int) throws(CheckpointError) -> Tensor {
    try tensor(name, [count])
  }

  // MARK: Closing

  /// Checks that everything asked for was there and everything there was asked for.
  ///
  /// - Parameter ignoring: names that may be left over, with `*` for any run of characters.
  /// - Throws: ``CheckpointError/tensors(_:)`` with every problem.
  private func finish(ignoring: [String]) throws(CheckpointError) {
    let patterns = ignoring.map(NamePattern.init)
    ledger.problems.surplus = store.entries.keys.sorted()
      .filter { name in
        !ledger.requested.contains(name) && !patterns.contains { $0.matches(name.text) }
      }
      .map(\.text)
    guard ledger.problems.isEmpty else { throw .tensors(ledger.problems) }
  }
}

/// What was asked for through the scopes of one load, and what went wrong.
private final class Ledger {
  var requested: Set<WeightName> = []
  var problems: TensorProblems
  private let collects: Bool
  private var zeros: ZeroBytes?

  init(source: String, collects: Bool) {
    problems = TensorProblems(source: source)
    self.collects = collects
  }

  /// Zeros in the requested shape, so that a builder can go on to find further problems.
  ///
  /// - Throws: the problems so far, if they are not being collected or the shape is so large that
  ///   not even empty address space can be had for it.
  func placeholder(_ shape: Shape) throws(CheckpointError) -> Tensor {
    guard collects, let byteCount = ElementType.f32.byteCount(elements: shape.elementCount) else {
      throw .tensors(problems)
    }
    if zeros.map({ $0.byteCount < byteCount }) ?? true { zeros = ZeroBytes(byteCount: byteCount) }
    guard let zeros else { throw .tensors(problems) }
    return Tensor(storage: zeros.storage, elementType: .f32, shape: shape)
  }
}

/// A pattern over names in which `*` stands for any run of bytes.
struct NamePattern {
  private let parts: [[UInt8]]

  init(_ pattern: String) {
    parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
      .map(Array.init)
  }

  func matches(_ name: String) -> Bool {
    var rest = Array(name.utf8)[...]
    guard let first = parts.first, rest.starts(with: first) else { return false }
    guard parts.count > 1, let last = parts.last else { return rest.count == first.count }
    rest = rest.dropFirst(first.count)
    // Each middle part is taken where it first occurs, which leaves the most for the others.
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard
        let found = rest.indices.first(where: { rest[$0...].starts(with: part) })
      else { return false }
      rest = rest[(found + part.count)...]
    }
    return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
  }
}
