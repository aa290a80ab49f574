import JSONDocuments
import Tokenizers

/// What an `open_clip_config.json` says about its model, as open_clip 3.3 reads it.
///
/// Options that are not computed are errors by name, unless they are switched off.
struct OpenCLIPConfiguration {
  /// Which picture tower the options describe.
  enum Tower { case transformer, resNet, timm }

  let tower: Tower
  let visionNode: JSONNode
  let text: TextConfiguration
  let embeddingWidth: Int
  let usesQuickGELU: Bool
  let hasLogitBias: Bool
  let cleaning: TextCleaning

  init(_ root: JSONNode) throws(JSONError) {
    let model = try root.required("model_cfg")
    try model.rejectOptions(
      known: [
        "embed_dim", "quick_gelu", "custom_text", "init_logit_bias", "vision_cfg", "text_cfg",
      ],
      ignored: ["init_logit_scale", "nonscalar_logit_scale", "cast_dtype", "output_dict"])
    tower = try OpenCLIPConfiguration.tower(of: root)
    visionNode = try model.required("vision_cfg")
    embeddingWidth = try model.required("embed_dim").asSize()
    usesQuickGELU = try model.bool("quick_gelu", default: false)
    hasLogitBias = try model.member("init_logit_bias") != nil
    let textNode = try model.required("text_cfg")
    text = try TextConfiguration(openCLIP: textNode, usesQuickGELU: usesQuickGELU)
    cleaning = try TextCleaning(openCLIP: textNode)
  }

  /// The picture tower of an `open_clip_config.json`, before anything else of it is read.
  static func tower(of root: JSONNode) throws(JSONError) -> Tower {
    let vision = try root.required("model_cfg").required("vision_cfg")
    if let name = try vision.member("timm_model_name"), try !name.asString().isEmpty {
      return .timm
    }
    return try vision.member("layers")?.kind == .array ? .resNet : .transformer
  }

  /// The text tower, padded as the tokenizer's files say.
  func text(for parts: ModelParts) -> TextConfiguration {
    var text = text
    if let padding = parts.tokenizer.padding { text.padding = padding }
    return text
  }

  /// The side of the square pictures that the tower takes.
  func imageSize() throws(JSONError) -> Int {
    guard let node = try visionNode.member("image_size") else { return 224 }
    guard node.kind == .array else { return try node.asSize() }
    let sides = try node.elements()
    guard sides.count == 2, try sides[0].asInteger() == sides[1].asInteger() else {
      throw node.error("only square pictures are supported")
    }
    return try sides[0].asSize()
  }
}

extension CLIPConfiguration.Vision {
  init(openCLIP options: OpenCLIPConfiguration) throws(JSONError) {
    let node = options.visionNode
    try node.rejectOptions(
      known: [
        "layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size", "act_kwargs",
        "norm_kwargs",
      ],
      ignored: OpenCLIPConfiguration.ignoredVision, off: OpenCLIPConfiguration.off)
    let width = try node.size("width", default: 768)
    let headWidth = try node.size("head_width", default: 64)
    guard width % headWidth == 0 else {
      throw node.error("width \(width) is not a multiple of head_width \(headWidth)")
    }
    self.init(
      transformer: TransformerConfiguration(
        width: width, feedForwardWidth: try node.feedForwardWidth(width),
        layers: try node.layerCount("layers", default: 12), heads: width / headWidth,
        activation: try node.openCLIPActivation(usesQuickGELU: options.usesQuickGELU),
        epsilon: try node.openCLIPEpsilon()),
      imageSize: try options.imageSize(), patchSize: try node.size("patch_size", default: 16))
    guard imageSize >= patchSize else {
      throw node.error("image_size \(imageSize) is smaller than patch_size \(patchSize)")
    }
  }
}

