import Models
import Tensors

/// Times steps of contrastive training on made-up pairs.
package struct StepBenchmark: Sendable {
  package var recipe: Recipe
  /// Ids of the texts: what captions are long.
  package var textLengths: ClosedRange<Int> = 3...13

  package init(recipe: Recipe) { self.recipe = recipe }

  /// What a step took, and what it multiplied.
  package struct Result: Sendable {
    /// Of each step but the first, which finds cold caches.
    package let seconds: [Double]
    package let pairs: Int
    /// Multiplications and additions of the products of one step, forward and backward.
    package let operations: Double
  }

  package func run(steps: Int, in context: ExecutionContext) throws(TrainingError) -> Result {
    let configuration = recipe.model.configuration(
      vocabulary: 5000, ends: 0...1, hasLogitBias: recipe.loss.kind == .sigmoid)
    let parameters = Parameters.random(configuration, recipe: recipe, in: context)
    let batch = pairs(configuration, in: context)
    do throws(TensorError) {
      let optimizer = try AdamW(recipe.optimizer, of: parameters, in: context)
      var learner = ContrastiveLearner(
        configuration: configuration, loss: recipe.loss, chunk: recipe.schedule.chunk,
        parameters: parameters, optimizer: optimizer)
      var seconds: [Double] = []
      for _ in 0...steps {
        let clock = ContinuousClock()
        let start = clock.now
        _ = try step(&learner, batch, in: context)
        seconds.append(start.duration(to: clock.now) / .seconds(1))
      }
      return Result(
        seconds: Array(seconds.dropFirst()), pairs: batch.count,
        operations: operations(configuration, batch))
    } catch {
      throw TrainingError(error)
    }
  }

  private func step(
    _ learner: inout ContrastiveLearner, _ batch: PairBatch, in context: ExecutionContext
  ) throws(TensorError) -> Double {
    do throws(TrainingError) {
      return try learner.step(
        on: batch, learningRate: recipe.optimizer.learningRate, in: context
      ).outcome.loss
    } catch {
      throw .cancelled
    }
  }

  private func pairs(
    _ configuration: CLIPConfiguration, in context: ExecutionContext
  ) -> PairBatch {
    var generator = SplitMix(recipe.seed, 0x6265_6e63_68)
    let (count, side) = (recipe.schedule.batch, configuration.vision.imageSize)
    let pixels = (0..<count * 3 * side * side).map { _ in Float(generator.unit() * 4 - 2) }
    let texts = (0..<count).map { _ in
      let length = Int.random(in: textLengths, using: &generator)
      return [0] + (0..<length - 2).map { _ in Int.random(in: 2..<5000, using: &generator) } + [1]
    }
    return PairBatch(
      pixels: context.tensor(pixels, [count, 3, side, side]), texts: texts,
      groups: Array(0..<count))
  }

  /// Two for each weight and position, and the attention of each head, three times: forward, and
  /// back to the input and to the weights.
  private func operations(_ configuration: CLIPConfiguration, _ batch: PairBatch) -> Double {
    func tower(_ transformer: TransformerConfiguration, lengths: [Int]) -> Double {
      let (width, inner) = (Double(transformer.width), Double(transformer.feedForwardWidth))
      let positions = Double(lengths.reduce(0, +))
      let squares = Double(lengths.reduce(0) { $0 + $1 * $1 })
      let block = 2 * positions * (4 * width * width + 2 * width * inner) + 4 * squares * width
      return 3 * block * Double(transformer.layers)
    }
    let vision = configuration.vision
    let patches = (vision.imageSize / vision.patchSize) * (vision.imageSize / vision.patchSize)
    let patchWidth = Double(3 * vision.patchSize * vision.patchSize)
    // Pixels have no gradient: twice.
    let embedding =
      2 * 2 * Double(batch.count * patches) * patchWidth * Double(vision.transformer.width)
    return embedding
      + tower(
        vision.transformer, lengths: [Int](repeating: 1 + patches, count: batch.count))
      + tower(configuration.text.transformer, lengths: batch.texts.map(\.count))
  }
}

extension ModelRecipe {
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

extension Recipe {
  /// What ``StepBenchmark`` times: the sizes of the bundled model.
  package static func benchmark(precision: Precision, batch: Int, chunk: Int? = nil) -> Recipe {
    var recipe = Recipe(
      name: "benchmark", data: DataRecipe(sources: []), output: OutputRecipe(folder: ""))
    recipe.precision = precision
    recipe.schedule.batch = batch
    recipe.schedule.chunk = chunk
    return recipe
  }
}
