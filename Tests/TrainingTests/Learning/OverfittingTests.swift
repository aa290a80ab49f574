import TestSupport
import Testing

@testable import Models
@testable import Tensors
@testable import Training

/// The whole of it: a tiny CLIP learns 64 pairs of noise by heart, alike on any number of threads.
@Suite struct OverfittingTests {
  private static let pairs = 64

  private static var configuration: CLIPConfiguration {
    func transformer(_ width: Int) -> TransformerConfiguration {
      TransformerConfiguration(
        width: width, feedForwardWidth: 32, layers: 1, heads: 2, activation: .quickGELU,
        epsilon: 1e-5)
    }
    return CLIPConfiguration(
      vision: CLIPConfiguration.Vision(transformer: transformer(24), imageSize: 8, patchSize: 4),
      text: TextConfiguration(
        transformer: transformer(20), vocabulary: 40, positions: 6, pooling: .firstID(39),
        isCausal: true, projectionHasBias: false, padding: TextPadding(id: 39)),
      embeddingWidth: 16)
  }

  private static func batch(in context: ExecutionContext) -> PairBatch {
    var random = TestSupport.SplitMix(seed: 5)
    let pixels = (0..<pairs * 3 * 64).map { _ in Float.random(in: -1...1, using: &random) }
    let texts = (0..<pairs).map { index in
      // The first two ids tell the texts apart.
      let rest = (0..<index % 3).map { _ in Int.random(in: 0..<38, using: &random) }
      return [38, index % 8, 8 + index / 8] + rest + [39]
    }
    return PairBatch(
      pixels: context.tensor(pixels, [pairs, 3, 8, 8]), texts: texts, groups: Array(0..<pairs))
  }

  private static func train(
    _ threads: Int, _ precision: Precision, limit: Int, until accuracy: Double
  ) throws -> (steps: [ContrastiveLearner.Step], parameters: [UInt32]) {
    let pool = ThreadPool(threadCount: threads)
    defer { pool.close() }
    let context = ExecutionContext(pool: pool, precision: precision)
    var recipe = Recipe(
      name: "tiny", seed: 3, data: DataRecipe(sources: []), output: OutputRecipe(folder: "out"))
    recipe.optimizer.weightDecay = 0
    let parameters = try Parameters.random(configuration, recipe: recipe, in: context)
    var learner = ContrastiveLearner(
      configuration: configuration, loss: recipe.loss, chunk: nil, parameters: parameters,
      optimizer: try AdamW(recipe.optimizer, of: parameters, in: context))
    let batch = batch(in: context)
    var steps: [ContrastiveLearner.Step] = []
    while steps.count < limit, (steps.last?.outcome.accuracy ?? 0) < accuracy {
      steps.append(try learner.step(on: batch, learningRate: 1e-2, in: context))
    }
    return (steps, learner.parameters.flattened.map(\.bitPattern))
  }

  @Test(arguments: [Precision.f32, .bf16])
  func learnsNoiseByHeart(_ precision: Precision) throws {
    let (steps, _) = try Self.train(2, precision, limit: 60, until: 0.99)
    let (first, last) = (try #require(steps.first), try #require(steps.last))
    #expect(first.outcome.accuracy < 0.2)
    #expect(last.outcome.accuracy >= 0.99, "after \(steps.count) steps")
    #expect(last.outcome.loss < first.outcome.loss / 4)
  }

  @Test(arguments: [Precision.f32, .bf16])
  func theSameSeedGivesTheSameBits(_ precision: Precision) throws {
    let runs = try (1...3).map { try Self.train($0, precision, limit: 5, until: 1).parameters }
    #expect(runs[0] == runs[1])
    #expect(runs[0] == runs[2])
  }
}
