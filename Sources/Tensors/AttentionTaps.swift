/// Where an attention layer stands in its model: `vision` layer 3, `text` layer 0.
package struct AttentionSite: Hashable, Sendable, CustomStringConvertible {
  package let tower: String
  package let layer: Int

  package init(tower: String, layer: Int) {
    self.tower = tower
    self.layer = layer
  }

  package var description: String { "\(tower).\(layer)" }
}

/// Collects attention probabilities while a model runs.
///
/// Attention materialises its probabilities only at the sites that are wanted; everywhere else
/// it stays fused.
package final class AttentionTaps {
  private let wanted: (AttentionSite) -> Bool
  /// Probabilities `[batch, heads, queries, keys]` in the order the model computed them.
  package private(set) var maps: [(site: AttentionSite, probabilities: Tensor)] = []

  package init(where wanted: @escaping (AttentionSite) -> Bool = { _ in true }) {
    self.wanted = wanted
  }

  func wants(_ site: AttentionSite) -> Bool { wanted(site) }

  func receive(_ probabilities: Tensor, at site: AttentionSite) {
    maps.append((site, probabilities))
  }
}
