import Checkpoints
import Foundation
import Media
import Models
import Tensors
import Tokenizers

/// What a run begins with: a tokenizer, and weights that are random or a checkpoint's.
struct Start {
  let tokenizer: TrainedTokenizer
  let configuration: CLIPConfiguration
  let parameters: Parameters
  /// Of pixels in 0...1.
  let normalization: PixelScaling.Normalization

  /// - Parameter locator: finds the checkpoint that a recipe goes on from.
  init(
    _ recipe: Recipe, _ file: RecipeFile, _ catalogue: CaptionedPictures,
    _ locator: CheckpointLocator, in context: ExecutionContext
  ) throws(TrainingError) {
    if let name = recipe.model.start {
      self = try Start(recipe, checkpoint: name, file, locator, in: context)
      return
    }
    tokenizer = try Start.tokenizer(recipe, file, catalogue, unless: context.cancellation)
    let vocabulary = tokenizer.tokenizer
    guard let first = vocabulary.id(ofToken: BytePairTrainer.startOfText),
      let last = vocabulary.id(ofToken: BytePairTrainer.endOfText)
    else {
      throw .recipe(
        file: file.path, line: nil,
        problem: "the tokenizer has no \(BytePairTrainer.startOfText) and "
          + BytePairTrainer.endOfText,
        remedy: "name a tokenizer of a CLIP, or have one trained with tokenizer.vocabulary")
    }
    configuration = recipe.model.configuration(
      vocabulary: vocabulary.idEnd, ends: Int(min(first, last))...Int(max(first, last)),
      hasLogitBias: recipe.loss.kind == .sigmoid)
    normalization = PixelScaling.Normalization(
      mean: PixelScaling.clipMean, deviation: PixelScaling.clipDeviation)
    do { parameters = try Parameters.random(configuration, recipe: recipe, in: context) } catch {
      throw TrainingError(error)
    }
  }

  /// From a checkpoint, whose sizes and tokenizer hold.
  private init(
    _ recipe: Recipe, checkpoint name: String, _ file: RecipeFile, _ locator: CheckpointLocator,
    in context: ExecutionContext
  ) throws(TrainingError) {
    let folder: CheckpointFolder
    let beside = file.located(name)
    do {
      folder = try locator.locate(
        FileManager.default.fileExists(atPath: beside) ? Start.path(beside) : name)
    } catch {
      throw .checkpoint(error)
    }
    let bundle: ModelBundle
    do { bundle = try ModelRegistry.load(folder, LoadOptions(locator: locator)) } catch {
      throw .model(error)
    }
    guard let model = bundle.model as? CLIP, let path = folder.path(of: "tokenizer.json") else {
      throw .recipe(
        file: file.path, line: nil,
        problem: "model.start: \(name) is no CLIP with a Vision Transformer and a tokenizer.json",
        remedy: "start from such a checkpoint, or leave model.start out")
    }
    let scaling = bundle.imageProcessor.scaling
    guard scaling.rescaling != .none, let normalization = scaling.normalization else {
      throw .recipe(
        file: file.path, line: nil,
        problem: "model.start: \(name) takes pixels that are not brought to a mean of 0",
        remedy: "start from another checkpoint, or leave model.start out")
    }
    self.normalization = normalization
    tokenizer = TrainedTokenizer(
      tokenizer: bundle.tokenizer, json: try Start.bytes(of: path))
    var configuration = model.configuration
    configuration.hasLogitBias = recipe.loss.kind == .sigmoid
    self.configuration = configuration
    parameters = try Start.parameters(of: bundle, configuration, in: context)
  }

  /// The checkpoint's tensors in f32, in memory of their own; those that the model does not learn
  /// left out.
  private static func parameters(
    of bundle: ModelBundle, _ configuration: CLIPConfiguration, in context: ExecutionContext
  ) throws(TrainingError) -> Parameters {
    var tensors: [String: Tensor] = [:]
    for name in bundle.store.names where !name.hasSuffix("position_ids") {
      if name == "logit_bias", !configuration.hasLogitBias { continue }
      let stored: Tensor
      do { stored = try bundle.store.tensor(name) } catch { throw .checkpoint(error) }
      do throws(TensorError) {
        let exact = try context.contiguous(stored)
        let values = UnsafeBufferPointer(start: exact.floats, count: exact.elementCount)
        tensors[name] = context.tensor(values, name.hasPrefix("logit_") ? [] : exact.shape)
      } catch {
        throw TrainingError(error)
      }
    }
    if configuration.hasLogitBias, tensors["logit_bias"] == nil {
      tensors["logit_bias"] = context.tensor([-10], [])
    }
    return Parameters(tensors)
  }

  /// A relative path as a checkpoint's locator tells it from a repository's name.
  private static func path(_ path: String) -> String {
    path.hasPrefix("/") || path.hasPrefix(".") ? path : "./" + path
  }

  /// - Parameter saved: where it goes on; nil for the first step.
  /// - Throws: ``TrainingError`` for a saved state that is none of this model.
  func learner(
    _ recipe: Recipe, _ saved: TrainingState.File?, in context: ExecutionContext
  ) throws(TrainingError) -> ContrastiveLearner {
    let optimizer: AdamW
    var parameters = parameters
    if let saved {
      let state = try saved.state(
        like: parameters, steps: recipe.schedule.steps,
        isAveraged: recipe.optimizer.averageDecay != nil, in: context)
      parameters = state.parameters
      optimizer = AdamW(
        recipe.optimizer, means: state.means, squares: state.squares, average: state.average,
        count: state.record.step)
    } else {
      do { optimizer = try AdamW(recipe.optimizer, of: parameters, in: context) } catch {
        throw TrainingError(error)
      }
    }
    return ContrastiveLearner(
      configuration: configuration, loss: recipe.loss, chunk: recipe.schedule.chunk,
      parameters: parameters, optimizer: optimizer)
  }

  private static func tokenizer(
    _ recipe: Recipe, _ file: RecipeFile, _ catalogue: CaptionedPictures,
    unless cancellation: Cancellation
  ) throws(TrainingError) -> TrainedTokenizer {
    switch recipe.tokenizer {
    case .trained(let vocabulary, let minimumCount):
      var trainer = BytePairTrainer.clip(vocabulary: vocabulary, minimumCount: minimumCount)
      trainer.coversAllEndings = true
      let templates = Set(recipe.data.templates.values.flatMap(\.self)).sorted()
      do throws(TokenizerError) {
        return try trainer.train(
          on: catalogue.pictures.flatMap { $0.captions.map(\.text) } + templates,
          unless: { cancellation.isCancelled })
      } catch {
        throw TrainingError(error)
      }
    case .file(let path):
      var path = file.located(path)
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
        path = FilePaths.joined(path, "tokenizer.json")
      }
      let bytes = try Start.bytes(of: path)
      do throws(TokenizerError) {
        return TrainedTokenizer(
          tokenizer: try Tokenizer(tokenizerJSON: bytes, source: path), json: bytes)
      } catch {
        throw .tokenizer(error)
      }
    }
  }

  private static func bytes(of path: String) throws(TrainingError) -> [UInt8] {
    do throws(Unusable) { return try BoundedFile.bytes(of: path, limit: 64 << 20) } catch {
      throw .file(path: path, problem: error.problem, remedy: "name a tokenizer.json")
    }
  }
}
