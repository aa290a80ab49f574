import JSONDocuments

extension TokenizerFile {
  private static let specialLimit = 1024

  func postProcessor(
    _ setting: Setting, for parts: TokenizerParts
  ) throws(TokenizerError) -> PostProcessor {
    let all = try postProcessors(setting, parts, depth: 0)
    guard all.count < 2 else {
      throw setting.invalid("\(all.count) processors add special tokens; one can")
    }
    return all.first ?? PostProcessor()
  }

  /// The processors that add tokens; those that only move offsets are checked and left out.
  private func postProcessors(
    _ setting: Setting, _ parts: TokenizerParts, depth: Int
  ) throws(TokenizerError) -> [PostProcessor] {
    switch try setting.type() {
    case "Sequence":
      try setting.allowOnly(["type", "processors"])
      guard depth < Self.depthLimit else {
        throw .tooLarge(
          source: setting.source, path: setting.path, value: depth + 1, limit: Self.depthLimit)
      }
      var all: [PostProcessor] = []
      for step in try setting.required("processors").elements(limit: Self.stepLimit) {
        all += try postProcessors(step, parts, depth: depth + 1)
      }
      return all
    case "ByteLevel":
      try setting.allowOnly(["type", "add_prefix_space", "trim_offsets", "use_regex"])
      return []
    case "RobertaProcessing":
      try setting.allowOnly(["type", "sep", "cls", "trim_offsets", "add_prefix_space"])
      return [try bracketing(setting, parts)]
    case "BertProcessing":
      try setting.allowOnly(["type", "sep", "cls"])
      return [try bracketing(setting, parts)]
    case "TemplateProcessing": return [try template(setting, parts)]
    case let name:
      throw try setting.required("type").unsupported(
        name,
        supported: [
          "Sequence", "TemplateProcessing", "RobertaProcessing", "BertProcessing", "ByteLevel",
        ])
    }
  }

  /// One token before the text and one after it.
  private func bracketing(
    _ setting: Setting, _ parts: TokenizerParts
  ) throws(TokenizerError) -> PostProcessor {
    PostProcessor(pieces: [
      .special([try namedID(setting.required("cls"), parts)]), .text,
      .special([try namedID(setting.required("sep"), parts)]),
    ])
  }

  /// `["</s>", 2]`
  private func namedID(
    _ setting: Setting, _ parts: TokenizerParts
  ) throws(TokenizerError) -> Int32 {
    let pair = try setting.elements(limit: 2)
    guard pair.count == 2 else { throw setting.invalid("expected a token and its id") }
    _ = try pair[0].string()
    return try existingID(pair[1], parts)
  }

  private func existingID(
    _ setting: Setting, _ parts: TokenizerParts
  ) throws(TokenizerError) -> Int32 {
    let id = Int32(try setting.integer(in: 0...Vocabulary.idLimit - 1))
    guard parts.added.token(id: id) != nil || parts.model.vocabulary[id] != nil else {
      throw setting.invalid("no token has the id \(id)")
    }
    return id
  }

  // MARK: Templates

  private func template(
    _ setting: Setting, _ parts: TokenizerParts
  ) throws(TokenizerError) -> PostProcessor {
    try setting.allowOnly(["type", "single", "pair", "special_tokens"])
    var special: [[UInt8]: [Int32]] = [:]
    if let tokens = try setting.member("special_tokens") {
      guard tokens.node.kind == .object else { throw tokens.invalid("expected an object") }
      try tokens.node.forEachMember { key, value throws(TokenizerError) in
        let token = Setting(node: value, source: tokens.source)
        special[Array(key)] = try self.specialToken(token, parts)
      }
    }
    let single = try pieces(setting.required("single"), special, sequences: ["A"])
    if let pair = try setting.member("pair") {
      _ = try pieces(pair, special, sequences: ["A", "B"])
    }
    return PostProcessor(pieces: single)
  }

  private func specialToken(
    _ setting: Setting, _ parts: TokenizerParts
  ) throws(TokenizerError) -> [Int32] {
    try setting.allowOnly(["id", "ids", "tokens"])
    var ids: [Int32] = []
    for id in try setting.required("ids").elements(limit: Self.specialLimit) {
      ids.append(try existingID(id, parts))
    }
    let names = try setting.required("tokens").elements(limit: Self.specialLimit)
    guard names.count == ids.count else {
      throw setting.invalid("\(ids.count) ids have \(names.count) tokens")
    }
    return ids
  }

  private func pieces(
    _ setting: Setting, _ special: [[UInt8]: [Int32]], sequences: [String]
  ) throws(TokenizerError) -> [PostProcessor.Piece] {
    var pieces: [PostProcessor.Piece] = []
    for piece in try setting.elements(limit: Self.specialLimit) {
      try piece.allowOnly(["Sequence", "SpecialToken"])
      if let sequence = try piece.member("Sequence") {
        try sequence.allowOnly(["id", "type_id"])
        let id = try sequence.required("id")
        guard sequences.contains(try id.string()) else {
          throw id.unsupported(try id.string(), supported: sequences)
        }
        pieces.append(.text)
      } else {
        let token = try piece.required("SpecialToken")
        try token.allowOnly(["id", "type_id"])
        let id = try token.required("id")
        guard let ids = special[try id.bytes()] else {
          throw id.invalid("\"\(try id.string())\" is not among the special_tokens")
        }
        pieces.append(.special(ids))
      }
    }
    let texts = pieces.count { $0 == .text }
    guard texts <= sequences.count else {
      throw setting.invalid(
        "the template repeats the text \(texts) times; \(sequences.count) is the limit")
    }
    return pieces
  }
}
