import Checkpoints
import JSONDocuments
import Tensors

/// SigLIP's picture tower as timm names it: what the name alone tells, and no tensor.
///
/// Names are `vit_SIZE_patchP_siglip_R`, perhaps with a `.tag`; the size gives the heads, and a few
/// of them have the tanh form of GELU.
struct SigLIPTrunk {
  let heads: Int
  let activation: ActivationName
  let imageSize: Int
  /// timm's default for Vision Transformers.
  static let epsilon = 1e-6

  /// Heads by size.
  private static let sizes = ["base": 12, "large": 16, "so400m": 16, "giantopt": 16]
  /// All that timm knows, and whether their GELU is the tanh form.
  private static let names: [String: Bool] = [
    "base_patch32_siglip_256": true, "base_patch16_siglip_224": false,
    "base_patch16_siglip_256": false, "base_patch16_siglip_384": false,
    "base_patch16_siglip_512": false, "large_patch16_siglip_256": false,
    "large_patch16_siglip_384": false, "large_patch16_siglip_512": true,
    "so400m_patch14_siglip_224": false, "so400m_patch14_siglip_378": false,
    "so400m_patch14_siglip_384": false, "so400m_patch16_siglip_256": true,
    "so400m_patch16_siglip_384": true, "so400m_patch16_siglip_512": true,
    "giantopt_patch16_siglip_256": true, "giantopt_patch16_siglip_384": true,
  ]

  init(_ options: OpenCLIPConfiguration) throws(JSONError) {
    let node = options.visionNode
    let named = try node.required("timm_model_name")
    let full = try named.asString()
    let bare = String(full.prefix { $0 != "." })
    let known = SigLIPTrunk.names.first { "vit_" + $0.key == bare }
    guard let known,
      let heads = SigLIPTrunk.sizes.first(where: { known.key.hasPrefix($0.key + "_") })?.value
    else {
      let names = SigLIPTrunk.names.keys.sorted().map { "vit_" + $0 }.joined(separator: ", ")
      throw named.error("\"\(full)\" is not supported; these are: \(names)")
    }
    for (key, value) in ["timm_pool": "map", "timm_proj": "none"] {
      let option = try node.required(key)
      guard try option.asString() == value else {
        throw option.error("\"\(try option.asString())\" is not supported; \"\(value)\" is")
      }
    }
    // The name decides on what other towers are told here.
    try node.rejectOptions(
      known: ["timm_model_name", "timm_pool", "timm_proj", "image_size"],
      ignored: OpenCLIPConfiguration.ignoredVision + [
        "layers", "width", "head_width", "mlp_ratio", "patch_size", "act_kwargs", "norm_kwargs",
      ],
      off: OpenCLIPConfiguration.off)
    self.heads = heads
    activation = known.value ? .geluTanh : .gelu
    imageSize = try options.imageSize()
  }

  /// The tower, its other sizes taken from the tensors' shapes.
  ///
  /// - Parameter store: tensors with Hugging Face's names.
  /// - Throws: ``ModelError`` when one is missing or contradicts the name.
  func configuration(_ store: WeightStore) throws(ModelError) -> SigLIPConfiguration.Vision {
    let kernel = try shape("vision_model.embeddings.patch_embedding.weight", rank: 4, of: store)
    let expand = try shape("vision_model.encoder.layers.0.mlp.fc1.weight", rank: 2, of: store)
    let (width, patchSize) = (kernel[0], kernel[3])
    guard width % heads == 0, imageSize >= patchSize else {
      throw .unsupported(
        source: store.source,
        feature: "a width of \(width) with \(heads) heads and patches of \(patchSize) pixels in "
          + "pictures of \(imageSize)")
    }
    return SigLIPConfiguration.Vision(
      transformer: TransformerConfiguration(
        width: width, feedForwardWidth: expand[0],
        layers: WeightScope(store).count(of: "vision_model.encoder.layers"), heads: heads,
        activation: activation, epsilon: SigLIPTrunk.epsilon),
      patchSize: patchSize, gridSide: imageSize / patchSize, input: .pictures(side: imageSize))
  }

  private func shape(
    _ name: String, rank: Int, of store: WeightStore
  ) throws(ModelError) -> Shape {
    guard let entry = store.entry(name) else {
      throw .weights(.noSuchTensor(name: name, source: store.source))
    }
    guard entry.shape.rank == rank, entry.shape.elementCount > 0 else {
      throw .unsupported(source: store.source, feature: "\"\(name)\" of shape \(entry.shape)")
    }
    return entry.shape
  }
}
