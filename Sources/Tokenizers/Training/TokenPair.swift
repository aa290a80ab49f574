/// Two neighbouring tokens, ordered by the id of the left one and then of the right one.
struct TokenPair: Hashable, Comparable {
  private let ids: UInt64

  init(_ left: Int32, _ right: Int32) {
    ids = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  var left: Int32 { Int32(truncatingIfNeeded: ids >> 32) }
  var right: Int32 { Int32(truncatingIfNeeded: ids) }

  static func < (first: TokenPair, second: TokenPair) -> Bool { first.ids < second.ids }
}

/// How often each pair occurs in all words, and in which words it has lately come up.
struct PairCounts {
  /// A pair that has come up, to be queued with the words that it came up in.
  struct Finding {
    var pair: TokenPair
    var count: Int
    var words: [Int32]
  }

  private var indices: [TokenPair: Int] = [:]
  private var findings: [Finding] = []
  /// The findings that have words.
  private var fresh: [Int] = []

  subscript(pair: TokenPair) -> Int { indices[pair].map { findings[$0].count } ?? 0 }

  /// Counts a pair that comes up in a word. All pairs of one word come one after the other.
  mutating func add(_ pair: TokenPair, times count: Int, in word: Int) {
    let index = index(of: pair)
    findings[index].count += count
    if findings[index].words.isEmpty { fresh.append(index) }
    if findings[index].words.last != Int32(word) { findings[index].words.append(Int32(word)) }
  }

  mutating func subtract(_ pair: TokenPair, times count: Int) {
    findings[index(of: pair)].count -= count
  }

  private mutating func index(of pair: TokenPair) -> Int {
    if let index = indices[pair] { return index }
    indices[pair] = findings.count
    findings.append(Finding(pair: pair, count: 0, words: []))
    return findings.count - 1
  }

  /// The pairs that have come up since this was last called, with the words that they came up in.
  mutating func takeFindings() -> [Finding] {
    defer { fresh.removeAll(keepingCapacity: true) }
    return fresh.map { index in
      defer { findings[index].words = [] }
      return findings[index]
    }
  }
}
