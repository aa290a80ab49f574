import Checkpoints
import Tensors

/// Named tensors, in the order of their names: weights, their gradients, what an optimiser keeps.
package struct Parameters {
  package private(set) var names: [String]
  private var tensors: [String: Tensor]

  package init(_ tensors: [String: Tensor] = [:]) {
    names = tensors.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    self.tensors = tensors
  }

  package subscript(name: String) -> Tensor? { tensors[name] }

  package var count: Int { tensors.values.reduce(0) { $0 + $1.elementCount } }

  /// All of them with their names, in order.
  package var all: [(name: String, tensor: Tensor)] {
    names.compactMap { name in tensors[name].map { (name, $0) } }
  }

  /// Each tensor replaced by what `transform` makes of it.
  package func map(
    _ transform: (_ name: String, _ tensor: Tensor) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Parameters {
    var result: [String: Tensor] = [:]
    for (name, tensor) in all { result[name] = try transform(name, tensor) }
    return Parameters(result)
  }

  /// As a checkpoint's store, whose tensors models are built from.
  package func store(called source: String) throws(CheckpointError) -> WeightStore {
    var store = WeightStore(source: source)
    for (name, tensor) in all { store = try store.adding(name, tensor) }
    return store
  }

  /// Whether weight decay applies: to matrices, not to gains, biases, embeddings or the temperature.
  package static func decays(_ name: String, _ shape: Shape) -> Bool {
    shape.rank >= 2 && !name.hasSuffix("token_embedding.weight")
      && !name.hasSuffix("position_embedding.weight")
  }
}
