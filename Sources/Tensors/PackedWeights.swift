/// A weight matrix in a form that a precision multiplies: rows as they lie along k.
struct PackedWeight {
  /// `[N, K]` in bf16 or i8.
  let matrix: Tensor
  /// i8: the scale of each row.
  let scales: [Float]
  /// i8: for each k block, the sum of each row's part, `[blocks][N]`.
  let sums: [Int32]
}

/// Weights converted for a precision other than their file's, each once and on first use.
///
/// One per loaded model; not `Sendable`, like the context that owns it.
package final class PackedWeights {
  private struct Key: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let elementType: ElementType
  }

  private var packed: [Key: PackedWeight] = [:]
  /// Called with a weight's tensor once its packed copy stands in for it, so that the owner
  /// can let go of the mapped pages.
  package var onPacked: ((Tensor) -> Void)?

  package init() {}

  /// Bytes that the converted copies take.
  package var byteCount: Int { packed.values.reduce(0) { $0 + $1.matrix.byteCount } }

  /// Drops every copy: the precision has changed.
  package func removeAll() { packed = [:] }

  func packed(
    _ weight: Tensor, as elementType: ElementType,
    _ convert: () throws(TensorError) -> PackedWeight
  ) throws(TensorError) -> PackedWeight {
    let key = Key(
      storage: ObjectIdentifier(weight.storage), offset: weight.offset, elementType: elementType)
    if let found = packed[key] { return found }
    let made = try convert()
    packed[key] = made
    onPacked?(weight)
    return made
  }
}
