import JSONDocuments

/// The sizes and switches of a stack of pre-norm blocks.
package struct TransformerConfiguration: Equatable, Sendable {
  package var width: Int
  package var feedForwardWidth: Int
  package var layers: Int
  package var heads: Int
  package var activation: ActivationName
  package var epsilon: Double

  package init(
    width: Int, feedForwardWidth: Int, layers: Int, heads: Int, activation: ActivationName,
    epsilon: Double
  ) {
    self.width = width
    self.feedForwardWidth = feedForwardWidth
    self.layers = layers
    self.heads = heads
    self.activation = activation
    self.epsilon = epsilon
  }
}

extension TransformerConfiguration {
  /// Reads a `text_config` or `vision_config` of transformers; absent keys mean the given
  /// defaults.
  init(
    _ node: JSONNode?, width: Int, feedForwardWidth: Int, layers: Int, heads: Int,
    activation: ActivationName = .quickGELU, epsilon: Double = 1e-5
  ) throws(JSONError) {
    self.init(
      width: try node?.size("hidden_size", default: width) ?? width,
      feedForwardWidth: try node?.size("intermediate_size", default: feedForwardWidth)
        ?? feedForwardWidth,
      layers: try node?.layerCount("num_hidden_layers", default: layers) ?? layers,
      heads: try node?.size("num_attention_heads", default: heads) ?? heads,
      activation: activation,
      epsilon: try node?.epsilon("layer_norm_eps", default: epsilon) ?? epsilon)
    guard let node else { return }
    self.activation = try ActivationName(node, "hidden_act", default: activation)
    guard self.width % self.heads == 0 else {
      throw node.error(
        "hidden_size \(self.width) is not a multiple of num_attention_heads \(self.heads)")
    }
  }
}
