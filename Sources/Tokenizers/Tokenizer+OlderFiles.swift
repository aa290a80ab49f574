import JSONDocuments

/// Tokenizers from the files that came before `tokenizer.json`.
extension Tokenizer {
  /// What `vocab.json` and `merges.txt` leave to the code that reads them, and training to that
  /// which learns them.
  package enum Style: Sendable {
    /// CLIP as transformers has it: NFC, runs of white space to one space, lower case; words end
    /// in "</w>"; "<|startoftext|>" and "<|endoftext|>" go around the text.
    ///
    /// OpenAI's and OpenCLIP's own tokenizers clean the text further before that: they repair
    /// mis-decoded text (ftfy) and resolve HTML entities, twice. Ordinary captions give the same
    /// ids; "&amp;" does not.
    case clip
    /// GPT-2: no normalisation, no special tokens around the text.
    case gpt2
  }

  /// Reads a pair of `vocab.json` and `merges.txt`.
  ///
  /// - Throws: ``TokenizerError`` naming the line of a merge that the vocabulary lacks, or the
  ///   special token that the style needs and the vocabulary lacks.
  package convenience init(
    vocabJSON: [UInt8], merges: [UInt8], style: Style, source: String = "vocab.json"
  ) throws(TokenizerError) {
    let document: JSONDocument
    do { document = try JSONDocument(bytes: vocabJSON, source: source) } catch {
      throw .json(error)
    }
    let vocabulary = try TokenizerFile.vocabulary(Setting(node: document.root, source: source))
    let merges = try MergesText(merges, source: "merges.txt").table(vocabulary, limit: .max)
    self.init(
      try TokenizerParts(
        BytePairEncoding(vocabulary: vocabulary, merges: merges), style: style, source: source))
  }

  /// Reads CLIP's own merges, `bpe_simple_vocab_16e6.txt`, already decompressed.
  ///
  /// The vocabulary of 49,408 follows from them: the 256 byte characters, the same with "</w>", a
  /// token for each of the first 48,894 merges, and the two special tokens.
  /// - Throws: ``TokenizerError`` if there are fewer merges, or the text is not UTF-8.
  package convenience init(
    clipMerges: [UInt8], source: String = "bpe_simple_vocab_16e6.txt"
  ) throws(TokenizerError) {
    // These tokens come from no JSON, which would be UTF-8; decoding relies on it.
    guard String(validating: clipMerges, as: UTF8.self) != nil else {
      throw .invalid(source: source, path: "$", problem: "the text is not UTF-8")
    }
    let text = MergesText(clipMerges, source: source, skipsFirstLine: true)
    let vocabulary = try text.clipVocabulary()
    let merges = try text.table(vocabulary, limit: MergesText.clipMergeCount)
    self.init(
      try TokenizerParts(
        BytePairEncoding(vocabulary: vocabulary, merges: merges), style: .clip, source: source))
  }
}

extension TokenizerParts {
  /// What the reference assembles around the two files.
  fileprivate init(
    _ model: BytePairEncoding, style: Tokenizer.Style, source: String
  ) throws(TokenizerError) {
    var model = model
    let end = Array("<|endoftext|>".utf8)
    if style == .clip {
      model.endOfWordSuffix = Array("</w>".utf8)
      model.unknownToken = end
    }
    model.prepare()
    self.init(model: .bytePairs(model))
    decoder = .byteLevel
    switch style {
    case .gpt2:
      let words = try RegularExpression(ByteLevel.wordPattern, source: source, path: "$")
      preTokenizer = [.split(.isolating(words)), .byteLevel]
      if let id = model.vocabulary.id(of: end) { addSpecial(end, id) }
    case .clip:
      try setUpCLIP(model, end: end, source: source)
    }
  }

