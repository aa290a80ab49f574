/// A token with the place in the text that it stands for.
package struct EncodedToken: Equatable, Sendable {
  package var id: Int32
  /// What to show: the stretch of the text, or a special token's name.
  package var piece: String
  /// UTF-8 offsets in the text. Empty for special tokens that the text does not contain. Tokens
  /// that share a character, as the bytes of an emoji may, each have the whole of it.
  package var range: Range<Int>
  /// Which word of the text, in the pre-tokenizer's sense and counted from zero; nil for special
  /// tokens that the text does not contain.
  package var word: Int?
  package var isSpecial: Bool
}

extension Tokenizer {
  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - addSpecialTokens: whether the post-processor puts its tokens around the text.
  ///   - length: where to cut. A text is never padded; see ``pad(_:to:)``.
  /// - Throws: ``TokenizerError`` when the file's regular expressions give up on the text, the
  ///   vocabulary lacks an unknown token, or the length has no room for the special tokens.
  package func encode(
    _ text: String, addSpecialTokens: Bool = true, length: Length = .full
  ) throws(TokenizerError) -> [Int32] {
    var tokens = TokenSink(isTracking: false)
    try collect(Array(text.utf8), into: &tokens)
    let kept = try kept(of: tokens.ids.count, specials: addSpecialTokens, length)
    guard addSpecialTokens else {
      return kept.count == tokens.ids.count ? tokens.ids : Array(tokens.ids[kept])
    }
    var ids: [Int32] = []
    ids.reserveCapacity(kept.count + parts.postProcessor.specialCount)
    for piece in parts.postProcessor.pieces {
      switch piece {
      case .text: ids.append(contentsOf: tokens.ids[kept])
      case .special(let special): ids.append(contentsOf: special)
      }
    }
    return ids
  }

  /// The tokens of a text with the places that they stand for: what attention is drawn over.
  ///
  /// Same ids as ``encode(_:addSpecialTokens:length:)``, but slower: nothing is remembered.
  package func encodeWithPlaces(
    _ text: String, addSpecialTokens: Bool = true, length: Length = .full
  ) throws(TokenizerError) -> [EncodedToken] {
    let bytes = Array(text.utf8)
    var sink = TokenSink(isTracking: true)
    try collect(bytes, into: &sink)
    let kept = try kept(of: sink.ids.count, specials: addSpecialTokens, length)
    var tokens: [EncodedToken] = []
    for piece in parts.postProcessor.pieces {
      switch piece {
      case .text:
        for index in kept { tokens.append(encodedToken(sink, index, of: bytes)) }
      case .special(let ids) where addSpecialTokens:
        let at = tokens.last?.range.upperBound ?? 0
        for id in ids {
          tokens.append(
            EncodedToken(id: id, piece: token(id) ?? "", range: at..<at, word: nil, isSpecial: true)
          )
        }
      case .special: break
      }
    }
    return tokens
  }

  /// The ids with padding as the file describes it, and which of them are real.
  ///
  /// - Parameter length: the common length; nil for the file's own. Nothing is cut.
  package func pad(_ ids: [Int32], to length: Int? = nil) -> (ids: [Int32], mask: [Bool]) {
    var target = length ?? padding?.fixedLength ?? ids.count
    if let multiple = padding?.multiple, multiple > 0, target % multiple > 0 {
      target += multiple - target % multiple
    }
    let count = max(0, target - ids.count)
    let fill = [Int32](repeating: padding?.id ?? 0, count: count)
    let real = [Bool](repeating: true, count: ids.count)
    let unreal = [Bool](repeating: false, count: count)
    return padding?.padsLeft ?? false ? (fill + ids, unreal + real) : (ids + fill, real + unreal)
  }

  private func encodedToken(_ sink: TokenSink, _ index: Int, of text: [UInt8]) -> EncodedToken {
    let id = sink.ids[index]
    let place = sink.places[index]
    let range = Int(place.source.start)..<Int(place.source.end)
    return EncodedToken(
      id: id, piece: String(decoding: text[range], as: UTF8.self), range: range, word: place.word,
      isSpecial: isSpecial(id))
  }

  /// Which of `count` tokens remain at a length.
  private func kept(
    of count: Int, specials: Bool, _ length: Length
  ) throws(TokenizerError) -> Range<Int> {
    let specialCount = specials ? parts.postProcessor.specialCount : 0
    let cut: Truncation
    switch length {
    case .full: return 0..<count
    case .atMost(let limit): cut = Truncation(maxLength: limit)
    case .declared:
      guard let declared = parts.truncation else { return 0..<count }
      cut = declared
    }
    let room = cut.maxLength - specialCount
    guard room >= 0 else { throw .noRoom(length: cut.maxLength, specialTokens: specialCount) }
    guard count > room else { return 0..<count }
    if cut.strategy == .onlySecond {
      throw .noRoom(length: cut.maxLength, specialTokens: specialCount)
    }
    return cut.cutsLeft ? count - room..<count : 0..<room
  }

