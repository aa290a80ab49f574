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
  private struct Entry {
    let inputs: [Int?]
    let rule: GradientRule?
  }

  private static let count = Atomic<Int>(0)

  private let identity = Tape.count.add(1, ordering: .relaxed).newValue
  private var entries: [Entry] = []

  package init() {}

  /// `tensor` as a variable whose gradient can be asked for; itself where the tape follows it
  /// already, because a second place would cut it off from what it was computed from.
  package func watch(_ tensor: Tensor) -> Tensor {
    index(of: tensor) == nil ? append(Entry(inputs: [], rule: nil), for: tensor) : tensor
  }

  func record(_ output: Tensor, inputs: [Tensor?], rule: @escaping GradientRule) -> Tensor {
    let nodes = inputs.map { $0.flatMap(index(of:)) }
    guard nodes.contains(where: { $0 != nil }) else { return output }
    return append(Entry(inputs: nodes, rule: rule), for: output)
  }

  private func append(_ entry: Entry, for tensor: Tensor) -> Tensor {
    var tracked = tensor
    tracked.node = TapeNode(tape: identity, index: entries.count)
    entries.append(entry)
    return tracked
  }

  private func index(of tensor: Tensor) -> Int? {
    tensor.node.flatMap { $0.tape == identity ? $0.index : nil }
  }

  /// The gradients of `target`, weighted by `seed`, with respect to everything recorded.
  ///
  /// - Parameter seed: the gradient of the final scalar with respect to `target`; ones when nil.
  func gradients(
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
      guard let gradient = pending.removeValue(forKey: index) else { continue }
      finished[index] = gradient
      let entry = entries[index]
      guard let rule = entry.rule else { continue }
      for (input, part) in zip(entry.inputs, try rule(gradient, context)) {
        guard let input, let part else { continue }
        pending[input] = try pending[input].map { sum throws(TensorError) in
          try context.add(sum, part)
        } ?? part
      }
    }
    return Gradients(tape: identity, values: finished)
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
  /// Runs `body` with a tape, then returns its target's gradients.
  ///
  ///     let (score, gradients) = try context.differentiate { tape in
  ///       let x = tape.watch(pixels)
  ///       return try model.score(x, in: context)
  ///     }
  ///
  /// - Parameter seed: gradient with respect to the target; ones when nil.
  package func differentiate(
    seed: Tensor? = nil, _ body: (Tape) throws(TensorError) -> Tensor
  ) throws(TensorError) -> (value: Tensor, gradients: Gradients) {
    let outer = tape
    let tape = Tape()
    self.tape = tape
    let target: Tensor
    do {
      target = try body(tape)
    } catch {
      self.tape = outer
      throw error
    }
    // Gradient rules are built from the same operations; they must not record themselves.
    self.tape = nil
    defer { self.tape = outer }
    return (target, try tape.gradients(of: target, seed: seed, in: self))
  }
}
