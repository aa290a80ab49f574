import Checkpoints
import JSONDocuments
import Tokenizers

extension ModelFamily {
  static let siglip = ModelFamily(
    name: "siglip", summary: "SigLIP and SigLIP 2 of fixed size (model_type \"siglip\", OpenCLIP)",
    claims: { kind throws(JSONError) in
      switch kind {
      case .huggingFace(_, let modelType): modelType == "siglip"
      case .openCLIP(let root): try OpenCLIPConfiguration.tower(of: root) == .timm
      case .openAI: false
      }
    },
    load: { files, kind throws(ModelError) in
      switch kind {
      case .huggingFace(let root, _): try SigLIP.load(files, root, takesPatches: false)
      case .openCLIP(let root): try SigLIP.load(files, openCLIP: root)
      case .openAI: throw .unknownFamily(source: files.folder.name, found: "\(kind)", known: [])
      }
    })

  static let siglip2 = ModelFamily(
    name: "siglip2", summary: "SigLIP 2 NaFlex (model_type \"siglip2\")",
    claims: { kind throws(JSONError) in
      if case .huggingFace(_, let modelType) = kind { modelType == "siglip2" } else { false }
    },
    load: { files, kind throws(ModelError) in
      guard case .huggingFace(let root, _) = kind else {
        throw .unknownFamily(source: files.folder.name, found: "\(kind)", known: [])
      }
      return try SigLIP.load(files, root, takesPatches: true)
    })
}

extension SigLIP {
  fileprivate static func load(
    _ files: CheckpointFiles, _ root: JSONNode, takesPatches: Bool
  ) throws(ModelError) -> ModelBundle {
    var configuration = try configured { () throws(JSONError) in
      try SigLIPConfiguration(root, takesPatches: takesPatches)
    }
    var tokenizer = try files.tokenizer()
    do {
      tokenizer.tokenizer = try tokenizer.tokenizer.cleaning(
        takesPatches ? TextCleaning(lowercases: true) : tokenizer.siglipCleaning)
    } catch {
      throw .tokenizer(error)
    }
    if let padding = tokenizer.padding { configuration.text.padding = padding }
    let parts = ModelParts(
      files: files, family: takesPatches ? "siglip2" : "siglip", tokenizer: tokenizer,
      imageProcessor: try files.imageProcessor())
    let store = try files.weights(.huggingFace) { store throws(CheckpointError) in
      var result = store
      for end in ["weight", "bias"] {
        let stacked = "vision_model.head.attention.in_proj_\(end)"
        guard result.contains(stacked) else { continue }
        try result.splitAttention(stacked, ["q_proj", "k_proj", "v_proj"], end)
      }
      return result
    }
    return try bundle(parts, store, configuration)
  }

  fileprivate static func load(
    _ files: CheckpointFiles, openCLIP root: JSONNode
  ) throws(ModelError) -> ModelBundle {
    let (options, trunk) = try configured { () throws(JSONError) in
      let options = try OpenCLIPConfiguration(root)
      let trunk = try SigLIPTrunk(options)
      guard options.hasLogitBias else {
        throw try root.required("model_cfg").error(
          "init_logit_bias is missing; this tower is supported as SigLIP's, with a bias")
      }
      return (options, trunk)
    }
    let parts = try ModelParts(files, openCLIP: options, root, family: "siglip")
    let store = try files.weights(.openCLIP) { store throws(CheckpointError) in
      try OpenCLIPNames.toHuggingFace(store, .timm)
    }
    let configuration = SigLIPConfiguration(
      vision: try trunk.configuration(store), text: options.text(for: parts))
    guard configuration.embeddingWidth == options.embeddingWidth else {
      throw .unsupported(
        source: files.folder.name,
        feature: "embed_dim \(options.embeddingWidth) beside a tower of width "
          + "\(configuration.embeddingWidth)")
    }
    return try bundle(parts, store, configuration)
  }

  private static func bundle(
    _ parts: ModelParts, _ store: WeightStore, _ configuration: SigLIPConfiguration
  ) throws(ModelError) -> ModelBundle {
    let pictures: ModelParts.PictureInput = switch configuration.vision.input {
    case .pictures(let side): .square(side)
    case .patches: .patches(configuration.vision.patchSize)
    }
    return try parts.bundle(
      store, ignoring: ["*.position_ids"], text: configuration.text, pictures: pictures
    ) { scope throws(CheckpointError) in try SigLIP(scope, configuration) }
  }
}

extension TokenizerFiles {
  /// What transformers' tokenizer classes for SigLIP do to a text beyond `tokenizer.json`.
  fileprivate var siglipCleaning: TextCleaning {
    switch className {
    case nil, "SiglipTokenizer":
      TextCleaning(removesPunctuation: true, lowercases: lowercases, collapsesSpace: true)
    case "Siglip2Tokenizer": TextCleaning(lowercases: true)
    default: TextCleaning()
    }
  }
}
