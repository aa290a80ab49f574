/// Learns merges from counted words (Sennrich, Haddow and Birch 2016): the most frequent pair of
/// neighbouring tokens becomes a token, repeatedly.
///
/// Nothing is counted anew. Merging a pair in the words that have it tells which pairs have become
/// fewer and which have come up; those that came up are queued with their words, and a queued count
/// is put right when its turn comes. What the result depends on is the reference's, order included:
/// characters have their ids before merges begin, and a pair is queued anew for words that it comes
/// up in later, even if it has been merged already.
struct MergeLearner {
  private struct Symbol {
    var id: Int32
    /// In characters.
    var length: Int32
  }

  private struct Word {
    var start: Int
    var symbolCount: Int
    /// How often the word occurs.
    var count: Int
  }

  /// Special tokens, characters and what has been merged.
  private(set) var tokens: Vocabulary
  /// What was merged, in order.
  private var history: [TokenPair] = []
  /// The symbols of all words; a word that has merged leaves a gap behind.
  private var symbols: [Symbol] = []
  private var words: [Word] = []
  private var pairs = PairCounts()
  private var queue = PairQueue()
  /// The words of each queued pair.
  private var places: [[Int32]] = []
  private let lengthLimit: Int

  /// - Parameters:
  ///   - tokens: the special tokens.
  ///   - alphabet: characters to have in any case.
  ///   - endings: the same of characters that end words.
  ///   - endOfWord: what the last character of a word has behind it.
  ///   - lengthLimit: what tokens of three characters or more must stay below.
  init(
    _ counted: WordCounts, tokens: Vocabulary, alphabet: [[UInt8]], endings: [[UInt8]],
    endOfWord: [UInt8], lengthLimit: Int?
  ) {
    self.tokens = tokens
    self.lengthLimit = lengthLimit ?? .max
    addCharacters(of: counted, alphabet, endings, endOfWord)
    counted.forEach { (word, count) throws(Never) in add(word, count, endOfWord) }
    queueFindings()
  }

  // MARK: Words of characters

  /// Gives ids to the characters by code point, then to those that end words.
  private mutating func addCharacters(
    of counted: WordCounts, _ alphabet: [[UInt8]], _ endings: [[UInt8]], _ endOfWord: [UInt8]
  ) {
    var characters = Set(alphabet)
    var last = Set(endings)
    counted.forEach { (word, _) throws(Never) in
      Self.forEachCharacter(of: word) { character, isLast in
        characters.insert(Array(character))
        if isLast { last.insert(Array(character) + endOfWord) }
      }
    }
    // UTF-8 sorts as its code points do.
    for group in [characters, last] {
      for character in group.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        _ = tokens.id(of: character) ?? tokens.append(character)
      }
    }
  }

  private mutating func add(_ word: Bytes, _ count: Int, _ endOfWord: [UInt8]) {
    let start = symbols.count
    Self.forEachCharacter(of: word) { character, isLast in
      let id = isLast ? tokens.id(of: character + endOfWord) : tokens.id(of: character)
      if let id { symbols.append(Symbol(id: id, length: 1)) }
    }
    for index in symbols.indices.dropFirst(start + 1) {
      pairs.add(
        TokenPair(symbols[index - 1].id, symbols[index].id), times: count, in: words.count)
    }
    words.append(Word(start: start, symbolCount: symbols.count - start, count: count))
  }

  private static func forEachCharacter(
    of word: Bytes, _ body: (_ character: Bytes, _ isLast: Bool) -> Void
  ) {
    var position = 0
    while position < word.count {
      let end = position + UTF8Scalars.width(word[position])
      body(Bytes(rebasing: word[position..<end]), end == word.count)
      position = end
    }
  }

  // MARK: Merging

  /// Merges until there are `size` tokens or no pair occurs `minimumCount` times.
  ///
  /// - Throws: ``TokenizerError/cancelled``.
  mutating func learn(
    upTo size: Int, minimumCount: Int, unless isCancelled: () -> Bool
  ) throws(TokenizerError) {
    while tokens.count < size, var entry = queue.pop() {
      guard !isCancelled() else { throw .cancelled }
      let count = pairs[entry.pair]
      guard entry.count == count else {
        entry.count = count
        queue.push(entry)
        continue
      }
      guard count >= max(1, minimumCount) else { return }
      merge(entry)
    }
  }

  /// The merges in order. A pair that was merged twice has the later place, as in the reference.
  var merges: [TokenPair] {
    var seen = Set<TokenPair>()
    return history.reversed().filter { seen.insert($0).inserted }.reversed()
  }

  private mutating func merge(_ entry: PairQueue.Entry) {
    let pair = entry.pair
    let merged = Array(tokens[pair.left] ?? []) + Array(tokens[pair.right] ?? [])
    // Two ways can lead to one token.
    let id = tokens.id(of: merged) ?? tokens.append(merged)
    history.append(pair)
    var affected: [Int32] = []
    swap(&affected, &places[entry.place])
    for word in affected { merge(pair, into: id, in: Int(word)) }
    queueFindings()
  }

  private mutating func merge(_ pair: TokenPair, into id: Int32, in word: Int) {
    let start = words[word].start
    let end = start + words[word].symbolCount
    var read = start
    var write = start
    while read < end {
      let first = symbols[read]
      guard first.id == pair.left, read + 1 < end, symbols[read + 1].id == pair.right else {
        symbols[write] = first
        read += 1
        write += 1
        continue
      }
      let second = symbols[read + 1]
      let merged = Symbol(id: id, length: first.length + second.length)
      read += 2
      if write > start {
        let before = symbols[write - 1]
        pairs.subtract(TokenPair(before.id, first.id), times: words[word].count)
        join(before, merged, in: word)
      }
      if read < end {
        pairs.subtract(TokenPair(second.id, symbols[read].id), times: words[word].count)
        join(merged, symbols[read], in: word)
      }
      symbols[write] = merged
      write += 1
    }
    words[word].symbolCount = write - start
  }

  /// Counts a pair that has come up, unless it would be too long as a token.
  private mutating func join(_ left: Symbol, _ right: Symbol, in word: Int) {
    guard Int(left.length) + Int(right.length) < lengthLimit else { return }
    pairs.add(TokenPair(left.id, right.id), times: words[word].count, in: word)
  }

  private mutating func queueFindings() {
    for finding in pairs.takeFindings() where finding.count > 0 {
      queue.push(
        PairQueue.Entry(count: finding.count, pair: finding.pair, place: places.count))
      places.append(finding.words)
    }
  }
}

extension Vocabulary {
  /// Adds a token that is not there yet under the next id, which it returns.
  @discardableResult
  mutating func append(_ token: [UInt8]) -> Int32 {
    let id = idEnd
    let insertion = token.withUnsafeBufferPointer { insert($0, id: id) }
    assert(insertion == .done)
    return Int32(id)
  }
}
