import Tensors

/// Brings the matrices of one checkpoint to another element type than their files', as a model asks
/// for them.
///
/// What is small, or not multiplied by as it lies, stays as it is: gains, biases, positions, the
/// kernels of convolutions.
package final class WeightConversion {
  private let elementType: ElementType
  private let context: ExecutionContext
  private var made: [WeightName: Tensor] = [:]

  /// - Parameter context: computes, and says when the user wants no more of it.
  package init(to elementType: ElementType, in context: ExecutionContext) {
    self.elementType = elementType
    self.context = context
  }

  /// A matrix of `store`, whose file lets go of its pages; the same one each time it is asked for.
  ///
  /// - Throws: ``CheckpointError/cannotDerive(name:operation:problem:)`` for a number that the type
  ///   cannot hold, for rows that cut a block, or when cancelled.
  func converted(
    _ stored: Tensor, called name: String, of store: WeightStore
  ) throws(CheckpointError) -> Tensor {
    guard stored.elementType != elementType else { return stored }
    if let found = made[WeightName(name)] { return found }
    let matrix: Tensor
    do { matrix = try context.converted(stored, to: elementType) } catch {
      throw .cannotDerive(
        name: name, operation: "hold it as \(elementType.rawValue)", problem: error.description)
    }
    made[WeightName(name)] = matrix
    store.release(stored)
    return matrix
  }

  /// `store` with what was made in the place of what its files hold.
  package func applied(to store: WeightStore) throws(CheckpointError) -> WeightStore {
    var result = store
    for (name, matrix) in made {
      result = try result.removing(name.text).adding(name.text, matrix)
    }
    return result
  }
}