  private mutating func setUpCLIP(
    _ model: BytePairEncoding, end: [UInt8], source: String
  ) throws(TokenizerError) {
    let start = Array("<|startoftext|>".utf8)
    guard let startID = model.vocabulary.id(of: start), let endID = model.vocabulary.id(of: end)
    else {
      throw .invalid(
        source: source, path: "$",
        problem: "the vocabulary lacks <|startoftext|> or <|endoftext|>, which CLIP needs")
    }
    let space = try RegularExpression(#"\s+"#, source: source, path: "$")
    let words = try RegularExpression(Self.clipWordPattern, source: source, path: "$")
    let parts = try RegularExpression(ByteLevel.wordPattern, source: source, path: "$")
    normalizer = .sequence([
      .form(.nfc), .replace(.expression(space), with: [0x20]), .lowercase,
    ])
    preTokenizer = [
      .split(Splitter(pattern: .expression(words), behavior: .removed, inverted: true)),
      .split(.isolating(parts)), .byteLevel,
    ]
    addSpecial(start, startID)
    addSpecial(end, endID)
    postProcessor = PostProcessor(pieces: [.special([startID]), .text, .special([endID])])
    padding = Padding(id: endID)
  }

  /// OpenAI's expression for the words of a caption.
  static let clipWordPattern =
    #"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

  private mutating func addSpecial(_ content: [UInt8], _ id: Int32) {
    _ = added.add(AddedToken(content: content, id: id, spelling: content, isSpecial: true))
  }
}

extension Splitter {
  /// Cuts at matches and keeps everything.
  fileprivate static func isolating(_ expression: RegularExpression) -> Splitter {
    Splitter(pattern: .expression(expression), behavior: .isolated, inverted: false)
  }
}

/// The lines of a merges file, each of them two tokens with a space between.
private struct MergesText {
  static let clipMergeCount = 48_894

  let source: String
  /// The merges, without the header; `firstLine` is the number of the first.
  private let lines: [ArraySlice<UInt8>]
  private let firstLine: Int

  init(_ text: [UInt8], source: String, skipsFirstLine: Bool = false) {
    self.source = source
    var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty ?? false { lines.removeLast() }
    // No token has a carriage return: byte-level vocabularies spell it otherwise.
    lines = lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }
    firstLine = skipsFirstLine ? 2 : 1
    self.lines = skipsFirstLine ? Array(lines.dropFirst()) : lines
  }

  private func error(_ index: Int, _ problem: String) -> TokenizerError {
    .mergesLine(source: source, line: firstLine + index, problem: problem)
  }

  /// The first `limit` merges.
  func table(_ vocabulary: Vocabulary, limit: Int) throws(TokenizerError) -> MergeTable {
    var builder = MergeBuilder(
      vocabulary: vocabulary, prefix: [], capacity: min(lines.count, Vocabulary.idLimit))
    for (index, line) in lines.prefix(limit).enumerated() {
      if let problem = line.withUnsafeBufferPointer({ builder.add(line: $0) }) {
        throw error(index, problem)
      }
    }
    return builder.table
  }

  /// The vocabulary that CLIP derives from its merges.
  func clipVocabulary() throws(TokenizerError) -> Vocabulary {
    guard lines.count >= Self.clipMergeCount else {
      throw .invalid(
        source: source, path: "$",
        problem: "there are \(lines.count) merges; CLIP needs \(Self.clipMergeCount)")
    }
    let suffix = Array("</w>".utf8)
    let characters = ByteLevel.vocabularyOrder
    var vocabulary = Vocabulary(capacity: Self.clipMergeCount + 514)
    for character in characters { try insert(character, &vocabulary, at: 0) }
    for character in characters { try insert(character + suffix, &vocabulary, at: 0) }
    for (index, line) in lines.prefix(Self.clipMergeCount).enumerated() {
      try insert(line.filter { $0 != 0x20 }, &vocabulary, at: index)
    }
    for special in ["<|startoftext|>", "<|endoftext|>"] {
      try insert(Array(special.utf8), &vocabulary, at: 0)
    }
    return vocabulary
  }

  private func insert(
    _ token: [UInt8], _ vocabulary: inout Vocabulary, at index: Int
  ) throws(TokenizerError) {
    let id = vocabulary.count
    guard token.withUnsafeBufferPointer({ vocabulary.insert($0, id: id) }) == .done else {
      throw error(index, "it makes a token that is there already")
    }
  }
}