extension ModifiedResNetConfiguration {
  init(openCLIP options: OpenCLIPConfiguration) throws(JSONError) {
    let node = options.visionNode
    try node.rejectOptions(
      known: ["layers", "width", "head_width", "image_size"],
      ignored: OpenCLIPConfiguration.ignoredVision + [
        "patch_size", "mlp_ratio", "act_kwargs", "norm_kwargs",
      ],
      off: OpenCLIPConfiguration.off)
    let list = try node.required("layers")
    var blocks: [Int] = []
    for count in try list.elements() { blocks.append(try count.asLayerCount()) }
    guard blocks.count == 4 else {
      throw list.error("\(blocks.count) stages are not supported; 4 are")
    }
    let width = try node.size("width", default: 64)
    let headWidth = try node.size("head_width", default: 64)
    let channels = width * ModifiedResNetConfiguration.reduction
    guard width % 2 == 0, channels % headWidth == 0 else {
      throw node.error("width \(width) does not divide into heads of head_width \(headWidth)")
    }
    self.init(
      width: width, blocks: blocks, imageSize: try options.imageSize(),
      heads: channels / headWidth)
    guard gridSide > 0 else { throw node.error("image_size \(imageSize) is smaller than 32") }
  }
}

extension TextConfiguration {
  fileprivate init(openCLIP node: JSONNode, usesQuickGELU: Bool) throws(JSONError) {
    try node.rejectOptions(
      known: [
        "context_length", "vocab_size", "hf_tokenizer_name", "tokenizer_kwargs", "width", "heads",
        "layers", "mlp_ratio", "pad_id", "eos_id", "no_causal_mask", "pool_type", "proj_bias",
        "act_kwargs", "norm_kwargs",
      ],
      ignored: ["output_tokens", "hf_model_pretrained", "hf_proj_type", "hf_pooler_type"],
      off: OpenCLIPConfiguration.off)
    let width = try node.size("width", default: 512)
    let heads = try node.size("heads", default: 8)
    guard width % heads == 0 else {
      throw node.error("width \(width) is not a multiple of heads \(heads)")
    }
    self.init(
      transformer: TransformerConfiguration(
        width: width, feedForwardWidth: try node.feedForwardWidth(width),
        layers: try node.layerCount("layers", default: 12), heads: heads,
        activation: try node.openCLIPActivation(usesQuickGELU: usesQuickGELU),
        epsilon: try node.openCLIPEpsilon()),
      vocabulary: try node.size("vocab_size", default: 49408),
      positions: try node.size("context_length", default: 77),
      pooling: try TextPooling(openCLIP: node),
      isCausal: try !node.bool("no_causal_mask", default: false),
      projectionHasBias: try node.bool("proj_bias", default: false),
      padding: TextPadding(id: try node.integer("pad_id", default: 0)))
  }
}

extension TextPooling {
  fileprivate init(openCLIP node: JSONNode) throws(JSONError) {
    guard let rule = try node.member("pool_type") else {
      self = .greatestID
      return
    }
    switch try rule.asString() {
    case "argmax": self = .greatestID
    case "first": self = .first
    case "last": self = .last
    case "eos": self = .firstID(try node.integer("eos_id", default: 2))
    case let other:
      throw rule.error("\"\(other)\" is not supported; argmax, first, last and eos are")
    }
  }
}

extension TextCleaning {
  /// `tokenizer_kwargs`: without them, tokenizers of transformers have their space collapsed, and
  /// open_clip's own is given lower case too.
  fileprivate init(openCLIP node: JSONNode) throws(JSONError) {
    let isForeign = try node.member("hf_tokenizer_name") != nil
    let options = try node.member("tokenizer_kwargs")
    try options?.rejectOptions(known: ["clean"], ignored: ["context_length"])
    let clean = try options?.member("clean")
    switch try clean?.asString() ?? (isForeign ? "whitespace" : "lower") {
    case "whitespace": self.init(collapsesSpace: true)
    case "lower": self.init(lowercases: true, collapsesSpace: true)
    case "canonicalize":
      self.init(
        spacesUnderscores: true, removesPunctuation: true, lowercases: true, collapsesSpace: true)
    case let other:
      throw (clean ?? node).error(
        "\"\(other)\" is not supported; whitespace, lower and canonicalize are")
    }
  }
}

extension ModelParts {
  init(
    _ files: CheckpointFiles, openCLIP options: OpenCLIPConfiguration, _ root: JSONNode,
    family: String
  ) throws(ModelError) {
    var tokenizer = try files.tokenizer()
    do { tokenizer.tokenizer = try tokenizer.tokenizer.cleaning(options.cleaning) } catch {
      throw .tokenizer(error)
    }
    self.init(
      files: files, family: family, tokenizer: tokenizer,
      imageProcessor: try files.imageProcessor(openCLIP: root))
  }
}
