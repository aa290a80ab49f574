import Foundation
import TestSupport
import Testing

@testable import Models
@testable import Tensors
@testable import Training

/// What must not depend on how a step is computed: in how many chunks, with what kept, by how many
/// threads.
@Suite struct ContrastiveLearnerTests {
  typealias Question = TrainingCase.Question

  @Test(arguments: Question.allCases, [Precision.f32, .bf16])
  func chunksGiveTheGradientOfTheWhole(_ question: Question, _ precision: Precision) throws {
    let f = try TrainingCase(TrainingCase.tables[0], precision)
    let batch = try f.batch()
    let whole = try f.learner(question).gradients(on: batch, in: f.context)
    #expect(batch.texts.count == 7)
    for chunk in [1, 2, 3, 7, 100] {
      let parts = try f.learner(question, chunk: chunk).gradients(on: batch, in: f.context)
      #expect(parts.outcome.loss == whole.outcome.loss)
      #expect(parts.outcome.accuracy == whole.outcome.accuracy)
      #expect(parts.gradients.names == whole.gradients.names)
      // Only the order of sums over rows differs, in either precision.
      for (name, gradient) in parts.gradients.all where !name.hasSuffix("k_proj.bias") {
        expectAgreement(
          gradient.array, try #require(whole.gradients[name]).array, tolerance: 2e-6,
          "\(name) in chunks of \(chunk)")
      }
    }
  }

  @Test(arguments: TrainingCase.tables, [Precision.f32, .bf16])
  func recomputedBlocksGiveTheSameBits(_ table: String, _ precision: Precision) throws {
    let f = try TrainingCase(table, precision)
    for chunk in [nil, 3] {
      let learner = try f.learner(chunk: chunk)
      f.context.recomputesBlocks = false
      let kept = try learner.gradients(on: try f.batch(), in: f.context)
      f.context.recomputesBlocks = true
      let recomputed = try learner.gradients(on: try f.batch(), in: f.context)
      #expect(kept.outcome.loss == recomputed.outcome.loss)
      #expect(kept.gradients.names == recomputed.gradients.names)
      for (name, gradient) in recomputed.gradients.all {
        #expect(gradient.array == kept.gradients[name]?.array, "\(name), \(precision)")
      }
    }
  }

  @Test(arguments: TrainingCase.tables, [Precision.f32, .bf16])
  func textsOfManyLengthsAreEmbeddedAsOneByOne(_ table: String, _ precision: Precision) throws {
    let f = try TrainingCase(table, precision)
    let (model, texts) = (try f.learner().model(), try f.batch().texts)
    let together = try model.embed(texts: texts, in: f.context)
    #expect(together.shape == [texts.count, 13])
    for (row, text) in texts.enumerated() {
      let alone = try model.embed(texts: [text], in: f.context).array
      let found = together.sliced(axis: 0, row..<row + 1).array
      expectAgreement(found, alone, tolerance: 1e-6, "text \(row) of \(text.count) ids")
    }
    // A text does not see the ones around it, nor its place among them.
    let turned = try model.embed(texts: texts.reversed(), in: f.context)
    for row in texts.indices {
      let mirrored = texts.count - 1 - row
      #expect(
        turned.sliced(axis: 0, mirrored..<mirrored + 1).array
          == together.sliced(axis: 0, row..<row + 1).array)
    }
  }

  @Test func textsWithoutIDsOrTooLongAreErrors() throws {
    let f = try TrainingCase()
    let model = try f.learner().model()
    for texts in [[[1, 2], []], [[1], [Int](repeating: 1, count: 10)], [[1], [2, 31]], [[1], [2, -1]]] {
      #expect(throws: TensorError.self) { try model.embed(texts: texts, in: f.context) }
    }
  }

  @Test(arguments: [Precision.f32, .bf16])
  func stepsDoNotDependOnTheThreadCount(_ precision: Precision) throws {
    var results: [[UInt32]] = []
    for threads in 1...3 {
      let pool = ThreadPool(threadCount: threads)
      defer { pool.close() }
      let f = try TrainingCase(TrainingCase.tables[0], precision, pool: pool)
      var learner = try f.learner(.smoothed, chunk: 4)
      for _ in 0..<2 {
        _ = try learner.step(on: try f.batch(), learningRate: 1e-3, in: f.context)
      }
      results.append(learner.parameters.flattened.map(\.bitPattern))
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
    #expect(results[0] != (try TrainingCase()).parameters.flattened.map(\.bitPattern))
  }

  @Test func theScaleStaysWithinItsLimits() throws {
    let f = try TrainingCase()
    for (start, limit) in [(Float(5), logf(100)), (-1, 0)] {
      var learner = try f.learner()
      learner.parameters = try learner.parameters.map { name, tensor in
        name == "logit_scale" ? f.context.tensor([start], []) : tensor
      }
      _ = try learner.step(on: try f.batch(), learningRate: 1e-4, in: f.context)
      #expect(learner.parameters["logit_scale"]?.array == [limit])
      #expect(abs(learner.logitScale - Double(expf(limit))) < 1e-3)
    }
  }

  @Test func aWeightThatIsNoNumberLeavesAllAsTheyWere() throws {
    let f = try TrainingCase()
    var learner = try f.learner()
    learner.parameters = try learner.parameters.map { name, tensor in
      name == "text_projection.weight" ? f.context.filled(tensor.shape, with: .nan) : tensor
    }
    let (before, batch) = (learner.parameters.flattened.map(\.bitPattern), try f.batch())
    do throws(TrainingError) {
      _ = try learner.step(on: batch, learningRate: 1e-3, in: f.context)
      Issue.record("nothing was thrown")
    } catch {
      guard case .diverged(let step, "the loss") = error else { throw error }
      #expect(step == 1)
    }
    #expect(learner.parameters.flattened.map(\.bitPattern) == before)
    #expect(learner.optimizer.count == 0)
    #expect(learner.optimizer.means.flattened.allSatisfy { $0 == 0 })
  }

  @Test func aCancelledStepLeavesAllAsTheyWere() throws {
    let f = try TrainingCase()
    var learner = try f.learner()
    let (before, batch) = (learner.parameters.flattened, try f.batch())
    f.context.cancellation.cancel()
    do throws(TrainingError) {
      _ = try learner.step(on: batch, learningRate: 1e-3, in: f.context)
      Issue.record("nothing was thrown")
    } catch {
      guard case .cancelled = error else { throw error }
    }
    #expect(learner.parameters.flattened == before)
  }
}
