import Foundation
import Testing

@testable import Tensors
@testable import Training

@Suite struct OptimizerTests {
  // MARK: Learning rate

  private func rates(
    steps: Int, warmUp: Int, finalRate: Double = 0
  ) -> (Int) -> Double {
    let schedule = ScheduleRecipe(steps: steps, warmUp: warmUp, finalRate: finalRate)
    return LearningRate(greatest: 2, schedule: schedule).at
  }

  @Test func risesInALineAndFallsAlongACosine() {
    let rate = rates(steps: 10, warmUp: 4, finalRate: 0.1)
    #expect((1...4).map(rate) == [0.5, 1, 1.5, 2])
    #expect(abs(rate(7) - 2 * (0.1 + 0.9 * 0.5)) < 1e-12, "half way")
    #expect(abs(rate(6) - 2 * (0.1 + 0.9 * (1 + cos(.pi / 3)) / 2)) < 1e-12)
    #expect(abs(rate(10) - 0.2) < 1e-12)
    #expect(abs(rate(11) - 0.2) < 1e-12, "past the end it stays")
    #expect(abs(rate(1000) - 0.2) < 1e-12)
  }

  @Test func edgesOfASchedule() {
    let cold = rates(steps: 8, warmUp: 0)
    #expect(abs(cold(4) - 1) < 1e-12)
    #expect(cold(1) < 2 && cold(1) > 1.9)
    #expect(abs(cold(8)) < 1e-12)
    let warmingAllAlong = rates(steps: 5, warmUp: 5)
    #expect(warmingAllAlong(1) == 0.4 && warmingAllAlong(5) == 2)
    let warmingLonger = rates(steps: 5, warmUp: 10)
    #expect((1...5).map(warmingLonger) == [0.2, 0.4, 0.6, 0.8, 1])
    let single = rates(steps: 1, warmUp: 1)
    #expect(single(1) == 2)
  }

  // MARK: AdamW

  /// The textbook's formula, one number at a time.
  private struct Scalar {
    var weight, mean, square: Double
    let recipe: OptimizerRecipe

    mutating func step(_ gradient: Double, count: Int, rate: Double, decays: Bool) {
      mean = recipe.beta1 * mean + (1 - recipe.beta1) * gradient
      square = recipe.beta2 * square + (1 - recipe.beta2) * gradient * gradient
      let m = mean / (1 - pow(recipe.beta1, Double(count)))
      let v = square / (1 - pow(recipe.beta2, Double(count)))
      if decays { weight -= rate * recipe.weightDecay * weight }
      weight -= rate * m / (v.squareRoot() + recipe.epsilon)
    }
  }

