/// One step of cutting a normalised text into words.
///
/// Every `pre_tokenizer` of `tokenizer.json`, sequences included, becomes a list of these: a step
/// either cuts pieces or rewrites each piece by itself.
enum PreTokenizer: Sendable {
  case split(Splitter)
  /// Puts a space before a piece that has none: ByteLevel's `add_prefix_space`.
  case prefixSpace
  /// Spells each byte as a visible character.
  case byteLevel
  /// Metaspace: spaces become `replacement`, and one is put in front as `scheme` says.
  case metaspace(replacement: [UInt8], scheme: PrependScheme)

  enum PrependScheme: String, CaseIterable, Sendable {
    case always, never
    /// Only before the piece that begins where the text begins.
    case first
  }

  /// Whether the outcome depends on where in the text a piece stands.
  var dependsOnPlace: Bool {
    if case .metaspace(_, .first) = self { return true }
    return false
  }

  /// Calls `body` with each piece that this step makes of a stretch of `text`: the text that the
  /// piece is in, which is another one if the step rewrites, and where in it.
  func forEachPiece(
    of range: Range<Int>, in text: Text, search: RegularExpressionSearch,
    _ body: (Text, Range<Int>) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    if case .split(let splitter) = self {
      let pieces = try text.withBytes { bytes throws(TokenizerError) in
        try splitter.pieces(of: Bytes(rebasing: bytes[range]), search: search)
      }
      for piece in pieces {
        try body(
          text, range.lowerBound + piece.lowerBound..<range.lowerBound + piece.upperBound)
      }
      return
    }
    var copy = Text(isTracking: text.isTracking)
    copy.append(copying: range, of: text)
    let rewritten = try rewrite(copy, search: search)
    try rewritten.checkLimit()
    try body(rewritten, 0..<rewritten.count)
  }

  /// Rewrites one piece; a step that cuts leaves it as it is.
  private func rewrite(_ piece: Text, search: RegularExpressionSearch) throws(TokenizerError) -> Text {
    switch self {
    case .split: return piece
    case .byteLevel: return ByteLevel.encode(piece)
    case .prefixSpace:
      return piece.bytes.first == 0x20 ? piece : Normalizer.prepend([0x20], to: piece)
    case .metaspace(let replacement, let scheme):
      let begins = piece.beginsText(at: 0)
      let spaced = try Normalizer.replace(
        .literal([0x20]), with: replacement, in: piece, search: search)
      let prepends = scheme == .always || scheme == .first && begins
      guard prepends, !spaced.bytes.starts(with: replacement) else { return spaced }
      return Normalizer.prepend(replacement, to: spaced)
    }
  }
}
