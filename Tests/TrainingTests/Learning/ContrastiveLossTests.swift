import Foundation
import TestSupport
import Testing

@testable import Models
@testable import Tensors
@testable import Training

/// The loss by itself, against the formula in `Double` and its finite differences.
@Suite struct ContrastiveLossTests {
  struct Trial: Sendable, CustomStringConvertible {
    var groups: [Int]
    var smoothing = 0.0
    var similarity = Similarity.softmax(scale: 7)
    var description: String { "\(groups), smoothing \(smoothing), \(similarity)" }
  }

  static let trials = [
    Trial(groups: [0, 1, 2, 3, 4]), Trial(groups: [0, 1, 0, 3, 1], smoothing: 0.1),
    Trial(groups: [0, 0, 0, 1], smoothing: 0.3), Trial(groups: [2, 2, 2], smoothing: 0.2),
    Trial(groups: [0, 1, 0], similarity: .softmax(scale: 100)), Trial(groups: [5], smoothing: 0.1),
    Trial(groups: [0, 1, 2, 1], similarity: .sigmoid(scale: 7, bias: -3)),
    Trial(groups: [0, 1, 2], similarity: .sigmoid(scale: 90, bias: 20)),
  ]
  private static let width = 6

  @Test(arguments: TrainingCase.tables, trials)
  func isTheFormula(_ table: String, _ trial: Trial) throws {
    let context = try TrainingCase(table).context
    let formula = Formula(trial)
    let count = trial.groups.count
    let (images, texts) = (unitRows(count, seed: 1), unitRows(count, seed: 2))
    let outcome = try ContrastiveLoss(formula.recipe)(
      images: context.tensor(images.map(Float.init), [count, Self.width]),
      texts: context.tensor(texts.map(Float.init), [count, Self.width]), groups: trial.groups,
      similarity: trial.similarity, in: context)
    let inputs = [images.map { Double(Float($0)) }, texts.map { Double(Float($0)) }]
    let exact = formula.loss(inputs[0], inputs[1])
    #expect(abs(outcome.loss - exact) <= 2e-6 * max(1, exact))
    let slopes = formula.slopes(inputs)
    let largest = max(1e-3, slopes.flatMap(\.self).reduce(0) { max($0, abs($1)) })
    let found = [
      outcome.imageGradient.array, outcome.textGradient.array, [Float(outcome.scaleGradient)],
      [Float(outcome.biasGradient)],
    ]
    for (name, (actual, wanted)) in zip(
      ["images", "texts", "scale", "bias"], zip(found, slopes))
    {
      let worst = zip(actual, wanted).map { abs(Double($0) - $1) }.max() ?? .infinity
      #expect(actual.count == wanted.count && worst < 2e-5 * largest, "\(name)")
    }
  }

  private func unitRows(_ count: Int, seed: UInt64) -> [Double] {
    var random = TestSupport.SplitMix(seed: seed)
    return (0..<count).flatMap { _ in
      let row = (0..<Self.width).map { _ in Double.random(in: -1...1, using: &random) }
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / length }
    }
  }

  @Test func countsThePicturesWhoseOwnTextIsNearest() throws {
    let context = try TrainingCase().context
    let images = context.tensor([1, 0, 0, 1, 1, 0, 0.8, 0.6], [4, 2])
    let texts = context.tensor([1, 0, 0, 1, 0.6, 0.8, 0.96, 0.28], [4, 2])
    func accuracy(_ groups: [Int]) throws -> Double {
      try ContrastiveLoss(LossRecipe())(
        images: images, texts: texts, groups: groups, similarity: .softmax(scale: 1), in: context
      ).accuracy
    }
    // The third picture is nearest to the first text, the fourth to the third.
    #expect(try accuracy([0, 1, 2, 3]) == 0.5)
    #expect(try accuracy([0, 1, 0, 3]) == 0.75)
  }

  /// Where a probability is too small for a Float, its logarithm is not.
  @Test func knowsHowWrongItIs() throws {
    let context = try TrainingCase().context
    let images = context.tensor([1, 0, -1, 0], [2, 2])
    for smoothing in [0, 0.25] {
      var recipe = LossRecipe()
      recipe.labelSmoothing = smoothing
      let outcome = try ContrastiveLoss(recipe)(
        images: images, texts: context.tensor([-1, 0, 1, 0], [2, 2]), groups: [0, 1],
        similarity: .softmax(scale: 100), in: context)
      #expect(abs(outcome.loss - 200 * (1 - smoothing)) < 1e-4)
      #expect(outcome.accuracy == 0)
    }
  }

  /// A text that reaches the batch twice must not push its own picture away.
  @Test(arguments: [Similarity.softmax(scale: 10), .sigmoid(scale: 10, bias: -1)])
  func pairsOfOneGroupDoNotPushEachOther(_ similarity: Similarity) throws {
    let context = try TrainingCase().context
    let same = context.tensor([1, 0, 1, 0], [2, 2])
    func gradient(_ groups: [Int]) throws -> [Float] {
      try ContrastiveLoss(LossRecipe())(
        images: same, texts: context.tensor([0.6, 0.8, 0.8, 0.6], [2, 2]), groups: groups,
        similarity: similarity, in: context
      ).textGradient.array
    }
    let (apart, together) = (try gradient([0, 1]), try gradient([4, 4]))
    #expect(apart.contains { $0 > 0.1 })
    #expect(together.allSatisfy { $0 <= 0 }, "each is only pulled")
  }
}

