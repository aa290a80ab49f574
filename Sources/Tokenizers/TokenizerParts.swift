/// Everything that a tokenizer file says, checked.
struct TokenizerParts: Sendable {
  var normalizer: Normalizer?
  var preTokenizer: [PreTokenizer] = []
  var model: TokenModel
  var added = AddedTokens()
  var postProcessor = PostProcessor()
  var decoder: Decoder?
  var truncation: Truncation?
  var padding: Padding?

  init(model: TokenModel) { self.model = model }

  /// Whether words end by a suffix that the decoder leaves in the text.
  private var suffixStays: Bool {
    if case .byteLevel? = decoder { return !model.endOfWordSuffix.isEmpty }
    return false
  }

  /// Decoded text with each end-of-word suffix made a space, stripped.
  func replacingWordSuffix(in text: [UInt8]) -> [UInt8] {
    guard suffixStays else { return text }
    let spaced = Decoder.replacing(model.endOfWordSuffix, with: [0x20], in: text)
    return spaced.withUnsafeBufferPointer { bytes in
      var start = 0
      var end = bytes.count
      // Python's idea of white space has four separators more than Unicode's.
      func isSpace(_ scalar: UInt32) -> Bool {
        UnicodeData.isWhitespace(scalar) || (0x1C...0x1F).contains(scalar)
      }
      while start < end {
        let (scalar, width) = UTF8Scalars.decode(bytes, at: start)
        guard isSpace(scalar) else { break }
        start += width
      }
      while end > start {
        let (scalar, width) = UTF8Scalars.decode(bytes, before: end)
        guard isSpace(scalar) else { break }
        end -= width
      }
      return Array(bytes[start..<end])
    }
  }

  /// A token of the model for display.
  func readable(_ token: ArraySlice<UInt8>) -> String {
    var token = token
    let suffix = model.endOfWordSuffix
    if !suffix.isEmpty, token.count > suffix.count, token.suffix(suffix.count).elementsEqual(suffix)
    {
      token = token.dropLast(suffix.count)
    }
    if decoder?.hasByteLevel ?? false, let bytes = ByteLevel.decode(token) {
      return Self.showingBrokenBytes(bytes)
    }
    guard let space = decoder?.spaceSpelling else { return String(decoding: token, as: UTF8.self) }
    return String(
      decoding: Decoder.replacing(space, with: [0x20], in: Array(token)), as: UTF8.self)
  }

  /// Text with the bytes that are not UTF-8 spelled out.
  private static func showingBrokenBytes(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var shown: [UInt8] = []
    var position = 0
    while position < bytes.count {
      let width = UTF8Scalars.width(bytes[position])
      let scalar = bytes[position..<min(position + width, bytes.count)]
      if String(validating: scalar, as: UTF8.self) != nil {
        shown.append(contentsOf: scalar)
        position += width
      } else {
        shown.append(contentsOf: ByteFallback.token(bytes[position]))
        position += 1
      }
    }
    return String(decoding: shown, as: UTF8.self)
  }
}

/// What cuts words into tokens.
enum TokenModel: Sendable {
  case bytePairs(BytePairEncoding)
  case unigram(Unigram)

  var vocabulary: Vocabulary {
    switch self {
    case .bytePairs(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    }
  }

  var endOfWordSuffix: [UInt8] {
    if case .bytePairs(let model) = self { return model.endOfWordSuffix }
    return []
  }

  /// Appends the tokens of one word to the workspace's symbols.
  @inline(__always)
  func encode(_ word: Bytes, _ workspace: inout Workspace) throws(TokenizerError) {
    switch self {
    case .bytePairs(let model):
      try model.encode(word, into: &workspace.symbols, using: &workspace.merging)
    case .unigram(let model):
      try model.encode(word, into: &workspace.symbols)
    }
  }
}
