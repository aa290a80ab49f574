import Foundation
import Tensors

/// How a dual encoder turns cosines into probabilities.
package enum Similarity: Equatable, Sendable {
  /// softmax(scale · cosine) over the labels: CLIP.
  case softmax(scale: Float)
  /// σ(scale · cosine + bias) for each label by itself: SigLIP.
  case sigmoid(scale: Float, bias: Float)

  /// The logit of a cosine.
  package func logit(_ cosine: Float) -> Float {
    switch self {
    case .softmax(let scale): scale * cosine
    case .sigmoid(let scale, let bias): scale * cosine + bias
    }
  }

  /// The probabilities of logits that compete for one picture.
  package func probabilities(_ logits: [Float]) -> [Float] {
    switch self {
    case .softmax:
      // In Double, so that a hundred labels sum to 1 as printed.
      let greatest = logits.max() ?? 0
      let weights = logits.map { exp(Double($0 - greatest)) }
      let sum = weights.reduce(0, +)
      return weights.map { Float($0 / sum) }
    case .sigmoid:
      return logits.map { Float(1 / (1 + exp(-Double($0)))) }
    }
  }
}

/// Two encoders into one space of unit vectors, where cosine measures agreement.
package protocol DualEncoder {
  var embeddingWidth: Int { get }
  var similarity: Similarity { get }
  /// The greatest count of ids that one text may have.
  var textPositions: Int { get }
  /// What attention inside the towers looks like, for traces.
  var towers: [TowerDescription] { get }

  /// Unit vectors `[B, E]` of preprocessed pictures `[B, 3, H, W]`.
  func embed(pixels: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor

  /// Unit vectors `[B, E]` of texts with the same count of ids.
  func embed(texts: [[Int]], in context: ExecutionContext) throws(TensorError) -> Tensor

  /// The ids of `text` that decide its embedding: fewer ids are fewer multiplications.
  func relevantIDs(of text: [Int]) -> [Int]
}

/// The layers, heads and positions of one tower.
package struct TowerDescription: Equatable, Sendable {
  package let name: String
  package let layers: Int
  package let heads: Int
  /// Vision: rows and columns of patches; nil for text.
  package let grid: (rows: Int, columns: Int)?
  /// Positions before the first patch or word: the class token.
  package let prefix: Int

  package static func == (a: TowerDescription, b: TowerDescription) -> Bool {
    a.name == b.name && a.layers == b.layers && a.heads == b.heads && a.prefix == b.prefix
      && a.grid?.rows == b.grid?.rows && a.grid?.columns == b.grid?.columns
  }
}
