import Media

/// How attention becomes one weight per position.
package enum AttentionMethod: String, Sendable, CaseIterable {
  /// The probabilities of one layer, as they are.
  case raw
  /// Attention rollout (Abnar & Zuidema 2020): residual-corrected maps, multiplied from the
  /// first layer on.
  case rollout
  /// Gradient-weighted relevance (Chefer et al. 2021) of one picture and one text to their
  /// logit.
  case relevance
}

/// One layer, all of them, or what gathers the embedding behind the last.
package enum LayerChoice: Sendable, Equatable {
  case index(Int)
  case all
  /// The attention pool of a tower whose embedding a query of its own gathers.
  case pool
}

/// How the heads of a layer are combined.
package enum HeadChoice: Sendable, Equatable {
  case mean
  case max
  case index(Int)
}

/// A question about attention in one tower.
package struct TraceRequest: Sendable {
  package enum Tower: String, Sendable, CaseIterable {
    case vision, text
  }

  package var tower: Tower
  /// The picture of the vision tower, or that a text's relevance is judged with.
  package var picture: StagedPicture?
  /// The text of the text tower, or that a picture's relevance is judged with.
  package var text: String?
  package var method: AttentionMethod
  /// nil: for raw maps what gathers the embedding, which is the pool or the last layer; all layers
  /// otherwise. For rollout the last layer that is multiplied; for relevance the first that is
  /// summed.
  package var layer: LayerChoice?
  package var head: HeadChoice
  /// Whose attention is shown: a position; nil for the one that is pooled, or for the pool's query,
  /// which reads a layer through the weights that it gives to its positions.
  package var token: Int?
  /// Leaves out what all positions attend to, whatever they hold.
  package var dropsSinks = false

  package init(
    tower: Tower, picture: StagedPicture?, text: String?, method: AttentionMethod = .raw,
    layer: LayerChoice? = nil, head: HeadChoice = .mean, token: Int? = nil
  ) {
    self.tower = tower
    self.picture = picture
    self.text = text
    self.method = method
    self.layer = layer
    self.head = head
    self.token = token
  }
}

/// Weights over patches or words, and what they leave out.
package struct AttentionTrace: Sendable {
  package let tower: TraceRequest.Tower
  package let method: AttentionMethod
  package let layer: LayerChoice
  package let head: HeadChoice
  /// The position whose attention it is; nil for the pool's query.
  package let token: Int?
  package let layers: Int
  package let heads: Int
  /// Positions of the tower, those that are not drawn included.
  package let positions: Int
  /// Rows and columns of patches, or one row of words.
  package let shape: [Int]
  /// What is drawn, row by row.
  package let weights: [Float]
  /// The part of the mass that is not drawn: on the class token, the marks around a text, and sinks
  /// that were left out.
  package let outside: Float
  /// Positions that were left out as sinks; nil where nobody asked for that.
  package let sinks: [Int]?
  /// Vision: which part of the upright picture the grid covers.
  package let region: SourceRegion?
  /// Text: what each weight stands for.
  package let pieces: [String]
  /// Relevance: the logit that was explained.
  package let score: Float?
}
