import Checkpoints
import JSONDocuments
import Media
import Tensors

/// CLIP with a ``ModifiedResNet`` for pictures.
package struct CLIPResNet: DualEncoder {
  package let vision: ModifiedResNet
  package let text: TextTower
  package let similarity: Similarity
  package let embeddingWidth: Int

  /// Reads OpenCLIP's tensor names for pictures and Hugging Face's for texts.
  ///
  /// - Throws: ``CheckpointError`` naming what is missing or misshapen.
  init(
    _ scope: WeightScope, vision: ModifiedResNetConfiguration, text: TextConfiguration,
    embeddingWidth: Int, hasLogitBias: Bool
  ) throws(CheckpointError) {
    self.embeddingWidth = embeddingWidth
    self.vision = try ModifiedResNet(scope["visual"], vision, embeddingWidth: embeddingWidth)
    self.text = try TextTower(
      scope["text_model"], projection: scope["text_projection"], text,
      embeddingWidth: embeddingWidth)
    similarity = try Similarity(scope, hasBias: hasLogitBias)
  }

  package var textPositions: Int { text.configuration.positions }
  package var towers: [TowerDescription] { [vision.description, text.description] }

  package func embed(
    pixels: Tensor, grid: PatchGrid?, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let pooled = try vision.pool(try vision.encode(pixels, in: context), in: context)
    return try context.normalized(pooled)
  }

  package func embed(texts: [[Int]], in context: ExecutionContext) throws(TensorError) -> Tensor {
    try text.embed(texts, in: context)
  }

  package func inputIDs(from ids: [Int]) -> [Int] { text.configuration.inputIDs(from: ids) }
}

// MARK: Loading

extension ModelFamily {
  static let clipResNet = ModelFamily(
    name: "clip-resnet", summary: "CLIP with a ResNet (OpenCLIP, OpenAI's archives)",
    claims: { kind throws(JSONError) in
      switch kind {
      case .huggingFace: false
      case .openCLIP(let root): try OpenCLIPConfiguration.tower(of: root) == .resNet
      case .openAI(let archive): !OpenAIArchive.isTransformer(archive)
      }
    },
    load: { files, kind throws(ModelError) in
      switch kind {
      case .openCLIP(let root): try CLIPResNet.load(files, openCLIP: root)
      case .openAI(let archive): try CLIPResNet.load(files, openAI: archive)
      case .huggingFace:
        throw .unknownFamily(source: files.folder.name, found: "\(kind)", known: [])
      }
    })
}

extension CLIPResNet {
  fileprivate static func load(
    _ files: CheckpointFiles, openCLIP root: JSONNode
  ) throws(ModelError) -> ModelBundle {
    let (options, vision) = try configured { () throws(JSONError) in
      let options = try OpenCLIPConfiguration(root)
      return (options, try ModifiedResNetConfiguration(openCLIP: options))
    }
    let parts = try ModelParts(files, openCLIP: options, root, family: "clip-resnet")
    let store = try files.weights(.openCLIP) { store throws(CheckpointError) in
      try OpenCLIPNames.toHuggingFace(store, .resNet)
    }
    return try bundle(
      parts, store, vision, options.text(for: parts), embeddingWidth: options.embeddingWidth,
      hasLogitBias: options.hasLogitBias)
  }

  fileprivate static func load(
    _ files: CheckpointFiles, openAI archive: WeightStore
  ) throws(ModelError) -> ModelBundle {
    let sizes = try OpenAIArchive(archive)
    let vision = try sizes.resNet()
    let parts = try ModelParts(
      files, openAI: sizes, imageSize: vision.imageSize, family: "clip-resnet")
    let store: WeightStore
    do { store = try OpenCLIPNames.toHuggingFace(sizes.weights, .resNet) } catch {
      throw .weights(error)
    }
    return try bundle(
      parts, store, vision, try sizes.text(), embeddingWidth: try sizes.embeddingWidth,
      hasLogitBias: false)
  }

  private static func bundle(
    _ parts: ModelParts, _ store: WeightStore, _ vision: ModifiedResNetConfiguration,
    _ text: TextConfiguration, embeddingWidth: Int, hasLogitBias: Bool
  ) throws(ModelError) -> ModelBundle {
    try parts.bundle(
      store, ignoring: ["*.num_batches_tracked"], text: text, pictures: .square(vision.imageSize)
    ) { scope throws(CheckpointError) in
      try CLIPResNet(
        scope, vision: vision, text: text, embeddingWidth: embeddingWidth,
        hasLogitBias: hasLogitBias)
    }
  }
}
