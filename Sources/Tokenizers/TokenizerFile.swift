import JSONDocuments

/// Reads a `tokenizer.json`: the outermost object, added tokens, truncation and padding.
///
/// The parts are read in extensions, a file each: models; normalisers, pre-tokenizers and
/// decoders; the post-processor.
struct TokenizerFile {
  /// Sequences within sequences, and parts within one sequence; honest files need three and ten.
  static let depthLimit = 16
  static let stepLimit = 64
  /// Steps of the pre-tokenizer, sequences within sequences taken together: encoding recurses by
  /// one level for each.
  static let preTokenizerLimit = 128
  /// Bytes of an added token, a piece or a literal pattern: searching for one may take as many
  /// looks at every place of a text.
  static let literalLimit = 4096

  let root: Setting

  init(_ document: JSONDocument) {
    root = Setting(node: document.root, source: document.source)
  }

  func parts() throws(TokenizerError) -> TokenizerParts {
    try root.allowOnly([
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder", "model",
    ])
    if let version = try root.member("version"), try version.string() != "1.0" {
      throw version.unsupported(try version.string(), supported: ["1.0"])
    }
    var parts = TokenizerParts(model: try model(root.required("model")))
    parts.normalizer = try normalizer()
    if let setting = try root.member("pre_tokenizer") {
      parts.preTokenizer = try preTokenizer(setting)
      guard parts.preTokenizer.count <= Self.preTokenizerLimit else {
        throw .tooLarge(
          source: setting.source, path: setting.path, value: parts.preTokenizer.count,
          limit: Self.preTokenizerLimit)
      }
    }
    if let setting = try root.member("decoder") { parts.decoder = try decoder(setting) }
    parts.added = try addedTokens(for: parts)
    if let setting = try root.member("post_processor") {
      parts.postProcessor = try postProcessor(setting, for: parts)
    }
    parts.truncation = try truncation()
    parts.padding = try padding(for: parts)
    return parts
  }

  // MARK: Added tokens

  private func addedTokens(for parts: TokenizerParts) throws(TokenizerError) -> AddedTokens {
    var added = AddedTokens()
    guard let list = try root.member("added_tokens") else { return added }
    let search = RegularExpressionSearch()
    for setting in try list.elements(limit: Vocabulary.idLimit) {
      var token = try addedToken(setting)
      try check(token, against: parts.model.vocabulary, and: added, setting)
      if token.isNormalized, let normalizer = parts.normalizer {
        let text = token.content.withUnsafeBufferPointer {
          Text(original: $0, range: 0..<$0.count, isTracking: false)
        }
        token.spelling = try normalizer.apply(text, search: search).bytes
      }
      try checkLength(token.spelling.count, setting)
      guard added.add(token) else {
        throw setting.invalid(
          "another added token is spelled \"\(String(decoding: token.spelling, as: UTF8.self))\" "
            + "too")
      }
    }
    return added
  }

  func checkLength(_ count: Int, _ setting: Setting) throws(TokenizerError) {
    guard count <= Self.literalLimit else {
      throw .tooLarge(
        source: setting.source, path: setting.path, value: count, limit: Self.literalLimit)
    }
  }

  private func addedToken(_ setting: Setting) throws(TokenizerError) -> AddedToken {
    try setting.allowOnly([
      "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special",
    ])
    let content = try setting.required("content").bytes()
    guard !content.isEmpty else { throw setting.invalid("the content is empty") }
    let id = try setting.required("id").integer(in: 0...Vocabulary.idLimit - 1)
    let isSpecial = try setting.bool("special", default: false)
    return AddedToken(
      content: content, id: Int32(id), spelling: content, isSpecial: isSpecial,
      isNormalized: try setting.bool("normalized", default: !isSpecial),
      stripsLeft: try setting.bool("lstrip", default: false),
      stripsRight: try setting.bool("rstrip", default: false),
      isSingleWord: try setting.bool("single_word", default: false))
  }

  /// The reference lets the model's id win over the file's with a warning; a file in which the two
  /// differ is refused here, because one of them is not the embedding's row.
  private func check(
    _ token: AddedToken, against vocabulary: Vocabulary, and added: AddedTokens, _ setting: Setting
  ) throws(TokenizerError) {
    if let id = vocabulary.id(of: token.content) {
      guard id == token.id else {
        throw setting.invalid("the id is \(token.id), but the model's vocabulary says \(id)")
      }
    } else if vocabulary[token.id] != nil {
      throw setting.invalid("the id \(token.id) belongs to another token of the model")
    }
    guard added.token(id: token.id) == nil, added.token(content: token.content) == nil else {
      throw setting.invalid("an added token before it has the same id or content")
    }
  }

  // MARK: Lengths

  private func truncation() throws(TokenizerError) -> Truncation? {
    guard let setting = try root.member("truncation") else { return nil }
    try setting.allowOnly(["direction", "max_length", "strategy", "stride"])
    let length = try setting.required("max_length").integer(in: 0...Int(Int32.max))
    var truncation = Truncation(maxLength: length)
    if let strategy = try setting.member("strategy") {
      truncation.strategy = try strategy.choice(Truncation.Strategy.self)
    }
    // The stride concerns only the overflow, which is not kept.
    if let stride = try setting.member("stride") { _ = try stride.integer(in: 0...length) }
    truncation.cutsLeft = try isLeft(setting)
    return truncation
  }

  private func padding(for parts: TokenizerParts) throws(TokenizerError) -> Padding? {
    guard let setting = try root.member("padding") else { return nil }
    try setting.allowOnly([
      "strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token",
    ])
    let id = try setting.required("pad_id").integer(in: 0...Vocabulary.idLimit - 1)
    var padding = Padding(id: Int32(id))
    let strategy = try setting.required("strategy")
    if strategy.node.kind == .object {
      try strategy.allowOnly(["Fixed"])
      padding.fixedLength = try strategy.required("Fixed").integer(in: 0...1 << 24)
    } else if try strategy.string() != "BatchLongest" {
      throw strategy.unsupported(try strategy.string(), supported: ["BatchLongest", "Fixed"])
    }
    if let multiple = try setting.member("pad_to_multiple_of") {
      padding.multiple = try multiple.integer(in: 0...1 << 24)
    }
    padding.padsLeft = try isLeft(setting)
    return padding
  }

  private func isLeft(_ setting: Setting) throws(TokenizerError) -> Bool {
    guard let direction = try setting.member("direction") else { return false }
    switch try direction.string() {
    case "Left": return true
    case "Right": return false
    case let name: throw direction.unsupported(name, supported: ["Left", "Right"])
    }
  }
}