  @Test(arguments: TrainingCase.tables, [nil, 0.5, 100])
  func followsTheTextbook(_ table: String, _ clip: Double?) throws {
    let context = try TrainingCase(table).context
    var recipe = OptimizerRecipe()
    (recipe.beta1, recipe.beta2, recipe.epsilon, recipe.weightDecay) = (0.8, 0.9, 1e-3, 0.3)
    recipe.clip = clip
    var parameters = Parameters([
      "fc1.weight": context.tensor([0.5, -2], [1, 2]), "fc1.bias": context.tensor([3], [1]),
    ])
    var optimizer = try AdamW(recipe, of: parameters, in: context)
    var scalars = [0.5, -2, 3].map { Scalar(weight: $0, mean: 0, square: 0, recipe: recipe) }
    let gradients: [[Float]] = [[0.4, -1, 2], [0, 3, -0.01], [-5, 1e-4, 0.3]]
    for (index, values) in gradients.enumerated() {
      let rate = 0.1 / Double(index + 1)
      let found = try optimizer.step(
        parameters,
        gradients: Parameters([
          "fc1.weight": context.tensor(Array(values[..<2]), [1, 2]),
          "fc1.bias": context.tensor([values[2]], [1]),
        ]), learningRate: rate, in: context)
      let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(found.gradientNorm - norm) < 1e-6 * norm)
      let scale = clip.map { min(1, $0 / norm) } ?? 1
      for (place, value) in values.enumerated() {
        scalars[place].step(
          Double(value) * scale, count: index + 1, rate: rate, decays: place < 2)
      }
      parameters = found.parameters
      let weights = try #require(parameters["fc1.weight"]).array
      let bias = try #require(parameters["fc1.bias"]).array
      for (actual, wanted) in zip(weights + bias, scalars) {
        #expect(abs(Double(actual) - wanted.weight) < 2e-6, "step \(index + 1)")
      }
    }
    #expect(optimizer.count == 3)
  }

  @Test func leavesWhatWasReadAsItWas() throws {
    let context = try TrainingCase().context
    let weight = context.tensor([1, 2], [2])
    let parameters = Parameters(["w": weight])
    var optimizer = try AdamW(OptimizerRecipe(), of: parameters, in: context)
    let updated = try optimizer.step(
      parameters, gradients: Parameters(["w": context.tensor([1, -1], [2])]), learningRate: 0.5,
      in: context
    ).parameters
    #expect(weight.array == [1, 2])
    #expect(updated["w"]?.array != [1, 2])
  }

  @Test func aGradientThatIsNoNumberChangesNothing() throws {
    let context = try TrainingCase().context
    let parameters = Parameters(["w": context.tensor([1, 2], [2])])
    var optimizer = try AdamW(OptimizerRecipe(), of: parameters, in: context)
    for bad in [Float.nan, .infinity] {
      let found = try optimizer.step(
        parameters, gradients: Parameters(["w": context.tensor([bad, 1], [2])]),
        learningRate: 0.5, in: context)
      #expect(!found.gradientNorm.isFinite)
      #expect(found.parameters["w"]?.array == [1, 2])
      #expect(optimizer.count == 0)
      #expect(optimizer.means["w"]?.array == [0, 0])
      #expect(optimizer.squares["w"]?.array == [0, 0])
    }
  }

  @Test func matricesAloneDecay() {
    let names: [(String, Shape, Bool)] = [
      ("a.fc1.weight", [3, 4], true), ("v.patch_embedding.weight", [8, 3, 4, 4], true),
      ("a.fc1.bias", [3], false), ("a.layer_norm1.weight", [3], false), ("logit_scale", [], false),
      ("t.token_embedding.weight", [9, 3], false), ("v.position_embedding.weight", [5, 3], false),
      ("v.class_embedding", [3], false), ("text_projection.weight", [2, 3], true),
    ]
    for (name, shape, decays) in names { #expect(Parameters.decays(name, shape) == decays, "\(name)") }
  }

  /// Follows fast at first, (1 + t) / (10 + t), then at its own pace.
  @Test func anAverageFollowsTheWeights() throws {
    let context = try TrainingCase().context
    var recipe = OptimizerRecipe()
    recipe.averageDecay = 0.3
    var parameters = Parameters(["w": context.tensor([1, 5], [2])])
    var optimizer = try AdamW(recipe, of: parameters, in: context)
    #expect(optimizer.average?["w"]?.array == [1, 5])
    var expected: [Double] = [1, 5]
    for step in 1...5 {
      parameters = try optimizer.step(
        parameters, gradients: Parameters(["w": context.tensor([1, -1], [2])]), learningRate: 0.5,
        in: context
      ).parameters
      let decay = min(0.3, Double(1 + step) / Double(10 + step))
      let weights = try #require(parameters["w"]).array
      expected = zip(expected, weights).map { decay * $0 + (1 - decay) * Double($1) }
      let average = try #require(optimizer.average?["w"]).array
      for (actual, wanted) in zip(average, expected) { #expect(abs(Double(actual) - wanted) < 1e-5) }
    }
    #expect(try AdamW(OptimizerRecipe(), of: parameters, in: context).average == nil)
  }
}
