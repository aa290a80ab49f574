import Checkpoints
import Tensors

extension WeightScope {
  /// A small parameter as f32: gains, biases, tables of positions, which every step reads.
  func exact(_ name: String, _ shape: Shape) throws(CheckpointError) -> Tensor {
    let stored = try tensor(name, shape)
    do {
      return try stored.exact()
    } catch {
      throw .cannotDerive(
        name: prefix + name, operation: "convert it to f32", problem: error.description)
    }
  }

  /// A single number, stored without axes or as one element.
  func scalar(_ name: String) throws(CheckpointError) -> Float {
    let shape = entry(name)?.shape
    return try exact(name, shape == [1] ? [1] : []).array[0]
  }
}
