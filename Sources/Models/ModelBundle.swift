import Checkpoints
import JSONDocuments
import Media
import Tensors
import Tokenizers

/// A model with everything that turns files and texts into its inputs.
///
/// Not `Sendable`: whoever computes with it owns it.
package struct ModelBundle {
  package let name: String
  /// The family's name in records: `clip`.
  package let family: String
  package let path: String
  package let model: any DualEncoder
  package let tokenizer: Tokenizer
  package let imageProcessor: ImageProcessor
  package let store: WeightStore
  /// What the user should know about how the checkpoint was read.
  package let notes: [String]

  package var bytes: Int { store.byteCount }

  /// How many numbers the checkpoint holds, integers left out: they are positions and counters,
  /// which some files carry along and nobody trains.
  package var parameters: Int {
    store.names.reduce(0) { sum, name in
      guard let entry = store.entry(name),
        entry.elementType.isFloatingPoint || entry.elementType.blockElements > 1
      else { return sum }
      return sum + entry.shape.elementCount
    }
  }

  /// The element type that most of the bytes have.
  package var elementType: ElementType {
    var bytes: [ElementType: Int] = [:]
    for name in store.names {
      guard let entry = store.entry(name) else { continue }
      bytes[entry.elementType, default: 0] += entry.byteCount
    }
    return bytes.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key ?? .f32
  }
}
