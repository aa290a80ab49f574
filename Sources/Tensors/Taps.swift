/// Where a layer stands in its model: `vision` layer 3, `text` layer 0.
package struct LayerSite: Hashable, Sendable, CustomStringConvertible {
  package let tower: String
  package let layer: Int

  package init(tower: String, layer: Int) {
    self.tower = tower
    self.layer = layer
  }

  package var description: String { "\(tower).\(layer)" }
}

/// Collects what happens inside a model while it runs.
///
/// Attention materialises its probabilities only at the sites that are wanted; everywhere else
/// it stays fused.
package final class Taps {
  private let wantsAttention: (LayerSite) -> Bool
  private let wantsHidden: (LayerSite) -> Bool
  /// Probabilities `[batch, heads, queries, keys]` in the order the model computed them.
  package private(set) var attention: [(site: LayerSite, probabilities: Tensor)] = []
  /// What enters each layer, and last what leaves the tower, `[batch, positions, width]`.
  package private(set) var hidden: [(site: LayerSite, states: Tensor)] = []

  package init(
    attention: @escaping (LayerSite) -> Bool = { _ in false },
    hidden: @escaping (LayerSite) -> Bool = { _ in false }
  ) {
    wantsAttention = attention
    wantsHidden = hidden
  }

  func wants(_ site: LayerSite) -> Bool { wantsAttention(site) }

  /// Whether every position of a tower of `layers` is wanted to its end: in the map of its last
  /// layer, or in the states that leave it.
  package func wantsWhole(_ tower: String, layers: Int) -> Bool {
    wantsAttention(LayerSite(tower: tower, layer: layers - 1))
      || wantsHidden(LayerSite(tower: tower, layer: layers))
  }

  func receive(_ probabilities: Tensor, at site: LayerSite) {
    attention.append((site, probabilities))
  }

  /// Offers the hidden states at `site`: the input of that layer, or the output of the tower
  /// where `layer` is one past the last.
  package func offer(hidden states: Tensor, at site: LayerSite) {
    if wantsHidden(site) { hidden.append((site, states)) }
  }
}
