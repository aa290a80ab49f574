import Checkpoints
import Foundation
import JSONDocuments
import Models
import Tensors
import TestSupport
import Testing

@testable import Engine

/// The model of the `clip` fixture with the numbers of `clip-rollout`, which PyTorch's autograd
/// computed in f64 by itself.
private struct RolloutFixture {
  let model: CLIP
  let expected: [String: ExpectedTensor]
  let context = ExecutionContext(pool: ThreadPool(threadCount: 2), precision: .f32)

  init() throws {
    let clip = try Fixture("clip")
    let configuration = try CLIPConfiguration(
      JSONDocument(
        bytes: Array(Data(contentsOf: clip.folder.appending(path: "config.json"))),
        source: "config.json"
      ).root)
    model = try WeightScope.load(
      try WeightStore(file: clip.path("model.safetensors")), ignoring: ["*.position_ids"]
    ) { scope throws(CheckpointError) in try CLIP(scope, configuration) }
    expected = try Fixture("clip-rollout").expected()
  }

  func floats(_ key: String) throws -> [Float] { try #require(expected[key], "\(key)").floats }

  /// One picture `[1, 3, H, W]` of a case's inputs.
  func pixels(_ name: String, _ index: Int) throws -> Tensor {
    let stored = try #require(expected["\(name)/input/pixel_values"])
    let count = stored.shape.dropFirst().reduce(1, *)
    let start = stored.shape[0] > 1 ? index * count : 0
    return context.tensor(
      Array(stored.floats[start..<start + count]), Shape([1] + stored.shape.dropFirst()))
  }

  func ids(_ name: String, _ index: Int) throws -> [Int] {
    let stored = try #require(expected["\(name)/input/input_ids"])
    let width = stored.shape[1]
    let start = stored.shape[0] > 1 ? index * width : 0
    return Array(stored.integers[start..<start + width])
  }
}

@Suite struct AttentionMapsTests {
  @Test func rolloutEqualsTheReference() throws {
    let f = try RolloutFixture()
    let taps = Taps(attention: { $0.tower == "vision" })
    f.context.taps = taps
    _ = try f.model.embed(pixels: try f.pixels("rollout", 0), in: f.context)
    for layers in 1...taps.attention.count {
      let rollout = try AttentionMaps.rollout(
        taps.attention.prefix(layers).map(\.probabilities), head: .mean, in: f.context)
      let stored = try #require(f.expected["rollout/vision/rollout/\(layers - 1)"])
      expectAgreement(
        rollout.array, Array(stored.floats.prefix(rollout.elementCount)), "after \(layers) layers")
    }
  }

  @Test(arguments: [("relevance-0-0", "vision"), ("relevance-1-2", "vision"),
                    ("relevance-0-0", "text"), ("relevance-1-2", "text")])
  func relevanceEqualsPyTorch(_ name: String, _ tower: String) throws {
    let f = try RolloutFixture()
    let indices = name.split(separator: "-").compactMap { Int($0) }
    let taps = Taps(attention: { $0.tower == tower })
    f.context.taps = taps
    let ids = try f.ids(name, indices[1])
    let (score, gradients) = try f.context.differentiate { _ throws(TensorError) in
      let image = try f.model.embed(pixels: pixels(f, name, indices[0]), in: f.context)
      let text = try f.model.embed(texts: [ids], in: f.context)
      return try f.context.linear(image, weight: text)
    }
    let slope = f.model.similarity.logit(1)
    expectAgreement([score.array[0] * slope], try f.floats("\(name)/score"), "score")
    var pairs: [(probabilities: Tensor, gradient: Tensor)] = []
    for (site, map) in taps.attention {
      let gradient = try f.context.scaled(try #require(gradients[map]), by: slope)
      expectAgreement(
        map.array, try f.floats("\(name)/\(tower)/attention/\(site.layer)"), "\(site)")
      expectAgreement(
        gradient.array, try f.floats("\(name)/\(tower)/gradient/\(site.layer)"),
        "gradient of \(site)")
      pairs.append((map, gradient))
    }
    expectAgreement(
      try AttentionMaps.relevance(pairs, in: f.context).array,
      try f.floats("\(name)/\(tower)/all/relevance"), "all layers")
    expectAgreement(
      try AttentionMaps.relevance([pairs[pairs.count - 1]], in: f.context).array,
      try f.floats("\(name)/\(tower)/last/relevance"), "the last layer")
  }

  @Test func aPoolReadsAMatrixThroughItsWeights() {
    #expect(AttentionMaps.row([0.25, 0.75], through: [1, 2, 3, 4]) == [2.5, 3.5])
    // Rows of R − I sum to 1 where they hold anything, and the identity is there again.
    #expect(AttentionMaps.normalised([2, 3, 0, 1], size: 2) == [1.25, 0.75, 0, 1])
  }

  @Test func sinksAreWhatAllQueriesAttendTo() {
    // Twenty positions; all queries give a third to the last one, and each much to itself.
    let count = 20
    var matrix = [Float](repeating: 0.01, count: count * count)
    for row in 0..<count {
      matrix[row * count + row] = 0.3
      matrix[row * count + count - 1] = 0.33
    }
    #expect(AttentionMaps.sinks(matrix, among: 1..<count, positions: count) == [19])
    // What one query alone looks at is none, nor is what is not drawn.
    matrix = [Float](repeating: 0.05, count: count * count)
    matrix[3 * count + 7] = 0.9
    for row in 0..<count { matrix[row * count] = 5 }
    #expect(AttentionMaps.sinks(matrix, among: 1..<count, positions: count) == [])
    #expect(AttentionMaps.sinks([1], among: 0..<1, positions: 1) == [])
    #expect(AttentionMaps.sinks([1], among: 1..<1, positions: 1) == [])
  }

  @Test func weighsAttentionByPositiveGradientsOnly() {
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1))
    // Two heads of one query over two positions.
    let map = (
      probabilities: context.tensor([0.5, 0.5, 0.25, 0.75], [1, 2, 1, 2]),
      gradient: context.tensor([2, -2, 4, 4], [1, 2, 1, 2])
    )
    #expect(AttentionMaps.weighted(map) == [1, 1.5])
  }

  /// `differentiate` takes typed throws; a fixture without its pixels fails before it.
  private func pixels(_ f: RolloutFixture, _ name: String, _ index: Int) -> Tensor {
    (try? f.pixels(name, index)) ?? f.context.zeros([1, 3, 24, 24])
  }
}
