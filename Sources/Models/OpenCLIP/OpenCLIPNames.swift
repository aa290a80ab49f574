import Checkpoints

/// The tensor names of OpenCLIP and OpenAI as those of Hugging Face.
enum OpenCLIPNames {
  /// The same tensors under Hugging Face's names, and laid out as there: stacked queries, keys and
  /// values cut apart, projections that multiply from the right transposed.
  ///
  /// A ResNet has no Hugging Face names; its tensors keep theirs below `visual.`.
  static func toHuggingFace(
    _ store: WeightStore, _ tower: OpenCLIPConfiguration.Tower
  ) throws(CheckpointError) -> WeightStore {
    let vision: [Rule] = switch tower {
    case .transformer: transformer
    case .resNet: []
    case .timm: trunk
    }
    var result = try store.renamed { name in
      let bare = name.dropping("module.").dropping("text.")
      return (vision + text).lazy.compactMap { $0.apply(bare) }.first ?? bare
    }
    for name in result.names {
      for end in ["weight", "bias"] {
        if name.hasEnding("self_attn.in_proj_" + end) {
          try result.splitAttention(name, ["q_proj", "k_proj", "v_proj"], end)
        } else if name.hasEnding("attention.kv." + end) {
          try result.splitAttention(name, ["k_proj", "v_proj"], end)
        }
      }
    }
    return try laidOut(result, tower)
  }

  private static func laidOut(
    _ store: WeightStore, _ tower: OpenCLIPConfiguration.Tower
  ) throws(CheckpointError) -> WeightStore {
    var result = store
    let head = tower == .timm ? "text_model.head" : "text_projection"
    if result.contains("text_projection") {
      result = try result.transposing("text_projection", as: head + ".weight")
    } else if tower == .timm {
      result = try result.renamed { $0.replacing(start: "text_projection.", by: head + ".") ?? $0 }
    }
    if result.contains("visual.proj") {
      result = try result.transposing("visual.proj", as: "visual_projection.weight")
    }
    let table = "vision_model.embeddings.position_embedding.weight"
    if tower == .timm, let shape = result.entry(table)?.shape, shape.rank == 3, shape[0] == 1 {
      result = try result.reshaping(table, to: shape.dropping(first: 1))
    }
    return result
  }

  // MARK: Rules

  /// A beginning of names, what stands for it, and what changes behind it.
  private struct Rule {
    let start, replacement: String
    var inner: [(String, String)] = []

    func apply(_ name: String) -> String? {
      guard let renamed = name.replacing(start: start, by: replacement) else { return nil }
      // The first full stop behind the start ends a block's index.
      guard !inner.isEmpty, let stop = renamed.dropFirst(replacement.count).firstIndex(of: ".")
      else { return renamed }
      let (index, rest) = (renamed[...stop], String(renamed[stop...].dropFirst()))
      return inner.lazy.compactMap { rest.replacing(start: $0.0, by: $0.1) }.first
        .map { index + $0 } ?? renamed
    }
  }

  private static let block = [
    ("ln_1.", "layer_norm1."), ("ln_2.", "layer_norm2."), ("attn.", "self_attn."),
    ("mlp.c_fc.", "mlp.fc1."), ("mlp.c_proj.", "mlp.fc2."),
  ]

  private static let text = [
    Rule(start: "transformer.resblocks.", replacement: "text_model.encoder.layers.", inner: block),
    Rule(start: "token_embedding.", replacement: "text_model.embeddings.token_embedding."),
    Rule(
      start: "positional_embedding",
      replacement: "text_model.embeddings.position_embedding.weight"),
    Rule(start: "ln_final.", replacement: "text_model.final_layer_norm."),
  ]

  private static let transformer = [
    Rule(
      start: "visual.transformer.resblocks.", replacement: "vision_model.encoder.layers.",
      inner: block),
    Rule(start: "visual.class_embedding", replacement: "vision_model.embeddings.class_embedding"),
    Rule(start: "visual.conv1.", replacement: "vision_model.embeddings.patch_embedding."),
    Rule(
      start: "visual.positional_embedding",
      replacement: "vision_model.embeddings.position_embedding.weight"),
    Rule(start: "visual.ln_pre.", replacement: "vision_model.pre_layrnorm."),
    Rule(start: "visual.ln_post.", replacement: "vision_model.post_layernorm."),
  ]

  /// timm's names in SigLIP's picture tower.
  private static let trunk = [
    Rule(
      start: "visual.trunk.blocks.", replacement: "vision_model.encoder.layers.",
      inner: [
        ("norm1.", "layer_norm1."), ("norm2.", "layer_norm2."),
        ("attn.qkv.", "self_attn.in_proj_"), ("attn.proj.", "self_attn.out_proj."),
      ]),
    Rule(
      start: "visual.trunk.patch_embed.proj.",
      replacement: "vision_model.embeddings.patch_embedding."),
    Rule(
      start: "visual.trunk.pos_embed",
      replacement: "vision_model.embeddings.position_embedding.weight"),
    Rule(start: "visual.trunk.norm.", replacement: "vision_model.post_layernorm."),
    Rule(start: "visual.trunk.attn_pool.latent", replacement: "vision_model.head.probe"),
    Rule(start: "visual.trunk.attn_pool.q.", replacement: "vision_model.head.attention.q_proj."),
    Rule(start: "visual.trunk.attn_pool.kv.", replacement: "vision_model.head.attention.kv."),
    Rule(
      start: "visual.trunk.attn_pool.proj.", replacement: "vision_model.head.attention.out_proj."),
    Rule(start: "visual.trunk.attn_pool.norm.", replacement: "vision_model.head.layernorm."),
    Rule(start: "visual.trunk.attn_pool.mlp.", replacement: "vision_model.head.mlp."),
  ]
}

extension WeightStore {
  /// With a stacked `….in_proj_weight` or `….kv.weight` cut into `….q_proj.weight` and so on.
  mutating func splitAttention(
    _ name: String, _ parts: [String], _ end: String
  ) throws(CheckpointError) {
    let start = name.dropLast(end.count + 1)
    let module = start[...(start.lastIndex(of: ".") ?? start.startIndex)]
    try split(name, into: parts.map { "\(module)\($0).\(end)" })
  }
}

extension String {
  fileprivate func dropping(_ start: String) -> String { replacing(start: start, by: "") ?? self }

  fileprivate func hasEnding(_ end: String) -> Bool {
    utf8.suffix(end.utf8.count).elementsEqual(end.utf8)
  }

  /// With another beginning, or nil when it begins otherwise.
  fileprivate func replacing(start: String, by replacement: String) -> String? {
    guard utf8.starts(with: start.utf8) else { return nil }
    return replacement + String(Substring(utf8.dropFirst(start.utf8.count)))
  }
}
