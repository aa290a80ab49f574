import Checkpoints
import Tensors
import Testing

@testable import Models

@Suite struct SimilarityTests {
  private func similarity(scale: Float, bias: Float? = nil) throws -> Similarity {
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1))
    var store = try WeightStore(source: "test").adding("logit_scale", context.tensor([scale], []))
    if let bias { store = try store.adding("logit_bias", context.tensor([bias], [1])) }
    return try Similarity(WeightScope(store), hasBias: bias != nil)
  }

  @Test func scalesAreStoredAsLogarithmsAndBiasesAsTheyAre() throws {
    #expect(try similarity(scale: 0) == .softmax(scale: 1))
    #expect(try similarity(scale: 0, bias: -10) == .sigmoid(scale: 1, bias: -10))
  }

  @Test(arguments: [(1000, nil), (-1000, nil), (.nan, nil), (0, .infinity), (0, .nan)]
    as [(Float, Float?)])
  func numbersThatUndoEveryProbabilityAreRefused(_ scale: Float, _ bias: Float?) throws {
    let error = #expect(throws: CheckpointError.self) { try similarity(scale: scale, bias: bias) }
    #expect(error?.description.contains(bias == nil ? "logit_scale" : "logit_bias") == true)
  }

  @Test func probabilitiesOfGreatLogitsStayFinite() {
    #expect(Similarity.softmax(scale: 1).probabilities([3e38, 0]) == [1, 0])
    #expect(Similarity.sigmoid(scale: 1, bias: 0).probabilities([500, -500]) == [1, 0])
    #expect(Similarity.softmax(scale: 1).probabilities([]) == [])
  }
}
