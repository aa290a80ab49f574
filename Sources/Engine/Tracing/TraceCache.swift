import Models
import Tensors

/// Attention probabilities of what was traced last, so that stepping through layers and heads
/// computes nothing twice. Bounded in bytes; the oldest subject goes first.
struct TraceCache {
  struct Key: Hashable {
    let content: EmbeddingCache.Content
    let precision: Precision
    let site: LayerSite
  }

  /// About twice what ViT-L/14 has at 224 pixels.
  static let capacity = 256 << 20

  private var maps: [Key: Tensor] = [:]
  private var order: [Key] = []
  private var bytes = 0

  subscript(key: Key) -> Tensor? { maps[key] }

  mutating func store(_ map: Tensor, for key: Key) {
    guard maps[key] == nil else { return }
    maps[key] = map
    order.append(key)
    bytes += map.byteCount
    while bytes > TraceCache.capacity, order.count > 1 {
      if let old = maps.removeValue(forKey: order.removeFirst()) { bytes -= old.byteCount }
    }
  }

  mutating func removeAll() { self = TraceCache() }
}
