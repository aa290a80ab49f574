import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Tokenizers

@Suite struct OlderFilesTests {
  static func clip() throws -> Tokenizer { try HardStringTests.tokenizer("clip-merges") }

  /// Ids that OpenAI's published vocabulary gives.
  @Test func clipMergesGiveThePublishedIDs() throws {
    let clip = try Self.clip()
    #expect(clip.vocabularyCount == 49_408)
    #expect(clip.idEnd == 49_408)
    #expect(try clip.encode("a photo of a cat") == [49406, 320, 1125, 539, 320, 2368, 49407])
    #expect(try clip.encode("dog", addSpecialTokens: false) == [1929])
    #expect(try clip.encode("a diagram", addSpecialTokens: false) == [320, 22697])
    #expect(try clip.encode("Hello & world", addSpecialTokens: false) == [3306, 261, 1002])
    #expect(clip.id(ofToken: "<|endoftext|>") == 49407)
    #expect(clip.token(2368) == "cat")
    #expect(clip.spelling(2368) == "cat</w>")
    #expect(try clip.decode([49406, 320, 1125, 539, 320, 2368, 49407]) == "a photo of a cat")
  }

  @Test func clipTextIsCutToALengthWithItsEndKept() throws {
    let clip = try Self.clip()
    let text = String(repeating: "cat ", count: 100)
    let ids = try clip.encode(text, length: .atMost(77))
    #expect(ids.count == 77)
    #expect(ids.first == 49406 && ids.last == 49407)
    #expect(ids[1..<76].allSatisfy { $0 == 2368 })
    #expect(try clip.encode("cat", length: .atMost(77)) == [49406, 2368, 49407])
    let padded = clip.pad([49406, 2368, 49407], to: 5)
    #expect(padded.ids == [49406, 2368, 49407, 49407, 49407])
    #expect(padded.mask == [true, true, true, false, false])
    #expect(throws: TokenizerError.noRoom(length: 1, specialTokens: 2)) {
      try clip.encode("cat", length: .atMost(1))
    }
  }

  /// `vocab.json` and `merges.txt` hold what `tokenizer.json` holds.
  @Test(arguments: [("clip", Tokenizer.Style.clip), ("bpe-gpt2", .gpt2)])
  func vocabularyAndMergesGiveTheSameIDs(name: String, style: Tokenizer.Style) throws {
    let path = Fixture.root.appending(path: "tokenizers/\(name)/tokenizer.json")
    let model = try JSONDocument(bytes: Array(Data(contentsOf: path)), source: name)
      .root.required("model")
    var vocabulary: [String] = []
    try model.required("vocab").forEachMember { key, id in
      let token = String(
        decoding: try JSONEncoder().encode(String(decoding: key, as: UTF8.self)), as: UTF8.self)
      vocabulary.append("\(token): \(try id.asInteger())")
    }
    let merges = try model.required("merges").elements().map { pair in
      try pair.elements().map { try $0.asString() }.joined(separator: " ")
    }
    for ending in ["\n", "\r\n"] {
      let tokenizer = try Tokenizer(
        vocabJSON: Array("{\(vocabulary.joined(separator: ", "))}".utf8),
        merges: Array((["#version: 0.2"] + merges + [""]).joined(separator: ending).utf8),
        style: style)
      let added = ["<image>", "<special>", "<|endoftext|>", "<|startoftext|>"]
      for row in try GoldenTests.rows(name)
      where style == .clip || !added.contains(where: { row.text.contains($0) }) {
        #expect(try tokenizer.encode(row.text) == row.ids, "\(row.text.debugDescription)")
      }
    }
  }

  @Test func brokenFilesAreNamedWithTheirLine() throws {
    let vocabulary = Array(#"{"a": 0, "b": 1, "ab": 2}"#.utf8)
    func load(_ merges: String, style: Tokenizer.Style = .gpt2) throws -> Tokenizer {
      try Tokenizer(vocabJSON: vocabulary, merges: Array(merges.utf8), style: style)
    }
    #expect(try load("#version: 0.2\na b\n").encode("ab") == [2])
    #expect(
      throws: TokenizerError.mergesLine(
        source: "merges.txt", line: 2,
        problem: "the merge names \"c\", which the vocabulary lacks")
    ) { try load("a b\nb c\n") }
    #expect(
      throws: TokenizerError.mergesLine(
        source: "merges.txt", line: 1,
        problem: "\"a b c\" is not two tokens with a space between")
    ) { try load("a b c\n") }
    #expect(throws: TokenizerError.self) { try load("a b\n", style: .clip) }
    #expect(throws: TokenizerError.self) { try Tokenizer(clipMerges: Array("header\na b\n".utf8)) }
    #expect(throws: TokenizerError.self) { try Tokenizer(clipMerges: []) }
    #expect(throws: TokenizerError.self) {
      try Tokenizer(clipMerges: [UInt8](repeating: 0x0A, count: 60_000))
    }
    let notText = try HardStringTests.bytes("clip-merges.txt") + [0xF0, 0x0A]
    #expect(
      throws: TokenizerError.invalid(
        source: "bpe_simple_vocab_16e6.txt", path: "$", problem: "the text is not UTF-8")
    ) { try Tokenizer(clipMerges: notText) }
  }
}
