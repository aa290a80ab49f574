import Synchronization

/// Maps the gradient of an output to the gradients of the inputs, nil for those not followed.
package typealias GradientRule =
  (_ gradient: Tensor, _ context: ExecutionContext) throws(TensorError) -> [Tensor?]

/// The place of a value on one tape. Tensors outlive tapes, so a place names its tape too:
/// a value that an earlier or an outer tape followed is a constant to every other.
struct TapeNode: Equatable, Sendable {
  let tape: Int
  let index: Int
}

/// Reverse-mode differentiation: a list of what was computed, in order, and one walk back.
///
/// Only operations with a tracked input are recorded, so frozen parts of a model cost nothing.
package final class Tape {
  private enum Entry {
    /// Something whose gradient was asked for, or that is walked past already.
    case variable
    case operation(inputs: [Int?], rule: GradientRule)
    /// Gradients for places of this tape, found by a walk over another one.
    case composite((Tensor, ExecutionContext) throws(TensorError) -> [Int: Tensor])
  }

  private static let count = Atomic<Int>(0)

  private let identity = Tape.count.add(1, ordering: .relaxed).newValue
  private var entries: [Entry] = []
  /// Places whose gradients are kept for whoever asked; those of others go once they are used.
  private var watched: Set<Int> = []
  /// The tape whose values are variables to this one, and where each is here.
  private let outer: Int?
  private var adopted: [Int: Int] = [:]

  package init() { outer = nil }

  private init(adoptingFrom outer: Int) { self.outer = outer }

  /// `tensor` as a variable whose gradient can be asked for; itself where the tape follows it
  /// already, because a second place would cut it off from what it was computed from.
  package func watch(_ tensor: Tensor) -> Tensor {
    let found = index(of: tensor) == nil ? append(.variable, for: tensor) : tensor
    if let node = found.node { watched.insert(node.index) }
    return found
  }

  func record(_ output: Tensor, inputs: [Tensor?], rule: @escaping GradientRule) -> Tensor {
    let nodes = inputs.map { $0.flatMap(index(of:)) }
    guard nodes.contains(where: { $0 != nil }) else { return output }
    return append(.operation(inputs: nodes, rule: rule), for: output)
  }

  /// `output` as what `body` computes, which is computed once more when its gradients are wanted.
  func record(
    _ output: Tensor,
    recomputing body: @escaping (ExecutionContext) throws(TensorError) -> Tensor
  ) -> Tensor {
    append(
      .composite { [identity] gradient, context throws(TensorError) in
        let inner = Tape(adoptingFrom: identity)
        let recording = try context.recording(on: inner) { _ throws(TensorError) in
          try body(context)
        }
        let found = try recording.gradients(seed: gradient, in: context)
        return inner.adopted.compactMapValues { found.values[$0] }
      }, for: output)
  }

  /// A tape that follows what this one does, to be let go with all that it recorded.
  fileprivate func passing() -> Tape { Tape(adoptingFrom: identity) }

  private func append(_ entry: Entry, for tensor: Tensor) -> Tensor {
    var tracked = tensor
    tracked.node = TapeNode(tape: identity, index: entries.count)
    entries.append(entry)
    return tracked
  }

  private func index(of tensor: Tensor) -> Int? {
    guard let node = tensor.node else { return nil }
    if node.tape == identity { return node.index }
    guard node.tape == outer else { return nil }
    if let found = adopted[node.index] { return found }
    let index = entries.count
    entries.append(.variable)
    watched.insert(index)
    adopted[node.index] = index
    return index
  }

  /// The gradients of `target`, weighted by `seed`, with respect to everything watched. What was
  /// recorded is let go as the walk passes it: a tape is walked once.
  ///
  /// - Parameter seed: the gradient of the final scalar with respect to `target`; ones when nil.
  fileprivate func gradients(
    of target: Tensor, seed: Tensor?, in context: ExecutionContext
  ) throws(TensorError) -> Gradients {
    guard let last = index(of: target) else { return Gradients(tape: identity, values: [:]) }
    if let seed, seed.shape != target.shape {
      throw .shapes(
        operation: "gradients", found: [seed.shape, target.shape],
        expected: "a seed of the target's shape")
    }
    var pending: [Int: Tensor] = [:]
    pending[last] = seed ?? context.filled(target.shape, with: 1)
    var finished: [Int: Tensor] = [:]
    for index in stride(from: last, through: 0, by: -1) {
      guard let gradient = pending.removeValue(forKey: index) else {
        entries[index] = .variable
        continue
      }
      if watched.contains(index) { finished[index] = gradient }
      for (input, part) in try parts(of: gradient, at: index, in: context) {
        pending[input] = try pending[input].map { sum throws(TensorError) in
          try context.add(sum, part)
        } ?? part
      }
    }
    return Gradients(tape: identity, values: finished)
  }

  /// What the entry at `index` hands on to which places, in order.
  private func parts(
    of gradient: Tensor, at index: Int, in context: ExecutionContext
  ) throws(TensorError) -> [(Int, Tensor)] {
    let entry = entries[index]
    entries[index] = .variable
    switch entry {
    case .variable: return []
    case .operation(let inputs, let rule):
      return zip(inputs, try rule(gradient, context)).compactMap { input, part in
        input.flatMap { input in part.map { (input, $0) } }
      }
    case .composite(let walk):
      return try walk(gradient, context).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
  }
}

/// A value and the tape that knows how it came about, until its gradients are asked for.
package struct Recording {
  package let value: Tensor
  private let tape: Tape

  fileprivate init(value: Tensor, tape: Tape) {
    self.value = value
    self.tape = tape
  }

  /// The gradients with respect to everything watched, once.
  ///
  /// - Parameter seed: the gradient of the final scalar with respect to ``value``; ones when nil.
  /// - Throws: ``TensorError`` for a seed of another shape, or when cancelled.
  package func gradients(
    seed: Tensor? = nil, in context: ExecutionContext
  ) throws(TensorError) -> Gradients {
    // Gradient rules are built from the same operations; they must not record themselves.
    let outer = context.tape
    context.tape = nil
    defer { context.tape = outer }
    return try tape.gradients(of: value, seed: seed, in: context)
  }
}

/// What ``ExecutionContext/gradients(of:seed:_:)`` found.
package struct Gradients {
  let tape: Int
  let values: [Int: Tensor]

  /// The gradient with respect to `variable`, or nil when the target does not depend on it.
  package subscript(variable: Tensor) -> Tensor? {
    variable.node.flatMap { $0.tape == tape ? values[$0.index] : nil }
  }
}

extension ExecutionContext {
  /// Runs `body` with a tape, and keeps what its gradients will need.
  ///
  ///     let recording = try context.recording { tape in
  ///       let x = tape.watch(pixels)
  ///       return try model.score(x, in: context)
  ///     }
  package func recording(
    _ body: (Tape) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Recording {
    try recording(on: Tape(), body)
  }

  fileprivate func recording(
    on tape: Tape, _ body: (Tape) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Recording {
    let outer = self.tape
    self.tape = tape
    defer { self.tape = outer }
    return Recording(value: try body(tape), tape: tape)
  }

  /// Runs `body` with a tape, then returns its target's gradients.
  ///
  /// - Parameter seed: gradient with respect to the target; ones when nil.
  package func differentiate(
    seed: Tensor? = nil, _ body: (Tape) throws(TensorError) -> Tensor
  ) throws(TensorError) -> (value: Tensor, gradients: Gradients) {
    let recording = try recording(body)
    return (recording.value, try recording.gradients(seed: seed, in: self))
  }

  /// What `body` computes. Under a tape, where ``recomputesBlocks`` says so, nothing inside it is
  /// kept: its gradients compute it once more (Chen et al. 2016).
  ///
  /// - Parameter body: gives the same numbers each time it is called.
  package func recomputed(
    _ body: @escaping (ExecutionContext) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Tensor {
    guard recomputesBlocks, let tape else { return try body(self) }
    // On a tape too: operations that record may multiply otherwise than those that do not, and the
    // gradients are to be those of what is computed here.
    let first = try recording(on: tape.passing()) { _ throws(TensorError) in try body(self) }
    return tape.record(first.value, recomputing: body)
  }
}
