import Checkpoints
import Foundation
import Models
import Tensors

/// Pairs as a step sees them.
///
/// B pairs
package struct PairBatch {
  /// `[B, 3, S, S]`, normalised.
  package let pixels: Tensor
  /// Ids of each text, as the text tower is to be given them.
  package let texts: [[Int]]
  /// Pairs with equal numbers say the same, so neither is the other's negative.
  package let groups: [Int]
  /// The patches of each picture that are seen, as many of each; nil: all.
  package let patches: [[Int]]?

  package init(pixels: Tensor, texts: [[Int]], groups: [Int], patches: [[Int]]? = nil) {
    self.pixels = pixels
    self.texts = texts
    self.groups = groups
    self.patches = patches
  }

  var count: Int { texts.count }

  fileprivate func part(_ range: Range<Int>) -> PairBatch {
    PairBatch(
      pixels: pixels.sliced(axis: 0, range), texts: Array(texts[range]),
      groups: Array(groups[range]), patches: patches.map { Array($0[range]) })
  }
}

/// A CLIP that learns: its weights, and one step of contrastive training.
package struct ContrastiveLearner {
  package let configuration: CLIPConfiguration
  package let loss: ContrastiveLoss
  /// Pairs that go through the towers at once; nil: a whole batch.
  package let chunk: Int?
  package var parameters: Parameters
  package var optimizer: AdamW

  /// The greatest factor of cosines (Radford et al. 2021).
  private static let greatestScale: Float = 100

  package init(
    configuration: CLIPConfiguration, loss: LossRecipe, chunk: Int?, parameters: Parameters,
    optimizer: AdamW
  ) {
    self.configuration = configuration
    self.loss = ContrastiveLoss(loss)
    self.chunk = chunk
    self.parameters = parameters
    self.optimizer = optimizer
  }

  /// What one step came to.
  package struct Step {
    package let outcome: ContrastiveOutcome
    package let gradientNorm: Double
  }

  /// Takes one step on `batch`.
  ///
  /// - Throws: ``TrainingError/diverged(step:what:)`` with the weights as they were, or when
  ///   cancelled.
  package mutating func step(
    on batch: PairBatch, learningRate: Double, in context: ExecutionContext
  ) throws(TrainingError) -> Step {
    let count = optimizer.count + 1
    let (outcome, gradients) = try gradients(on: batch, in: context)
    guard outcome.loss.isFinite else { throw .diverged(step: count, what: "the loss") }
    let norm: Double
    do throws(TensorError) {
      let updated: Parameters
      (updated, norm) = try optimizer.step(
        parameters, gradients: gradients, learningRate: learningRate, in: context)
      if norm.isFinite { parameters = try clamped(updated, in: context) }
    } catch {
      throw TrainingError(error)
    }
    guard norm.isFinite else { throw .diverged(step: count, what: "a gradient") }
    return Step(outcome: outcome, gradientNorm: norm)
  }

  /// The loss of a batch and its gradient with respect to every parameter.
  ///
  /// A batch of several chunks goes through the towers twice, the second time with a tape, so that
  /// memory holds the activations of one chunk (Gao et al. 2021).
  package func gradients(
    on batch: PairBatch, in context: ExecutionContext
  ) throws(TrainingError) -> (outcome: ContrastiveOutcome, gradients: Parameters) {
    let length = max(1, min(batch.count, chunk ?? batch.count))
    let parts = stride(from: 0, to: batch.count, by: length).map {
      batch.part($0..<min(batch.count, $0 + length))
    }
    let store: WeightStore
    do { store = try parameters.store(called: "training") } catch { throw .checkpoint(error) }
    // Both passes record, so that both multiply the same way.
    do throws(TensorError) {
      var passes: [Pass] = []
      var embeddings: [Tensor] = []
      for part in parts {
        let pass = try record(part, store, in: context)
        embeddings.append(pass.recording.value.detached)
        if parts.count == 1 { passes.append(pass) }
      }
      let outcome = try outcome(of: embeddings, batch, in: context)
      var sums: [String: Tensor] = [:]
      for (index, part) in parts.enumerated() {
        let pass: Pass
        if let kept = passes.popLast() { pass = kept } else {
          pass = try record(part, store, in: context)
        }
        let rows = index * length..<index * length + part.count
        let seed = try context.concatenated(
          [
            outcome.imageGradient.sliced(axis: 0, rows),
            outcome.textGradient.sliced(axis: 0, rows),
          ], axis: 0)
        let found = try pass.recording.gradients(seed: seed, in: context)
        for (name, variable) in pass.variables {
          guard let gradient = found[variable] else { continue }
          let whole = try context.contiguous(gradient)
          sums[name] = try sums[name].map { sum throws(TensorError) in
            try context.add(sum, whole)
          } ?? whole
        }
      }
      sums["logit_scale"] = context.tensor([Float(outcome.scaleGradient)], [])
      if configuration.hasLogitBias {
        sums["logit_bias"] = context.tensor([Float(outcome.biasGradient)], [])
      }
      return (outcome, Parameters(sums))
    } catch {
      throw TrainingError(error)
    }
  }

  /// The model as it is, or as its average is where there is one.
  package func model() throws(TrainingError) -> CLIP {
    do {
      let store = try (optimizer.average ?? parameters).store(called: "training")
      return try CLIP(WeightScope(store), configuration)
    } catch {
      throw .checkpoint(error)
    }
  }

  /// How cosines become logits at present.
  private var similarity: Similarity {
    let scale = exp(parameters["logit_scale"]?.floats[0] ?? 0)
    guard let bias = parameters["logit_bias"] else { return .softmax(scale: scale) }
    return .sigmoid(scale: scale, bias: bias.floats[0])
  }

  package var logitScale: Double {
    switch similarity {
    case .softmax(let scale), .sigmoid(let scale, _): Double(scale)
    }
  }

  // MARK: Passes

  /// Embeddings of some pairs, pictures above texts, and the parameters as a tape knows them.
  private struct Pass {
    let recording: Recording
    let variables: [(name: String, variable: Tensor)]
  }

  private func record(
    _ batch: PairBatch, _ store: WeightStore, in context: ExecutionContext
  ) throws(TensorError) -> Pass {
    var variables: [(String, Tensor)] = []
    let recording = try context.recording { tape throws(TensorError) in
      let scope = WeightScope(store) { name, tensor in
        let variable = tape.watch(tensor)
        variables.append((name, variable))
        return variable
      }
      // The store holds what the configuration asks for: both were made together.
      let model: CLIP
      do throws(CheckpointError) { model = try CLIP(scope, configuration) } catch {
        throw .shapes(operation: "CLIP", found: [], expected: "its parameters: \(error)")
      }
      let images = try model.embed(
        pixels: batch.pixels, keeping: batch.patches, in: context)
      let texts = try model.embed(texts: batch.texts, in: context)
      return try context.concatenated([images, texts], axis: 0)
    }
    return Pass(recording: recording, variables: variables)
  }

  private func outcome(
    of embeddings: [Tensor], _ batch: PairBatch, in context: ExecutionContext
  ) throws(TensorError) -> ContrastiveOutcome {
    func half(_ which: Int) throws(TensorError) -> Tensor {
      let parts = embeddings.map { both in
        let count = both.shape[0] / 2
        return both.sliced(axis: 0, which * count..<(which + 1) * count)
      }
      return try context.concatenated(parts, axis: 0)
    }
    return try loss(
      images: try half(0), texts: try half(1), groups: batch.groups, similarity: similarity,
      in: context)
  }

  /// The scale of the cosines kept within what its authors allow.
  private func clamped(
    _ parameters: Parameters, in context: ExecutionContext
  ) throws(TensorError) -> Parameters {
    let limit = log(ContrastiveLearner.greatestScale)
    return try parameters.map { name, tensor throws(TensorError) in
      guard name == "logit_scale" else { return tensor }
      return context.tensor([max(0, min(limit, tensor.floats[0]))], [])
    }
  }
}
