import Checkpoints
import JSONDocuments

extension ModelFamily {
  static let clip = ModelFamily(
    name: "clip",
    summary: "CLIP with a Vision Transformer (model_type \"clip\", OpenCLIP, OpenAI's archives)",
    claims: { kind throws(JSONError) in
      switch kind {
      case .huggingFace(_, let modelType): modelType == "clip"
      case .openCLIP(let root): try OpenCLIPConfiguration.tower(of: root) == .transformer
      case .openAI(let archive): OpenAIArchive.isTransformer(archive)
      }
    },
    load: { files, kind throws(ModelError) in
      switch kind {
      case .huggingFace(let root, _): try CLIP.load(files, root)
      case .openCLIP(let root): try CLIP.load(files, openCLIP: root)
      case .openAI(let archive): try CLIP.load(files, openAI: archive)
      }
    })
}

extension CLIP {
  fileprivate static func load(
    _ files: CheckpointFiles, _ root: JSONNode
  ) throws(ModelError) -> ModelBundle {
    let configuration = try configured { () throws(JSONError) in try CLIPConfiguration(root) }
    let parts = ModelParts(
      files: files, family: "clip", tokenizer: try files.tokenizer(),
      imageProcessor: try files.imageProcessor())
    let store = try files.weights(.huggingFace) { store throws(CheckpointError) in store }
    return try bundle(parts, store, configuration)
  }

  fileprivate static func load(
    _ files: CheckpointFiles, openCLIP root: JSONNode
  ) throws(ModelError) -> ModelBundle {
    let (options, vision) = try configured { () throws(JSONError) in
      let options = try OpenCLIPConfiguration(root)
      return (options, try CLIPConfiguration.Vision(openCLIP: options))
    }
    let parts = try ModelParts(files, openCLIP: options, root, family: "clip")
    let store = try files.weights(.openCLIP) { store throws(CheckpointError) in
      try OpenCLIPNames.toHuggingFace(store, .transformer)
    }
    return try bundle(
      parts, store,
      CLIPConfiguration(
        vision: vision, text: options.text(for: parts), embeddingWidth: options.embeddingWidth,
        hasLogitBias: options.hasLogitBias))
  }

  fileprivate static func load(
    _ files: CheckpointFiles, openAI archive: WeightStore
  ) throws(ModelError) -> ModelBundle {
    let sizes = try OpenAIArchive(archive)
    let configuration = try sizes.transformer()
    let parts = try ModelParts(
      files, openAI: sizes, imageSize: configuration.vision.imageSize, family: "clip")
    let store: WeightStore
    do { store = try OpenCLIPNames.toHuggingFace(sizes.weights, .transformer) } catch {
      throw .weights(error)
    }
    return try bundle(parts, store, configuration)
  }

  private static func bundle(
    _ parts: ModelParts, _ store: WeightStore, _ configuration: CLIPConfiguration
  ) throws(ModelError) -> ModelBundle {
    try parts.bundle(
      store, ignoring: ["*.position_ids"], text: configuration.text,
      pictures: .square(configuration.vision.imageSize)
    ) { scope throws(CheckpointError) in try CLIP(scope, configuration) }
  }
}
