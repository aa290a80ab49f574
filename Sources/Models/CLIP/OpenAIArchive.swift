import Checkpoints
import Media
import Tensors

/// A TorchScript archive as OpenAI released CLIP: no configuration, so that sizes follow from the
/// shapes of tensors, and the rest is what all of these files have in common: heads of 64 channels,
/// x · σ(1.702 x), an end of text with the greatest id.
struct OpenAIArchive {
  /// The weights, without the three numbers that are no weights.
  let weights: WeightStore

  /// What these archives hold and no others: numbers beside the weights.
  static let marks = ["input_resolution", "context_length", "vocab_size"]
  private static let headWidth = 64
  private static let epsilon = 1e-5

  init(_ archive: WeightStore) throws(ModelError) {
    do {
      weights = try archive.renamed { OpenAIArchive.marks.contains($0) ? nil : $0 }
    } catch {
      throw .weights(error)
    }
  }

  static func isTransformer(_ archive: WeightStore) -> Bool { archive.contains("visual.proj") }

  /// A CLIP whose picture tower is a Vision Transformer.
  func transformer() throws(ModelError) -> CLIPConfiguration {
    let kernel = try shape("visual.conv1.weight", rank: 4)
    guard kernel[1] == 3 else {
      throw .unsupported(
        source: weights.source, feature: "a picture tower for \(kernel[1]) channels")
    }
    let side = try gridSide("visual.positional_embedding")
    let blocks = "visual.transformer.resblocks"
    return CLIPConfiguration(
      vision: CLIPConfiguration.Vision(
        transformer: try stack(blocks, width: kernel[0]), imageSize: side * kernel[3],
        patchSize: kernel[3]),
      text: try text(), embeddingWidth: try shape("text_projection", rank: 2)[1])
  }

  /// The picture tower of the RN50 kind.
  func resNet() throws(ModelError) -> ModifiedResNetConfiguration {
    let scope = WeightScope(weights)
    let width = try shape("visual.layer1.0.conv1.weight", rank: 4)[0]
    // A stage without blocks would go unnoticed until its cells meet the pool.
    for stage in 1...4 { _ = try shape("visual.layer\(stage).0.conv1.weight", rank: 4) }
    return ModifiedResNetConfiguration(
      width: width, blocks: (1...4).map { scope.count(of: "visual.layer\($0)") },
      imageSize: try gridSide("visual.attnpool.positional_embedding")
        * ModifiedResNetConfiguration.reduction,
      heads: max(1, width * ModifiedResNetConfiguration.reduction / OpenAIArchive.headWidth))
  }

  func text() throws(ModelError) -> TextConfiguration {
    let table = try shape("token_embedding.weight", rank: 2)
    return TextConfiguration(
      transformer: try stack("transformer.resblocks", width: table[1]), vocabulary: table[0],
      positions: try shape("positional_embedding", rank: 2)[0], pooling: .greatestID,
      isCausal: true, projectionHasBias: false, padding: TextPadding(id: 0))
  }

  var embeddingWidth: Int {
    get throws(ModelError) { try shape("text_projection", rank: 2)[1] }
  }

  // MARK: Shapes

  private func stack(_ blocks: String, width: Int) throws(ModelError) -> TransformerConfiguration {
    let heads = width / OpenAIArchive.headWidth
    guard heads > 0, width % OpenAIArchive.headWidth == 0 else {
      throw .unsupported(
        source: weights.source, feature: "a width of \(width), which is no multiple of 64,")
    }
    return TransformerConfiguration(
      width: width, feedForwardWidth: try shape("\(blocks).0.mlp.c_fc.weight", rank: 2)[0],
      layers: WeightScope(weights).count(of: blocks), heads: heads, activation: .quickGELU,
      epsilon: OpenAIArchive.epsilon)
  }

  /// The side of a square grid whose table has one row more than the grid has cells.
  private func gridSide(_ table: String) throws(ModelError) -> Int {
    let cells = try shape(table, rank: 2)[0] - 1
    let side = Int(Double(max(0, cells)).squareRoot().rounded())
    guard side > 0, side * side == cells else {
      throw .unsupported(
        source: weights.source, feature: "a grid of \(cells) cells, which is no square,")
    }
    return side
  }

  private func shape(_ name: String, rank: Int) throws(ModelError) -> Shape {
    guard let entry = weights.entry(name) else {
      throw .weights(.noSuchTensor(name: name, source: weights.source))
    }
    guard entry.shape.rank == rank, entry.shape.elementCount > 0 else {
      throw .unsupported(
        source: weights.source, feature: "\"\(name)\" of shape \(entry.shape)")
    }
    return entry.shape
  }
}

extension ModelParts {
  /// Repositories with the tokenizer that all of OpenAI's files share.
  private static let clipRepositories = [
    "openai/clip-vit-base-patch32", "openai/clip-vit-base-patch16",
    "openai/clip-vit-large-patch14", "openai/clip-vit-large-patch14-336",
    "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
    "laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
  ]

  init(
    _ files: CheckpointFiles, openAI sizes: OpenAIArchive, imageSize: Int, family: String
  ) throws(ModelError) {
    self.init(
      files: files, family: family,
      tokenizer: try files.tokenizer(
        borrowingFrom: ModelParts.clipRepositories, vocabulary: try sizes.text().vocabulary),
      imageProcessor: .openAI(size: imageSize))
  }
}
