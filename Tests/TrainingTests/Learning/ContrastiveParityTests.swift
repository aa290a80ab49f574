import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Tensors
@testable import Training

/// Losses, gradients and steps against what torch and transformers make of them.
@Suite struct ContrastiveParityTests {
  typealias Question = TrainingCase.Question

  @Test(arguments: TrainingCase.tables)
  func embeddingsAndMasksAreTheReferences(_ table: String) throws {
    let f = try TrainingCase(table)
    let (model, batch) = (try f.learner().model(), try f.batch())
    expectAgreement(
      try model.embed(pixels: batch.pixels, in: f.context).array,
      try f.floats("base/image_embeds"), "pictures")
    expectAgreement(
      try model.embed(texts: batch.texts, in: f.context).array, try f.floats("base/text_embeds"),
      "texts")
    let same = batch.groups.indices.flatMap { row in
      batch.groups.indices.map { row != $0 && batch.groups[row] == batch.groups[$0] ? 1 : 0 }
    }
    #expect(same == (try f.integers("base/same")))
    #expect(same.reduce(0, +) == 4, "two pairs of one group, two of one text")
    #expect(Set(batch.texts.map(\.count)).count > 3)
  }

  @Test(arguments: TrainingCase.tables, Question.allCases)
  func lossesAndEveryGradientAreTheReferences(_ table: String, _ question: Question) throws {
    let f = try TrainingCase(table)
    let learner = try f.learner(question)
    let (outcome, gradients) = try learner.gradients(on: try f.batch(), in: f.context)
    let loss = Double(try f.floats("\(question)/loss")[0])
    #expect(abs(outcome.loss - loss) < 2e-6 * loss)
    #expect(gradients.names == learner.parameters.names)
    let expected = try f.cut(try f.floats("\(question)/gradients"), like: learner.parameters)
    let largest = expected.values.map(greatest).reduce(0, max)
    for (name, gradient) in gradients.all {
      let wanted = try #require(expected[name])
      guard !name.hasSuffix("k_proj.bias") else {
        // A key's bias shifts all scores of a query alike.
        #expect(greatest(gradient.array) < 1e-6 * largest, "\(name)")
        continue
      }
      #expect(gradient.shape == learner.parameters[name]?.shape)
      #expect(greatest(wanted) > 0, "\(name)")
      expectAgreement(gradient.array, wanted, tolerance: 1e-5, "\(name)")
    }
  }

  /// What bf16 rounds off moves single numbers; where the whole points stays.
  @Test(arguments: TrainingCase.tables, Question.allCases)
  func bf16PointsTheSameWay(_ table: String, _ question: Question) throws {
    let f = try TrainingCase(table, .bf16)
    let learner = try f.learner(question)
    let (outcome, gradients) = try learner.gradients(on: try f.batch(), in: f.context)
    let loss = Double(try f.floats("\(question)/loss")[0])
    #expect(abs(outcome.loss - loss) < 3e-3 * loss)
    #expect(abs(outcome.loss - loss) > 1e-6 * loss, "it was f32")
    let wanted = try f.floats("\(question)/gradients")
    #expect(cosine(gradients.flattened, wanted) > 0.9998)
    for (name, part) in try f.cut(wanted, like: learner.parameters)
    where !name.hasSuffix("k_proj.bias") {
      let gradient = try #require(gradients[name])
      #expect(cosine(gradient.array, part) > 0.999, "\(name)")
    }
  }

  @Test(arguments: TrainingCase.tables)
  func stepsAreTheReferences(_ table: String) throws {
    let f = try TrainingCase(table)
    let arguments = try f.arguments(of: "steps")
    let rates = LearningRate(greatest: arguments.optimizer.learningRate, schedule: arguments.schedule)
    var learner = try f.learner(optimizer: arguments.optimizer)
    let (losses, norms) = (try f.floats("steps/losses"), try f.floats("steps/gradient_norms"))
    for step in 0..<arguments.schedule.steps {
      let rate = rates.at(step + 1)
      #expect(abs(rate - Double(try f.floats("steps/rates")[step])) < 1e-9)
      let pairs = try f.integers("steps/input/pairs/\(step)")
      let taken = try learner.step(on: try f.batch(pairs), learningRate: rate, in: f.context)
      #expect(abs(taken.outcome.loss - Double(losses[step])) < 1e-5, "step \(step + 1)")
      #expect(abs(taken.gradientNorm - Double(norms[step])) < 1e-4, "step \(step + 1)")
    }
    #expect(learner.optimizer.count == 6)
    let expected = try f.cut(try f.floats("steps/parameters"), like: learner.parameters)
    for (name, tensor) in learner.parameters.all {
      let wanted = try #require(expected[name])
      let worst = greatest(zip(tensor.array, wanted).map { $0 - $1 })
      // Adam takes whole steps where there is no gradient but what rounding leaves: of a key's bias
      // torch in float32 is 9e-5 away.
      let isNoise = name.hasSuffix("k_proj.bias")
      #expect(worst < (isNoise ? 1.5e-4 : 2e-5), "\(name)")
      guard !isNoise else { continue }
      let start = try #require(f.parameters[name]).array
      let moved = zip(wanted, start).map { $0 - $1 }
      #expect(cosine(zip(tensor.array, start).map { $0 - $1 }, moved) > 0.9999, "\(name)")
    }
  }
}

extension TrainingCase {
  /// How the fixture's steps were taken.
  fileprivate func arguments(
    of name: String
  ) throws -> (optimizer: OptimizerRecipe, schedule: ScheduleRecipe) {
    let node = try #require(
      try fixture.manifest.required("cases").elements().first {
        try $0.required("name").asString() == name
      }
    ).required("arguments")
    func number(_ key: String) throws -> Double { try node.required(key).asDouble() }
    var (optimizer, schedule) = (OptimizerRecipe(), ScheduleRecipe())
    optimizer.learningRate = try number("learning_rate")
    let betas = try node.required("betas").elements().map { try $0.asDouble() }
    (optimizer.beta1, optimizer.beta2) = (betas[0], betas[1])
    optimizer.epsilon = try number("epsilon")
    optimizer.weightDecay = try number("weight_decay")
    optimizer.clip = try number("clip")
    schedule.steps = try floats("\(name)/losses").count
    schedule.warmUp = Int(try number("warm_up"))
    schedule.finalRate = try number("final_rate")
    return (optimizer, schedule)
  }
}
