import Checkpoints
import JSONDocuments
import Media
import Tokenizers

extension ModelFamily {
  static let clip = ModelFamily(
    name: "clip", summary: "CLIP (Hugging Face layout, model_type \"clip\")",
    matches: { configuration throws(JSONError) in
      try configuration.string("model_type", default: "") == "clip"
    },
    load: { folder, configuration throws(ModelError) in
      try CLIP.load(folder, configuration)
    })
}

extension CLIP {
  fileprivate static func load(
    _ folder: CheckpointFolder, _ root: JSONNode
  ) throws(ModelError) -> ModelBundle {
    let configuration: CLIPConfiguration
    do { configuration = try CLIPConfiguration(root) } catch { throw .configuration(error) }
    let files = CheckpointFiles(folder)
    let tokenizer = try files.tokenizer()
    let imageProcessor = try files.imageProcessor()
    let store: WeightStore
    let model: CLIP
    do {
      store = try folder.weights(.huggingFace)
      model = try WeightScope.load(store, ignoring: ["*.position_ids"]) {
        scope throws(CheckpointError) in
        try CLIP(scope, configuration)
      }
    } catch {
      throw .weights(error)
    }
    try checkFit(tokenizer, imageProcessor, configuration, source: folder.name)
    return ModelBundle(
      name: folder.name, family: "clip", path: folder.path, model: model, tokenizer: tokenizer,
      imageProcessor: imageProcessor, store: store, notes: [])
  }

  /// The parts of a checkpoint that must agree with each other.
  private static func checkFit(
    _ tokenizer: Tokenizer, _ imageProcessor: ImageProcessor, _ configuration: CLIPConfiguration,
    source: String
  ) throws(ModelError) {
    guard tokenizer.idEnd <= configuration.text.vocabulary else {
      throw .unsupported(
        source: source,
        feature: "a tokenizer with ids up to \(tokenizer.idEnd - 1) beside a vocabulary of \(configuration.text.vocabulary)")
    }
    if let size = imageProcessor.outputSize {
      let side = configuration.vision.imageSize
      guard size.width == side, size.height == side else {
        throw .unsupported(
          source: source,
          feature: "an image processor that makes \(size.width) × \(size.height) pixels beside an image_size of \(side)")
      }
    }
  }
}

extension ImageProcessor {
  /// The size of everything it makes, or nil when that follows the picture.
  var outputSize: (width: Int, height: Int)? {
    if let crop { return (crop.width, crop.height) }
    if case .exact(let width, let height) = resizing { return (width, height) }
    return nil
  }
}
