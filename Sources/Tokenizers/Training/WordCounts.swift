/// Words and how often each occurs, told apart by their bytes and in the order in which they came.
struct WordCounts {
  private(set) var words = Vocabulary(capacity: 1 << 12)
  /// One for each id of `words`.
  private(set) var counts: [Int] = []

  /// - Throws: ``TokenizerError/tooManyWords(limit:)``.
  mutating func add(_ word: Bytes, times count: Int) throws(TokenizerError) {
    if let id = words.id(of: word) {
      counts[Int(id)] += count
      return
    }
    guard words.insert(word, id: counts.count) == .done else {
      throw .tooManyWords(limit: Vocabulary.idLimit)
    }
    counts.append(count)
  }

  /// Calls `body` with each word.
  func forEach<Failure: Error>(
    _ body: (_ word: Bytes, _ count: Int) throws(Failure) -> Void
  ) throws(Failure) {
    for (id, count) in counts.enumerated() {
      guard let word = words[Int32(id)] else { continue }
      try word.withUnsafeBufferPointer { bytes throws(Failure) in try body(bytes, count) }
    }
  }
}

extension Tokenizer {
  /// The words that the normaliser and the pre-tokenizer make of texts.
  ///
  /// Added tokens are not looked for. What a word becomes does not depend on where it stands, so
  /// that the last steps are taken once for each different word.
  /// - Throws: ``TokenizerError/emptyCorpus(texts:)``, and what the steps throw.
  func countWords(
    of texts: some Sequence<String>, unless isCancelled: () -> Bool = { false }
  ) throws(TokenizerError) -> WordCounts {
    let workspace = workspaces.take()
    defer { workspaces.put(back: workspace) }
    let search = workspace.search
    let firstSteps = cacheDependsOnPlace ? parts.preTokenizer[...] : parts.preTokenizer[..<cachedStep]
    var pieces = WordCounts()
    var textCount = 0
    for text in texts {
      guard !isCancelled() else { throw .cancelled }
      let bytes = Array(text.utf8)
      guard bytes.count <= Text.limit else {
        throw .textTooLong(bytes: bytes.count, limit: Text.limit)
      }
      let normalized = try bytes.withUnsafeBufferPointer { bytes throws(TokenizerError) in
        let text = Text(original: bytes, range: 0..<bytes.count, isTracking: false)
        return try parts.normalizer?.apply(text, search: search) ?? text
      }
      try Self.cut(normalized, 0..<normalized.count, firstSteps, search) {
        piece throws(TokenizerError) in try pieces.add(piece, times: 1)
      }
      textCount += 1
    }
    var words = WordCounts()
    try pieces.forEach { (piece, count) throws(TokenizerError) in
      guard !isCancelled() else { throw .cancelled }
      let text = Text(original: piece, range: 0..<piece.count, isTracking: false)
      try Self.cut(text, 0..<piece.count, parts.preTokenizer[firstSteps.endIndex...], search) {
        word throws(TokenizerError) in try words.add(word, times: count)
      }
    }
    guard !words.counts.isEmpty else { throw .emptyCorpus(texts: textCount) }
    return words
  }

  /// Calls `body` with what some steps of the pre-tokenizer make of a stretch of a text.
  private static func cut(
    _ text: Text, _ range: Range<Int>, _ steps: ArraySlice<PreTokenizer>,
    _ search: RegularExpressionSearch, _ body: (Bytes) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    guard let step = steps.first else {
      guard !range.isEmpty else { return }
      return try text.withBytes { bytes throws(TokenizerError) in
        try body(Bytes(rebasing: bytes[range]))
      }
    }
    try step.forEachPiece(of: range, in: text, search: search) {
      (text, range) throws(TokenizerError) in
      try cut(text, range, steps.dropFirst(), search, body)
    }
  }
}