  // MARK: The pipeline

  private func collect(_ text: [UInt8], into sink: inout TokenSink) throws(TokenizerError) {
    guard text.count <= Text.limit else {
      throw .textTooLong(bytes: text.count, limit: Text.limit)
    }
    var workspace = workspaces.take()
    defer { workspaces.put(back: workspace) }
    try text.withUnsafeBufferPointer { bytes throws(TokenizerError) in
      for stretch in parts.added.stretches(of: bytes, isNormalized: false) {
        if let token = stretch.token {
          sink.append(
            token.id,
            Text.Source(
              start: Int32(stretch.range.lowerBound), end: Int32(stretch.range.upperBound)))
          continue
        }
        let piece = Text(original: bytes, range: stretch.range, isTracking: sink.isTracking)
        try encodeNormalizing(piece, &workspace, &sink)
      }
    }
  }

  private func encodeNormalizing(
    _ piece: Text, _ workspace: inout Workspace, _ sink: inout TokenSink
  ) throws(TokenizerError) {
    let text = try parts.normalizer?.apply(piece, search: workspace.search) ?? piece
    let stretches = text.bytes.withUnsafeBufferPointer {
      parts.added.stretches(of: $0, isNormalized: true)
    }
    for stretch in stretches {
      if let token = stretch.token {
        sink.append(token.id, text.source(of: stretch.range))
      } else {
        try encode(text, stretch.range, step: 0, &workspace, &sink)
      }
    }
  }

  /// Encodes a piece of text that still has to go through the pre-tokenizer's steps from `step` on.
  private func encode(
    _ text: Text, _ range: Range<Int>, step: Int, _ workspace: inout Workspace,
    _ sink: inout TokenSink
  ) throws(TokenizerError) {
    try text.withBytes { bytes throws(TokenizerError) in
      let piece = Bytes(rebasing: bytes[range])
      let canRemember =
        step == cachedStep && !sink.isTracking && range.count <= WordCache.wordLimit
        && !(cacheDependsOnPlace && text.beginsText(at: range.lowerBound))
      guard canRemember else {
        return try encodeAnew(text, piece, range, step: step, &workspace, &sink)
      }
      let hash = ByteHash.shared(piece)
      if workspace.cache.append(piece, hash: hash, to: &sink.ids) { return }
      let first = sink.ids.count
      try encodeAnew(text, piece, range, step: step, &workspace, &sink)
      workspace.cache.insert(piece, hash: hash, ids: sink.ids[first...])
    }
  }

  private func encodeAnew(
    _ text: Text, _ piece: Bytes, _ range: Range<Int>, step: Int, _ workspace: inout Workspace,
    _ sink: inout TokenSink
  ) throws(TokenizerError) {
    guard step < parts.preTokenizer.count else {
      return try encodeWord(text, piece, from: range.lowerBound, &workspace, &sink)
    }
    try parts.preTokenizer[step].forEachPiece(of: range, in: text, search: workspace.search) {
      (text, range) throws(TokenizerError) in
      try encode(text, range, step: step + 1, &workspace, &sink)
    }
  }

  private func encodeWord(
    _ text: Text, _ word: Bytes, from start: Int, _ workspace: inout Workspace,
    _ sink: inout TokenSink
  ) throws(TokenizerError) {
    workspace.symbols.removeAll(keepingCapacity: true)
    try parts.model.encode(word, &workspace)
    guard sink.isTracking else {
      for symbol in workspace.symbols { sink.ids.append(symbol.id) }
      return
    }
    let number = sink.nextWord()
    for symbol in workspace.symbols {
      let range = start + Int(symbol.start)..<start + Int(symbol.end)
      sink.append(symbol.id, text.source(of: range), word: number)
    }
  }
}

/// Where tokens go as they are found.
struct TokenSink {
  struct Place {
    var source: Text.Source
    var word: Int
  }

  let isTracking: Bool
  var ids: [Int32] = []
  /// One per id, if `isTracking`.
  private(set) var places: [Place] = []
  private var words = 0

  init(isTracking: Bool) { self.isTracking = isTracking }

  /// A number for the next word.
  mutating func nextWord() -> Int {
    defer { words += 1 }
    return words
  }

  /// Appends a token that is a word of its own, or belongs to word `word`.
  mutating func append(_ id: Int32, _ source: Text.Source, word: Int? = nil) {
    ids.append(id)
    if isTracking { places.append(Place(source: source, word: word ?? nextWord())) }
  }
}
