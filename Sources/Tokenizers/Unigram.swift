/// The unigram language model (Kudo 2018): of all ways to cut a word, the most probable.
struct Unigram: Sendable {
  typealias Symbol = BytePairEncoding.Symbol

  let vocabulary: Vocabulary
  /// Logarithms of probabilities, by id.
  private let scores: [Double]
  private let trie: ByteTrie
  private let unknownID: Int32?
  /// Stretches outside the vocabulary become one token "<0xNN>" per byte where all of those exist.
  private let byteTokens: [Int32]?
  /// What a character outside the vocabulary scores: ten less than the least probable piece.
  private let unknownScore: Double

  /// - Parameters:
  ///   - trie: the vocabulary once more, with ids as values.
  ///   - scores: by id.
  ///   - unknownID: what stands for characters outside the vocabulary, if anything does.
  init(
    vocabulary: Vocabulary, trie: ByteTrie, scores: [Double], unknownID: Int32?,
    fallsBackToBytes: Bool
  ) {
    self.vocabulary = vocabulary
    self.trie = trie
    self.scores = scores
    self.unknownID = unknownID
    unknownScore = (scores.min() ?? .infinity) - 10
    let bytes = (0..<256).map { vocabulary.id(of: ByteFallback.token(UInt8($0))) ?? -1 }
    byteTokens = fallsBackToBytes ? bytes : nil
  }

  /// The best way found so far to reach a position.
  private struct Arrival {
    var score = 0.0
    var start: Int32 = -1
    var id: Int32 = 0
  }

  /// The tokens of one word.
  ///
  /// - Throws: ``TokenizerError/noUnknownToken(model:setting:)``.
  func encode(_ word: Bytes, into output: inout [Symbol]) throws(TokenizerError) {
    guard !word.isEmpty else { return }
    let arrivals = try self.arrivals(word)
    let first = output.count
    var end = word.count
    var unknownEnd: Int?
    while end > 0 {
      let arrival = arrivals[end]
      let start = Int(arrival.start)
      if arrival.id == unknownID {
        // Neighbouring unknown characters become one stretch.
        unknownEnd = unknownEnd ?? end
      } else {
        if let unknown = unknownEnd { appendUnknown(word, end..<unknown, to: &output) }
        unknownEnd = nil
        output.append(Symbol(id: arrival.id, start: arrival.start, end: Int32(end)))
      }
      end = start
    }
    if let unknown = unknownEnd { appendUnknown(word, 0..<unknown, to: &output) }
    output[first...].reverse()
  }

  private func arrivals(_ word: Bytes) throws(TokenizerError) -> [Arrival] {
    var arrivals = [Arrival](repeating: Arrival(), count: word.count + 1)
    var start = 0
    while start < word.count {
      let score = arrivals[start].score
      let width = UTF8Scalars.width(word[start])
      var hasSingle = false
      var node = ByteTrie.root
      var end = start
      while end < word.count, let child = trie.child(of: node, word[end]) {
        node = child
        end += 1
        let id = trie.value(at: node)
        guard id >= 0 else { continue }
        Self.offer(score + scores[Int(id)], id, from: start, to: &arrivals[end])
        hasSingle = hasSingle || end - start == width
      }
      if !hasSingle {
        guard let unknownID else { throw .noUnknownToken(model: "Unigram", setting: "unk_id") }
        Self.offer(score + unknownScore, unknownID, from: start, to: &arrivals[start + width])
      }
      start += width
    }
    return arrivals
  }

  @inline(__always)
  private static func offer(
    _ score: Double, _ id: Int32, from start: Int, to arrival: inout Arrival
  ) {
    guard arrival.start < 0 || score > arrival.score else { return }
    arrival = Arrival(score: score, start: Int32(start), id: id)
  }

  /// Appends the tokens of a stretch of unknown characters, last first.
  private func appendUnknown(_ word: Bytes, _ range: Range<Int>, to output: inout [Symbol]) {
    let stretch = Bytes(rebasing: word[range])
    let start = Int32(range.lowerBound)
    let end = Int32(range.upperBound)
    if let id = vocabulary.id(of: stretch) {
      output.append(Symbol(id: id, start: start, end: end))
      return
    }
    if let byteTokens, stretch.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
      for (offset, byte) in stretch.enumerated().reversed() {
        let at = start + Int32(offset)
        output.append(Symbol(id: byteTokens[Int(byte)], start: at, end: at + 1))
      }
      return
    }
    output.append(Symbol(id: unknownID ?? 0, start: start, end: end))
  }
}