/// −log of what each pair's own should be, written out.
private struct Formula {
  let trial: ContrastiveLossTests.Trial
  let count: Int

  init(_ trial: ContrastiveLossTests.Trial) {
    self.trial = trial
    count = trial.groups.count
  }

  var recipe: LossRecipe {
    var recipe = LossRecipe()
    recipe.labelSmoothing = trial.smoothing
    return recipe
  }

  private func isHidden(_ a: Int, _ b: Int) -> Bool { a != b && trial.groups[a] == trial.groups[b] }

  /// - Parameters:
  ///   - stretch: what the scale is multiplied by.
  ///   - shift: what is added to the bias.
  func loss(
    _ images: [Double], _ texts: [Double], stretch: Double = 1, shift: Double = 0
  ) -> Double {
    let width = images.count / count
    let cosines = (0..<count).map { row in
      (0..<count).map { column in
        (0..<width).reduce(0) { $0 + images[row * width + $1] * texts[column * width + $1] }
      }
    }
    switch trial.similarity {
    case .softmax(let scale):
      let logits = cosines.map { $0.map { $0 * Double(scale) * stretch } }
      let turned = (0..<count).map { row in (0..<count).map { logits[$0][row] } }
      return (crossEntropy(logits) + crossEntropy(turned)) / 2
    case .sigmoid(let scale, let bias):
      var sum = 0.0
      for row in 0..<count {
        for column in 0..<count where !isHidden(row, column) {
          let logit = cosines[row][column] * Double(scale) * stretch + Double(bias) + shift
          sum += log1p(exp(row == column ? -logit : logit))
        }
      }
      return sum / Double(count)
    }
  }

  private func crossEntropy(_ logits: [[Double]]) -> Double {
    var sum = 0.0
    for row in 0..<count {
      let seen = (0..<count).filter { !isHidden(row, $0) }
      let total = log(seen.reduce(0) { $0 + exp(logits[row][$1]) })
      let others = seen.count - 1
      for column in seen {
        let target = others == 0 ? 1
          : row == column ? 1 - trial.smoothing : trial.smoothing / Double(others)
        sum -= target * (logits[row][column] - total)
      }
    }
    return sum / Double(count)
  }

  /// Central differences: by pictures, by texts, by log scale, by bias.
  func slopes(_ inputs: [[Double]]) -> [[Double]] {
    let step = 1e-5
    var result = inputs.indices.map { which in
      inputs[which].indices.map { cell -> Double in
        func value(_ change: Double) -> Double {
          var moved = inputs
          moved[which][cell] += change
          return loss(moved[0], moved[1])
        }
        return (value(step) - value(-step)) / (2 * step)
      }
    }
    func difference(_ value: (Double) -> Double) -> Double {
      (value(step) - value(-step)) / (2 * step)
    }
    result.append([difference { loss(inputs[0], inputs[1], stretch: exp($0)) }])
    result.append([difference { loss(inputs[0], inputs[1], shift: $0) }])
    return result
  }
}
