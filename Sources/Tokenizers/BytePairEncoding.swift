/// Byte-pair encoding (Sennrich, Haddow and Birch 2016): merge the pair of lowest rank, repeatedly.
struct BytePairEncoding: Sendable {
  var vocabulary: Vocabulary
  var merges: MergeTable
  /// What stands for characters outside the vocabulary; nil if the file names none.
  var unknownToken: [UInt8]?
  /// Put before each character of a word except the first.
  var continuingSubwordPrefix: [UInt8] = []
  /// Put after the last character of a word: CLIP's "</w>".
  var endOfWordSuffix: [UInt8] = []
  /// Neighbouring unknown characters become one unknown token.
  var fusesUnknown = false
  /// Unknown characters become one token "<0xNN>" per byte where all of those exist.
  var fallsBackToBytes = false
  /// A word that is itself in the vocabulary becomes that token, whatever the merges say.
  var ignoresMerges = false

  /// Words up to this many symbols are scanned for the best pair; longer ones use a heap.
  static let scanLimit = 48

  /// One token of a word, with the bytes of the word that it covers.
  struct Symbol {
    var id: Int32
    var start: Int32
    var end: Int32
  }

  private var byteTokens: [Int32] = []
  private var unknownID: Int32?
  /// The id of each single character below U+0180, alone or at the end of a word; -1 if none.
  private var plainCharacters: [Int32] = []
  private var finalCharacters: [Int32] = []
  private static let directCharacters: UInt32 = 0x180

  init(vocabulary: Vocabulary, merges: MergeTable) {
    self.vocabulary = vocabulary
    self.merges = merges
  }

  /// Fills the look-up tables that follow from the settings; call once they are all set.
  mutating func prepare() {
    byteTokens = (0..<256).map { vocabulary.id(of: ByteFallback.token(UInt8($0))) ?? -1 }
    unknownID = unknownToken.flatMap { vocabulary.id(of: $0) }
    plainCharacters = (0..<Self.directCharacters).map { id(of: $0, suffix: []) }
    finalCharacters = (0..<Self.directCharacters).map { id(of: $0, suffix: endOfWordSuffix) }
  }

  private func id(of scalar: UInt32, suffix: [UInt8]) -> Int32 {
    var bytes: [UInt8] = []
    UTF8Scalars.append(scalar, to: &bytes)
    return vocabulary.id(of: bytes + suffix) ?? -1
  }

  /// The tokens of one word.
  ///
  /// - Throws: ``TokenizerError/noUnknownToken(model:setting:)`` for a character outside the
  ///   vocabulary when the unknown token is itself outside.
  func encode(
    _ word: Bytes, into output: inout [Symbol], using scratch: inout MergeScratch
  ) throws(TokenizerError) {
    guard !word.isEmpty else { return }
    if ignoresMerges, let id = vocabulary.id(of: word) {
      output.append(Symbol(id: id, start: 0, end: Int32(word.count)))
      return
    }
    scratch.symbols.removeAll(keepingCapacity: true)
    try split(word, into: &scratch.symbols)
    if scratch.symbols.count <= Self.scanLimit {
      scratch.mergeByScanning(merges)
    } else {
      scratch.mergeWithHeap(merges)
    }
    output.append(contentsOf: scratch.symbols)
  }

  // MARK: The characters of a word

  private func split(_ word: Bytes, into symbols: inout [Symbol]) throws(TokenizerError) {
    var pending: Symbol?
    var position = 0
    while position < word.count {
      let (scalar, width) = UTF8Scalars.decode(word, at: position)
      let end = position + width
      let id = character(scalar, word, position..<end)
      if id >= 0 {
        if let unknown = pending { symbols.append(unknown) }
        pending = nil
        symbols.append(Symbol(id: id, start: Int32(position), end: Int32(end)))
      } else if !appendBytes(of: word, position..<end, to: &symbols) {
        try addUnknown(position..<end, pending: &pending, to: &symbols)
      }
      position = end
    }
    if let unknown = pending { symbols.append(unknown) }
  }

  /// The id of the character at `range`, spelled as its place in the word asks; -1 if none.
  @inline(__always)
  private func character(_ scalar: UInt32, _ word: Bytes, _ range: Range<Int>) -> Int32 {
    let isLast = range.upperBound == word.count
    if scalar < Self.directCharacters, continuingSubwordPrefix.isEmpty {
      return (isLast ? finalCharacters : plainCharacters)[Int(scalar)]
    }
    let hasPrefix = range.lowerBound > 0 && !continuingSubwordPrefix.isEmpty
    let hasSuffix = isLast && !endOfWordSuffix.isEmpty
    guard hasPrefix || hasSuffix else {
      return vocabulary.id(of: Bytes(rebasing: word[range])) ?? -1
    }
    return vocabulary.id(of: spelling(word, range)) ?? -1
  }

  private func spelling(_ word: Bytes, _ range: Range<Int>) -> [UInt8] {
    (range.lowerBound > 0 ? continuingSubwordPrefix : []) + Array(word[range])
      + (range.upperBound == word.count ? endOfWordSuffix : [])
  }

  /// Appends a token per byte of the character if the vocabulary has all of them.
  ///
  /// An unknown character that is still pending stays so: the reference's order, kept.
  private func appendBytes(
    of word: Bytes, _ range: Range<Int>, to symbols: inout [Symbol]
  ) -> Bool {
    guard fallsBackToBytes else { return false }
    let bytes = spelling(word, range)
    guard bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) else { return false }
    for (offset, byte) in bytes.enumerated() {
      let start = min(range.lowerBound + offset, range.upperBound)
      let end = min(start + 1, range.upperBound)
      symbols.append(
        Symbol(id: byteTokens[Int(byte)], start: Int32(start), end: Int32(end)))
    }
    return true
  }

  private func addUnknown(
    _ range: Range<Int>, pending: inout Symbol?, to symbols: inout [Symbol]
  ) throws(TokenizerError) {
    // Without an unknown token the reference drops such characters silently.
    guard unknownToken != nil else { return }
    if fusesUnknown, let unknown = pending {
      pending = Symbol(id: unknown.id, start: unknown.start, end: Int32(range.upperBound))
      return
    }
    guard let unknownID else { throw .noUnknownToken(model: "BPE", setting: "unk_token") }
    if let unknown = pending { symbols.append(unknown) }
    pending = Symbol(
      id: unknownID, start: Int32(range.lowerBound), end: Int32(range.upperBound))
  }
}

/// How byte-fallback vocabularies spell single bytes: "<0x0A>".
enum ByteFallback {
  static func token(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]] + [0x3E]
  }

  /// The byte that a token spells, with digits of either case.
  static func byte(_ token: ArraySlice<UInt8>) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token.last == 0x3E else { return nil }
    return UInt8(String(decoding: token.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }
}
