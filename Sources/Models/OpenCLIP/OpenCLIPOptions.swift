import JSONDocuments

extension OpenCLIPConfiguration {
  /// Vision options that change nothing at inference, or only together with another that would be
  /// rejected.
  static let ignoredVision = [
    "patch_dropout", "output_tokens", "attn_pooler_queries", "attn_pooler_heads",
    "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop",
    "timm_drop_path",
  ]

  /// Texts that switch an option off.
  static let off = [
    "pos_embed_type": "learnable", "pool_type": "tok", "block_type": "default",
    "proj_type": "linear", "timm_model_name": "", "hf_model_name": "",
  ]
}

extension JSONNode {
  /// Checks that every option of an object is one that is followed, one that changes nothing, or
  /// one that is switched off: `false`, `null`, or the text in `off`.
  func rejectOptions(
    known: [String], ignored: [String] = [], off: [String: String] = [:]
  ) throws(JSONError) {
    for key in try keys() where !known.contains(key) && !ignored.contains(key) {
      guard let value = try member(key) else { continue }
      let text = try value.optionText()
      guard text != "false", text != off[key].map({ "\"\($0)\"" }) else { continue }
      throw value.error("\(text) is not supported")
    }
  }

  /// The value as its file writes it, in short.
  private func optionText() throws(JSONError) -> String {
    switch kind {
    case .boolean: "\(try asBool())"
    case .integer: "\(try asInteger())"
    case .real: "\(try asDouble())"
    case .string: "\"\(try asString())\""
    case .array, .object, .null: "this option"
    }
  }

  /// `mlp_ratio` times the width, which it need not divide, cut to a whole number.
  func feedForwardWidth(_ width: Int) throws(JSONError) -> Int {
    let ratio = try double("mlp_ratio", default: 4)
    guard ratio > 0, ratio <= 1024, Double(width) * ratio >= 1 else {
      throw error("mlp_ratio \(ratio) makes no layer of a width of \(width)")
    }
    return Int(Double(width) * ratio)
  }

  /// GELU of the kind that `quick_gelu` and `act_kwargs` ask for.
  func openCLIPActivation(usesQuickGELU: Bool) throws(JSONError) -> ActivationName {
    guard let options = try member("act_kwargs") else { return usesQuickGELU ? .quickGELU : .gelu }
    try options.rejectOptions(known: usesQuickGELU ? [] : ["approximate"])
    guard !usesQuickGELU, let kind = try options.member("approximate") else {
      return usesQuickGELU ? .quickGELU : .gelu
    }
    switch try kind.asString() {
    case "none": return .gelu
    case "tanh": return .geluTanh
    case let other: throw kind.error("\"\(other)\" is not supported; none and tanh are")
    }
  }

  /// The epsilon of layer normalisation.
  func openCLIPEpsilon() throws(JSONError) -> Double {
    guard let options = try member("norm_kwargs") else { return 1e-5 }
    try options.rejectOptions(known: ["eps"])
    return try options.epsilon("eps", default: 1e-5)
  }
}
