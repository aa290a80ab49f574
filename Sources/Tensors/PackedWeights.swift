/// A weight matrix in a form that a precision multiplies.
struct PackedWeight {
  /// `[N, K]` in i8, or ``WeightPanels``.
  let matrix: Tensor
  /// i8: the scale of each row.
  let scales: [Float]
  /// i8: for each k block, the sum of each row's part, `[blocks][N]`.
  let sums: [Int32]
}

/// Weights laid out or converted for the products of a precision, each once and on first use.
///
/// A copy is found again by the view of the storage that it was made from, and goes when that
/// storage does: the address of a freed buffer may come back with other numbers in it.
///
/// One per loaded model; not `Sendable`, like the context that owns it.
package final class PackedWeights {
  enum Form: Hashable {
    /// Rows as they lie along k.
    case i8
    /// ``WeightPanels`` that sum over k.
    case panels(WeightPanels.Element)
    /// The same over n, in pairs.
    case transposedPairs
  }

  private struct Key: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let lengths: [Int]
    let strides: [Int]
    let form: Form
  }

  private struct Entry {
    weak var source: Storage?
    let weight: PackedWeight
  }

  private var packed: [Key: Entry] = [:]
  /// Called with a weight's tensor once its packed copy stands in for it, so that the owner
  /// can let go of the mapped pages.
  package var onPacked: ((Tensor) -> Void)?

  package init() {}

  /// Bytes that the converted copies take.
  package var byteCount: Int { packed.values.reduce(0) { $0 + $1.weight.matrix.byteCount } }

  /// Drops every copy: the precision has changed.
  package func removeAll() { packed = [:] }

  func packed(
    _ weight: Tensor, as form: Form,
    _ convert: () throws(TensorError) -> PackedWeight
  ) throws(TensorError) -> PackedWeight {
    let key = Key(
      storage: ObjectIdentifier(weight.storage), offset: weight.offset,
      lengths: weight.shape.array, strides: weight.strides.array, form: form)
    if let found = packed[key], found.source != nil { return found.weight }
    let made = try convert()
    packed = packed.filter { $0.value.source != nil }
    packed[key] = Entry(source: weight.storage, weight: made)
    onPacked?(weight)
    return made
  }
}
