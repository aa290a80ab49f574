import Checkpoints
import Foundation

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

extension Similarity {
  /// Reads `logit_scale`, the logarithm of the scale, and `logit_bias` where the model has one.
  ///
  /// - Throws: ``CheckpointError`` also for numbers that leave every probability undefined, or the
  ///   same for every label.
  init(_ scope: WeightScope, hasBias: Bool) throws(CheckpointError) {
    let logarithm = try scope.scalar("logit_scale")
    let scale = exp(logarithm)
    guard scale.isNormal else {
      throw .cannotDerive(
        name: scope.prefix + "logit_scale", operation: "scale logits by its exponential",
        problem: "it is \(logarithm)")
    }
    guard hasBias else {
      self = .softmax(scale: scale)
      return
    }
    let bias = try scope.scalar("logit_bias")
    guard bias.isFinite else {
      throw .cannotDerive(
        name: scope.prefix + "logit_bias", operation: "add it to logits", problem: "it is \(bias)")
    }
    self = .sigmoid(scale: scale, bias: bias)
  }
}
