import JSONDocuments

extension TokenizerFile {
  func model(_ setting: Setting) throws(TokenizerError) -> TokenModel {
    // Files older than version 0.11 of the library do not say which model they hold.
    let hasMerges = try setting.member("merges") != nil
    let type = try setting.string("type", default: hasMerges ? "BPE" : "Unigram")
    switch type {
    case "BPE": return .bytePairs(try bytePairEncoding(setting))
    case "Unigram": return .unigram(try unigram(setting))
    default: throw try setting.required("type").unsupported(type, supported: ["BPE", "Unigram"])
    }
  }

  // MARK: Byte-pair encoding

  private func bytePairEncoding(_ setting: Setting) throws(TokenizerError) -> BytePairEncoding {
    try setting.allowOnly([
      "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
      "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges",
    ])
    if let dropout = try setting.member("dropout"), try dropout.double() != 0 {
      throw dropout.unsupported("\(try dropout.double())", supported: ["null", "0"])
    }
    let vocabulary = try Self.vocabulary(setting.required("vocab"))
    let prefix = try setting.member("continuing_subword_prefix")?.bytes() ?? []
    let merges = try self.merges(setting.required("merges"), vocabulary, prefix: prefix)
    var model = BytePairEncoding(vocabulary: vocabulary, merges: merges)
    model.continuingSubwordPrefix = prefix
    model.endOfWordSuffix = try setting.member("end_of_word_suffix")?.bytes() ?? []
    model.unknownToken = try setting.member("unk_token")?.bytes()
    model.fusesUnknown = try setting.bool("fuse_unk", default: false)
    model.fallsBackToBytes = try setting.bool("byte_fallback", default: false)
    model.ignoresMerges = try setting.bool("ignore_merges", default: false)
    model.prepare()
    return model
  }

  /// The object of token to id that both `tokenizer.json` and `vocab.json` have.
  static func vocabulary(_ setting: Setting) throws(TokenizerError) -> Vocabulary {
    guard setting.node.kind == .object else {
      throw setting.invalid("expected an object of tokens, found \(setting.node.kind.rawValue)")
    }
    var vocabulary = Vocabulary(capacity: 1 << 15)
    try setting.node.forEachMember { token, value throws(TokenizerError) in
      let id = try Setting(node: value, source: setting.source)
        .integer(in: 0...Vocabulary.idLimit - 1)
      guard vocabulary.insert(token, id: id) == .done else {
        let name = String(decoding: token, as: UTF8.self)
        throw setting.invalid("the token \"\(name)\" or its id \(id) is there twice")
      }
    }
    return vocabulary
  }

  private func merges(
    _ setting: Setting, _ vocabulary: Vocabulary, prefix: [UInt8]
  ) throws(TokenizerError) -> MergeTable {
    var builder = MergeBuilder(vocabulary: vocabulary, prefix: prefix, capacity: vocabulary.count)
    try setting.forEachElement { index, merge throws(TokenizerError) in
      let problem: String?
      if let (left, right) = try merge.pair() {
        problem = builder.add(try left.utf8(), try right.utf8())
      } else if merge.node.kind == .array {
        problem = "a merge has two tokens"
      } else {
        problem = builder.add(line: try merge.utf8())
      }
      if let problem { throw setting.invalid(element: index, problem) }
    }
    return builder.table
  }

  // MARK: Unigram

  private func unigram(_ setting: Setting) throws(TokenizerError) -> Unigram {
    try setting.allowOnly(["type", "unk_id", "vocab", "byte_fallback"])
    var vocabulary = Vocabulary(capacity: 1 << 15)
    var trie = ByteTrie()
    var scores: [Double] = []
    let list = try setting.required("vocab")
    try list.forEachElement { id, entry throws(TokenizerError) in
      guard let (piece, score) = try entry.pair() else {
        throw list.invalid(element: id, "a piece has a text and a score")
      }
      let bytes = try piece.utf8()
      try checkLength(bytes.count, piece)
      scores.append(try score.double())
      guard vocabulary.insert(bytes, id: id) == .done else {
        let name = String(decoding: bytes, as: UTF8.self)
        throw list.invalid(element: id, "the piece \"\(name)\" is there twice")
      }
      trie.insert(bytes, value: Int32(id))
    }
    let unknown = try setting.member("unk_id")?.integer(in: 0...max(0, scores.count - 1))
    if unknown != nil, scores.isEmpty { throw setting.invalid("the vocabulary is empty") }
    return Unigram(
      vocabulary: vocabulary, trie: trie, scores: scores, unknownID: unknown.map { Int32($0) },
      fallsBackToBytes: try setting.bool("byte_fallback", default: false))
  }
}

/// Collects merges, each of which makes a token of the vocabulary out of two.
struct MergeBuilder {
  private let vocabulary: Vocabulary
  /// What the right half of a merge has in front that the result has not.
  private let prefix: [UInt8]
  private(set) var table: MergeTable
  private var rank: UInt32 = 0
  private var merged: [UInt8] = []

  init(vocabulary: Vocabulary, prefix: [UInt8], capacity: Int) {
    self.vocabulary = vocabulary
    self.prefix = prefix
    table = MergeTable(capacity: capacity)
  }

  /// Adds a merge written as two tokens with a space between them; version comments are passed.
  ///
  /// - Returns: what is wrong with it, if anything.
  mutating func add(line: Bytes) -> String? {
    if line.starts(with: "#version".utf8) { return nil }
    guard let space = line.firstIndex(of: 0x20), line[(space + 1)...].firstIndex(of: 0x20) == nil
    else {
      return "\"\(String(decoding: line, as: UTF8.self))\" is not two tokens with a space between"
    }
    return add(Bytes(rebasing: line[..<space]), Bytes(rebasing: line[(space + 1)...]))
  }

  /// Adds a merge, ranked after those before it.
  ///
  /// - Returns: what is wrong with it, if anything.
  mutating func add(_ left: Bytes, _ right: Bytes) -> String? {
    guard let leftID = vocabulary.id(of: left) else { return unknown(left) }
    guard let rightID = vocabulary.id(of: right) else { return unknown(right) }
    guard right.count >= prefix.count else {
      return "\"\(String(decoding: right, as: UTF8.self))\" lacks the continuing_subword_prefix"
    }
    merged.removeAll(keepingCapacity: true)
    merged.append(contentsOf: left)
    merged.append(contentsOf: right[prefix.count...])
    guard let result = vocabulary.id(of: merged) else { return unknown(merged) }
    table.set(leftID, rightID, to: MergeTable.Merge(rank: rank, result: result))
    rank += 1
    return nil
  }

  private func unknown(_ token: some Collection<UInt8>) -> String {
    "the merge names \"\(String(decoding: token, as: UTF8.self))\", which the vocabulary lacks"
  }
}
