import Checkpoints
import Media
import Models
import Tensors
import Tokenizers

/// What a run begins with: a tokenizer, and weights that are random or a checkpoint's.
struct Start {
  let tokenizer: TrainedTokenizer
  let configuration: CLIPConfiguration
  let parameters: Parameters

  init(
    _ recipe: Recipe, _ file: RecipeFile, _ catalogue: CaptionedPictures,
    in context: ExecutionContext
  ) throws(TrainingError) {
    tokenizer = try Start.tokenizer(recipe, file, catalogue)
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
    parameters = Parameters.random(configuration, recipe: recipe, in: context)
  }

  func learner(
    _ recipe: Recipe, _ parameters: Parameters, _ optimizer: AdamW
  ) -> ContrastiveLearner {
    ContrastiveLearner(
      configuration: configuration, loss: recipe.loss, chunk: recipe.schedule.chunk,
      parameters: parameters, optimizer: optimizer)
  }

  private static func tokenizer(
    _ recipe: Recipe, _ file: RecipeFile, _ catalogue: CaptionedPictures
  ) throws(TrainingError) -> TrainedTokenizer {
    do throws(TokenizerError) {
      switch recipe.tokenizer {
      case .trained(let vocabulary, let minimumCount):
        var trainer = BytePairTrainer.clip(vocabulary: vocabulary, minimumCount: minimumCount)
        trainer.coversAllEndings = true
        let templates = Set(recipe.data.templates.values.flatMap(\.self)).sorted()
        return try trainer.train(
          on: catalogue.pictures.flatMap { $0.captions.map(\.text) } + templates)
      case .file(let path):
        let path = file.located(path)
        let bytes: [UInt8]
        do throws(Unusable) { bytes = try BoundedFile.bytes(of: path, limit: 64 << 20) } catch {
          throw TokenizerError.invalid(source: path, path: "", problem: error.problem)
        }
        return TrainedTokenizer(
          tokenizer: try Tokenizer(tokenizerJSON: bytes, source: path), json: bytes)
      }
    } catch {
      throw .tokenizer(error)
    }
  }
}
