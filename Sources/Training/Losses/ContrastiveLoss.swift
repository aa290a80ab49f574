import Foundation
import Models
import Tensors

/// What a batch of pairs came to, and how its embeddings should have been otherwise.
///
/// B pairs · E width of the shared space
package struct ContrastiveOutcome {
  package let loss: Double
  /// ∂loss/∂embedding, `[B, E]` each.
  package let imageGradient, textGradient: Tensor
  /// ∂loss/∂ log scale, and ∂loss/∂ bias.
  package let scaleGradient, biasGradient: Double
  /// The part of pictures whose own text, or one that says the same, is the most similar.
  package let accuracy: Double
  /// `[B, B]`: pictures by texts.
  package let cosines: Tensor
}

/// Pulls the two halves of each pair together and pushes all other pairings apart.
package struct ContrastiveLoss: Equatable, Sendable {
  package var recipe: LossRecipe

  package init(_ recipe: LossRecipe) { self.recipe = recipe }

  /// The loss of unit vectors `images [B, E]` and `texts [B, E]`, pair by pair, and its gradient.
  ///
  /// Softmax: ½ (mean over pictures of −log softmax over texts + the same the other way) of
  /// scale · cosine (Radford et al. 2021). Sigmoid: Σ −log σ(± (scale · cosine + bias)) / B
  /// (Zhai et al. 2023).
  ///
  /// - Parameters:
  ///   - groups: pairs with equal numbers say the same: neither is the other's negative.
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func callAsFunction(
    images: Tensor, texts: Tensor, groups: [Int], similarity: Similarity,
    in context: ExecutionContext
  ) throws(TensorError) -> ContrastiveOutcome {
    let cosines = try context.productTransposed(images, texts)
    let found: (loss: Double, slopes: Tensor, scaleGradient: Double, biasGradient: Double)
    switch similarity {
    case .softmax(let scale):
      found = try softmax(cosines, groups, scale: scale, in: context)
    case .sigmoid(let scale, let bias):
      found = sigmoid(cosines, groups, scale: scale, bias: bias, in: context)
    }
    // The slopes are of the cosines: ∂loss/∂cosine.
    return ContrastiveOutcome(
      loss: found.loss,
      imageGradient: try context.product(found.slopes, texts),
      textGradient: try context.product(found.slopes, images, firstTransposed: true),
      scaleGradient: found.scaleGradient, biasGradient: found.biasGradient,
      accuracy: accuracy(cosines, groups), cosines: cosines)
  }

  private func softmax(
    _ cosines: Tensor, _ groups: [Int], scale: Float, in context: ExecutionContext
  ) throws(TensorError) -> (Double, Tensor, Double, Double) {
    let count = groups.count
    let mask = context.zeros([count, count])
    var others = [Int](repeating: count - 1, count: count)
    for row in 0..<count {
      for column in 0..<count where row != column && groups[row] == groups[column] {
        mask.floats[row * count + column] = -.infinity
        others[row] -= 1
      }
    }
    let turned = try context.transposed(cosines)
    let byImage = try context.softmax(cosines, scale: scale, mask: mask)
    let byText = try context.softmax(turned, scale: scale, mask: mask)
    let smoothing = Float(recipe.labelSmoothing)
    let slopes = context.empty([count, count])
    let (p, q, c, out) = (byImage.floats, byText.floats, cosines.floats, slopes.floats)
    let imageOffsets = logOffsets(byImage, cosines, scale)
    let textOffsets = logOffsets(byText, turned, scale)
    var (loss, scaleGradient) = (0.0, 0.0)
    let weight = 1 / Float(2 * count)
    for row in 0..<count {
      let rest = others[row] > 0 ? smoothing / Float(others[row]) : 0
      let own = others[row] > 0 ? 1 - smoothing : 1
      for column in 0..<count {
        let (cell, mirrored) = (row * count + column, column * count + row)
        guard row == column || groups[row] != groups[column] else {
          out[cell] = 0
          continue
        }
        let target = row == column ? own : rest
        // Its mate in the other direction has the same target: groups are symmetric, but the
        // counts of others may differ.
        let turnedTarget =
          row == column ? own : others[column] > 0 ? smoothing / Float(others[column]) : 0
        let slope = weight * (p[cell] - target + q[mirrored] - turnedTarget)
        let logit = Double(scale) * Double(c[cell])
        loss -= Double(weight * target) * (logit + imageOffsets[row])
        loss -= Double(weight * turnedTarget) * (logit + textOffsets[column])
        scaleGradient += Double(slope * c[cell] * scale)
        out[cell] = slope * scale
      }
    }
    return (loss, slopes, scaleGradient, 0)
  }

  /// What, added to a logit of each row, is the logarithm of its probability: taken from the greatest
  /// one, since others may have been rounded to nothing.
  private func logOffsets(_ probabilities: Tensor, _ cosines: Tensor, _ scale: Float) -> [Double] {
    let count = cosines.shape[0]
    return (0..<count).map { row in
      let line = UnsafeBufferPointer(start: probabilities.floats + row * count, count: count)
      let best = line.indices.max { line[$0] < line[$1] } ?? row
      return log(Double(line[best])) - Double(scale) * Double(cosines.floats[row * count + best])
    }
  }

  private func sigmoid(
    _ cosines: Tensor, _ groups: [Int], scale: Float, bias: Float, in context: ExecutionContext
  ) -> (Double, Tensor, Double, Double) {
    let count = groups.count
    let slopes = context.empty([count, count])
    let (c, out) = (cosines.floats, slopes.floats)
    var (loss, scaleGradient, biasGradient) = (0.0, 0.0, 0.0)
    for row in 0..<count {
      for column in 0..<count {
        let cell = row * count + column
        guard row == column || groups[row] != groups[column] else {
          out[cell] = 0
          continue
        }
        let sign: Double = row == column ? 1 : -1
        let logit = sign * Double(scale * c[cell] + bias)
        // −log σ(x) = log(1 + e^−x), which for large −x is −x.
        loss += (logit > -30 ? log1p(exp(-logit)) : -logit) / Double(count)
        let slope = -sign / (1 + exp(logit)) / Double(count)
        scaleGradient += slope * Double(c[cell] * scale)
        biasGradient += slope
        out[cell] = Float(slope) * scale
      }
    }
    return (loss, slopes, scaleGradient, biasGradient)
  }

  private func accuracy(_ cosines: Tensor, _ groups: [Int]) -> Double {
    let count = groups.count
    let right = (0..<count).filter { row in
      let line = UnsafeBufferPointer(start: cosines.floats + row * count, count: count)
      let best = line.indices.max { line[$0] < line[$1] } ?? row
      return groups[best] == groups[row]
    }
    return Double(right.count) / Double(max(1, count))
  }
}
