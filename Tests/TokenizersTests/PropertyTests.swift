import Foundation
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct PropertyTests {
  /// Pieces that meet every kind of boundary between words, tokens and scalars.
  static let pieces = [
    "a", "photo", " of", "  ", "\n", "\r\n", "'s", "한국어", "\u{1112}\u{1161}", "e\u{301}", "\u{301}",
    "👨‍👩‍👧", "İ", "Σ", "ﬁ", "½", "<|endoftext|>", " <image> ", "<special>", "▁", "123", "--",
    "\u{10FFFF}",
  ]

  static func text(_ random: inout SplitMix) -> String {
    (0..<Int(random.next() % 30)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
      .joined()
  }

  /// Short words are merged by scanning and long ones with a heap; the result is one.
  @Test func scanningAndHeapMergeAlike() {
    var random = SplitMix(seed: 1)
    for _ in 0..<400 {
      // Few ids and many merges among them, so that almost everything merges repeatedly.
      var merges = MergeTable(capacity: 4)
      for rank in 0..<40 {
        let merge = MergeTable.Merge(rank: UInt32(rank), result: Int32(3 + rank))
        merges.set(
          Int32(random.next() % UInt64(3 + rank)), Int32(random.next() % UInt64(3 + rank)),
          to: merge)
      }
      var scanned = MergeScratch()
      for position in 0..<Int32(random.next() % 120) {
        scanned.symbols.append(
          BytePairEncoding.Symbol(
            id: Int32(random.next() % 3), start: position, end: position + 1))
      }
      var heaped = scanned
      scanned.mergeByScanning(merges)
      heaped.mergeWithHeap(merges)
      #expect(scanned.symbols.map(\.id) == heaped.symbols.map(\.id))
      #expect(scanned.symbols.map(\.end) == heaped.symbols.map(\.end))
    }
  }

  /// Merging as the definition has it: the lowest rank anywhere, leftmost first, until none.
  @Test func mergingFollowsTheDefinition() {
    var random = SplitMix(seed: 2)
    for _ in 0..<300 {
      var table: [[Int32]: (rank: Int, result: Int32)] = [:]
      var merges = MergeTable(capacity: 1)
      for rank in 0..<20 {
        let pair = [Int32(random.next() % 8), Int32(random.next() % 8)]
        table[pair] = (rank, Int32(3 + rank % 6))
        merges.set(
          pair[0], pair[1], to: MergeTable.Merge(rank: UInt32(rank), result: Int32(3 + rank % 6)))
      }
      var scratch = MergeScratch()
      var ids = (0..<Int(random.next() % 20)).map { _ in Int32(random.next() % 3) }
      scratch.symbols = ids.map { BytePairEncoding.Symbol(id: $0, start: 0, end: 0) }
      scratch.mergeByScanning(merges)
      while let best = ids.indices.dropLast()
        .compactMap({ at in table[[ids[at], ids[at + 1]]].map { ($0.rank, at, $0.result) } })
        .min(by: { ($0.0, $0.1) < ($1.0, $1.1) })
      {
        ids.replaceSubrange(best.1...best.1 + 1, with: [best.2])
      }
      #expect(scratch.symbols.map(\.id) == ids)
    }
  }

  /// What was met before does not change what comes after, alone or from several threads.
  @Test(arguments: ["clip", "bpe-llama3", "sp-llama", "sp-gemma", "unigram-bytes"])
  func historyAndThreadsDoNotMatter(name: String) async throws {
    let shared = try GoldenTests.tokenizer(name)
    var random = SplitMix(seed: 3)
    let texts = (0..<60).map { _ in Self.text(&random) }
    let alone = try texts.map { try GoldenTests.tokenizer(name).encode($0) }
    try await withThrowingTaskGroup(of: [[Int32]].self) { group in
      for _ in 0..<4 { group.addTask { try texts.map { try shared.encode($0) } } }
      for try await together in group { #expect(together == alone) }
    }
  }

  /// Byte-level vocabularies lose nothing.
  @Test(arguments: ["bpe-gpt2", "bpe-llama3"])
  func byteLevelTextsSurvive(name: String) throws {
    let tokenizer = try GoldenTests.tokenizer(name)
    var random = SplitMix(seed: 4)
    for _ in 0..<300 {
      // The added tokens that take white space with them are left out.
      let text = Self.text(&random).replacingOccurrences(of: "<image>", with: "")
      let ids = try tokenizer.encode(text, addSpecialTokens: false)
      #expect(try tokenizer.decode(ids, skipSpecialTokens: false).utf8.elementsEqual(text.utf8))
    }
  }

  /// The cache forgets when it is full, and nothing changes.
  @Test func manyDifferentWordsDoNotConfuseTheCache() throws {
    let tokenizer = try GoldenTests.tokenizer("bpe-gpt2")
    let words = (0..<40_000).map { " w\($0)" }
    let first = try tokenizer.encode(words.joined())
    let again = try tokenizer.encode(words.joined())
    #expect(first == again)
    #expect(try first == words.flatMap { try tokenizer.encode($0) })
  }

  // MARK: Places

  @Test func placesNameTheWordsOfTheText() throws {
    let clip = try OlderFilesTests.clip()
    let text = "A photo  of Łódź 👍!"
    let tokens = try clip.encodeWithPlaces(text)
    #expect(tokens.first?.piece == "<|startoftext|>" && tokens.first?.word == nil)
    #expect(tokens.last?.piece == "<|endoftext|>" && tokens.last?.isSpecial == true)
    let inner = tokens.dropFirst().dropLast()
    #expect(inner.prefix(3).map(\.piece) == ["A", "photo", "of"])
    #expect(inner.prefix(3).map(\.word) == [0, 1, 2])
    // Every character of the text but the spaces is covered, in order.
    var covered = Set<Int>()
    for token in inner { covered.formUnion(token.range) }
    let spaces = Set(text.utf8.enumerated().filter { $0.element == 0x20 }.map(\.offset))
    #expect(covered == Set(0..<text.utf8.count).subtracting(spaces))
    #expect(inner.map(\.range.lowerBound) == inner.map(\.range.lowerBound).sorted())
  }

  @Test func placesSurviveNormalization() throws {
    let unigram = try GoldenTests.tokenizer("unigram")
    let tokens = try unigram.encodeWithPlaces("ﬁ  ㎏ <special> CAFÉ", addSpecialTokens: false)
    #expect(tokens.contains { $0.piece == "<special>" })
    // The ligature is one character of the text, whatever it was normalised to.
    #expect(tokens.filter { $0.piece.contains("ﬁ") }.allSatisfy { $0.range.lowerBound == 0 })
    let last = try #require(tokens.last)
    #expect(last.range.upperBound == "ﬁ  ㎏ <special> CAFÉ".utf8.count)
  }

  @Test func tokensAreReadable() throws {
    let gpt2 = try GoldenTests.tokenizer("bpe-gpt2")
    let space = try #require(gpt2.id(ofToken: "Ġa"))
    #expect(gpt2.token(space) == " a")
    let half = try #require(gpt2.id(ofToken: "í"))
    #expect(gpt2.token(half) == "<0xED>")
    let llama = try GoldenTests.tokenizer("sp-llama")
    #expect(llama.token(try #require(llama.id(ofToken: "▁a"))) == " a")
    #expect(llama.token(try #require(llama.id(ofToken: "<0x0A>"))) == "<0x0A>")
    #expect(llama.token(1) == "<s>" && llama.isSpecial(1))
  }
}
