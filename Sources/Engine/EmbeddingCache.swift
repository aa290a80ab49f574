import Models
import Tensors

/// Embeddings that need not be computed again, least recently used dropped first.
struct EmbeddingCache {
  enum Content: Hashable {
    /// SHA-256 of the file.
    case picture(String)
    case text([Int])
  }

  struct Key: Hashable {
    let content: Content
    let precision: Precision
  }

  /// Embeddings kept; at 512 floats each, about 16 MB.
  static let capacity = 8192

  private var entries: [Key: (vector: [Float], age: Int)] = [:]
  private var clock = 0

  mutating func find(_ key: Key) -> [Float]? {
    guard let entry = entries[key] else { return nil }
    clock += 1
    entries[key]?.age = clock
    return entry.vector
  }

  mutating func store(_ vector: [Float], for key: Key) {
    clock += 1
    entries[key] = (vector, clock)
    guard entries.count > EmbeddingCache.capacity else { return }
    // Dropping a quarter at once keeps the cost of finding the oldest ones small.
    let ages = entries.values.map(\.age).sorted()
    let threshold = ages[ages.count / 4]
    entries = entries.filter { $0.value.age > threshold }
  }
}
