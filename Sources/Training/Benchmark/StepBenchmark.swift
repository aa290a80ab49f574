import Models
import Tensors

/// Steps of contrastive training on made-up pairs, to be timed.
///
/// The sizes are those of the bundled model; captions are as long as those of emoji.
package struct StepBenchmark: Sendable {
  private let recipe: Recipe
  private let configuration: CLIPConfiguration
  private static let textLengths = 3...13
  private static let vocabulary = 5000

  /// - Parameter pairs: the batch of one step.
  package init(precision: Precision, pairs: Int) {
    var recipe = Recipe(
      name: "benchmark", data: DataRecipe(sources: []), output: OutputRecipe(folder: ""))
    recipe.precision = precision
    recipe.schedule.batch = pairs
    self.recipe = recipe
    configuration = recipe.model.configuration(
      vocabulary: StepBenchmark.vocabulary, ends: 0...1, hasLogitBias: false)
  }

  /// What takes one step each time it is called: it learns, as training does.
  package func prepare(
    in context: ExecutionContext
  ) throws(TensorError) -> (ExecutionContext) throws(TensorError) -> Void {
    let parameters = try Parameters.random(configuration, recipe: recipe, in: context)
    let batch = pairs(in: context)
    var learner = ContrastiveLearner(
      configuration: configuration, loss: recipe.loss, chunk: nil, parameters: parameters,
      optimizer: try AdamW(recipe.optimizer, of: parameters, in: context))
    let rate = recipe.optimizer.learningRate
    return { context throws(TensorError) in
      do throws(TrainingError) {
        _ = try learner.step(on: batch, learningRate: rate, in: context)
      } catch {
        guard case .arithmetic(let cause) = error else { throw .cancelled }
        throw cause
      }
    }
  }

  /// Multiplications and additions of the products of one step, forward and backward.
  ///
  /// Two for each weight and position, and the attention of each head, three times: forward, and
  /// back to the input and to the weights. Of the last block, only keys and values are of every
  /// position.
  package var operations: Double {
    func tower(_ transformer: TransformerConfiguration, lengths: [Int]) -> Double {
      let (width, inner) = (Double(transformer.width), Double(transformer.feedForwardWidth))
      let positions = Double(lengths.reduce(0, +))
      func block(reading read: Double, pairs: Double) -> Double {
        let keysAndValues = 2 * positions * 2 * width * width
        return keysAndValues + 2 * read * (2 * width * width + 2 * width * inner)
          + 4 * pairs * width
      }
      let squares = Double(lengths.reduce(0) { $0 + $1 * $1 })
      let inside = Double(transformer.layers - 1) * block(reading: positions, pairs: squares)
      return 3 * (inside + block(reading: Double(lengths.count), pairs: positions))
    }
    let (vision, count) = (configuration.vision, recipe.schedule.batch)
    let patches = (vision.imageSize / vision.patchSize) * (vision.imageSize / vision.patchSize)
    let patchWidth = Double(3 * vision.patchSize * vision.patchSize)
    // Pixels have no gradient: twice.
    let embedding =
      2 * 2 * Double(count * patches) * patchWidth * Double(vision.transformer.width)
    return embedding
      + tower(vision.transformer, lengths: [Int](repeating: 1 + patches, count: count))
      + tower(configuration.text.transformer, lengths: texts.map(\.count))
  }

  private var texts: [[Int]] {
    var generator = SplitMix(seed: 0x74_65_78_74)
    return (0..<recipe.schedule.batch).map { _ in
      let length = Int.random(in: StepBenchmark.textLengths, using: &generator)
      let words = 2..<StepBenchmark.vocabulary
      return [0] + (0..<length - 2).map { _ in Int.random(in: words, using: &generator) } + [1]
    }
  }

  private func pairs(in context: ExecutionContext) -> PairBatch {
    var generator = SplitMix(seed: 0x70_69_78_65_6C)
    let (count, side) = (recipe.schedule.batch, configuration.vision.imageSize)
    let pixels = (0..<count * 3 * side * side).map { _ in Float(generator.unit() * 4 - 2) }
    return PairBatch(
      pixels: context.tensor(pixels, [count, 3, side, side]), texts: texts,
      groups: Array(0..<count))
  }
}

extension ModelRecipe {
  /// How many patches there are, and how many a step sees; nil when it sees all.
  func seenPatches(of vision: CLIPConfiguration.Vision) -> (count: Int, seen: Int)? {
    let side = vision.imageSize / vision.patchSize
    let seen = max(1, Int((Double(side * side) * (1 - patchDropout)).rounded()))
    return seen < side * side ? (side * side, seen) : nil
  }

  /// The configuration of a CLIP with these sizes.
  ///
  /// - Parameter ends: the ids that begin and end a text.
  package func configuration(
    vocabulary: Int, ends: ClosedRange<Int>, hasLogitBias: Bool
  ) -> CLIPConfiguration {
    func transformer(_ recipe: TransformerRecipe) -> TransformerConfiguration {
      TransformerConfiguration(
        width: recipe.width, feedForwardWidth: recipe.feedForwardWidth, layers: recipe.layers,
        heads: recipe.heads, activation: activation, epsilon: 1e-5)
    }
    let end = ends.upperBound
    return CLIPConfiguration(
      vision: CLIPConfiguration.Vision(
        transformer: transformer(vision), imageSize: imageSize, patchSize: patchSize),
      text: TextConfiguration(
        transformer: transformer(text), vocabulary: vocabulary, positions: textPositions,
        pooling: .firstID(end), isCausal: true, projectionHasBias: false,
        padding: TextPadding(id: end)),
      embeddingWidth: embeddingWidth, hasLogitBias: hasLogitBias)
  }
}
