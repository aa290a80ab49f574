import Models
import Tensors
import Testing

@testable import Training

struct PatchDropoutTests {
  private let context = ExecutionContext(pool: ThreadPool(threadCount: 2), precision: .f32)

  private func model() throws -> CLIP {
    var recipe = Recipe(name: "t", data: DataRecipe(sources: []), output: OutputRecipe(folder: ""))
    recipe.model = ModelRecipe(
      imageSize: 16, patchSize: 4, embeddingWidth: 12,
      vision: TransformerRecipe(width: 24, layers: 2, heads: 2, feedForwardWidth: 32),
      text: TransformerRecipe(width: 24, layers: 1, heads: 2, feedForwardWidth: 32))
    let configuration = recipe.model.configuration(vocabulary: 20, ends: 0...1, hasLogitBias: false)
    let parameters = try Parameters.random(configuration, recipe: recipe, in: context)
    let optimizer = try AdamW(recipe.optimizer, of: parameters, in: context)
    return try ContrastiveLearner(
      configuration: configuration, loss: recipe.loss, chunk: nil, parameters: parameters,
      optimizer: optimizer
    ).model()
  }

  private func pixels() -> Tensor {
    var generator = SplitMix(seed: 5)
    let values = (0..<2 * 3 * 16 * 16).map { _ in Float(generator.unit() * 2 - 1) }
    return context.tensor(values, [2, 3, 16, 16])
  }

  @Test func seeingAllPatchesIsChoosingNone() throws {
    let (model, pixels) = (try model(), pixels())
    let all = [Array(0..<16), Array(0..<16)]
    let chosen = try model.embed(pixels: pixels, keeping: all, in: context)
    #expect(chosen.array == (try model.embed(pixels: pixels, in: context)).array)
  }

  /// Of each picture its own patches count, and no others.
  @Test func onlyWhatIsSeenCounts() throws {
    let model = try model()
    let kept = [[0, 5, 15], [1, 2, 8]]
    let before = try model.embed(pixels: pixels(), keeping: kept, in: context).array
    func changed(_ patch: Int, of picture: Int) throws -> [Float] {
      let altered = pixels()
      let (row, column) = (patch / 4 * 4, patch % 4 * 4)
      altered.floats[picture * 768 + row * 16 + column] += 3
      return try model.embed(pixels: altered, keeping: kept, in: context).array
    }
    #expect(try changed(3, of: 0) == before)
    #expect(try changed(5, of: 1) == before)
    let seen = try changed(5, of: 0)
    #expect(seen[..<12] != before[..<12])
    #expect(seen[12...] == before[12...])
    #expect(try changed(8, of: 1)[12...] != before[12...])
  }

  @Test func everyPatchIsSeenAsOften() throws {
    let encoder = ModelRecipe(imageSize: 16, patchSize: 4, patchDropout: 0.75).seenPatches(
      of: try model().configuration.vision)
    #expect(encoder?.count == 16)
    #expect(encoder?.seen == 4)
    #expect(ModelRecipe().seenPatches(of: try model().configuration.vision) == nil)
  }
}
