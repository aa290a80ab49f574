import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Tokenizers

/// What the reference library learns from the same texts; see `Tests/Reference/make_training.py`.
@Suite struct BytePairTrainerTests {
  static let names = [
    "clip", "clip-every-pair", "clip-frequent-pairs", "clip-no-suffix", "clip-few-characters",
    "gpt2", "gpt2-suffix", "gpt2-few-characters", "odd-specials", "short-tokens", "pairs-only",
    "runs", "runs-suffix", "runs-short",
  ]

  static func manifest() throws -> JSONNode { try Fixture("tokenizer-training").manifest }

  static func row(_ name: String) throws -> JSONNode {
    let rows = try manifest().required("cases").elements()
    #expect(rows.count == names.count)
    return try #require(try rows.first { try $0.required("name").asString() == name })
  }

  static func corpus(_ row: JSONNode) throws -> [String] {
    try HardStringTests.strings(
      manifest().required("corpora").required(row.required("corpus").asString()))
  }

  static func trainer(_ row: JSONNode) throws -> BytePairTrainer {
    let style: Tokenizer.Style = try row.required("style").asString() == "clip" ? .clip : .gpt2
    var trainer = BytePairTrainer(
      style: style, vocabulary: try row.required("vocabulary").asInteger())
    trainer.minimumCount = try row.required("minimum_count").asInteger()
    trainer.endOfWord = try row.member("end_of_word")?.asString()
    trainer.specials = try HardStringTests.strings(row.required("specials"))
    trainer.alphabet = try row.required("all_bytes").asBool() ? .allBytes : .occurring
    trainer.lengthLimit = try row.member("length_limit")?.asInteger()
    return trainer
  }

  static func trained(_ name: String) throws -> TrainedTokenizer {
    let row = try row(name)
    return try trainer(row).train(on: corpus(row))
  }

  /// The merges of a file, each with a space between.
  static func merges(_ json: [UInt8]) throws -> [[UInt8]] {
    let document = try JSONDocument(bytes: json, source: "tokenizer.json")
    return try document.root.required("model").required("merges").elements().map { merge in
      Array(try merge.elements().map { Array(try $0.asUTF8()) }.joined(separator: [0x20]))
    }
  }

  // MARK: The reference

  @Test(arguments: names) func learnsWhatTheReferenceLearns(name: String) throws {
    let row = try Self.row(name)
    let trained = try Self.trained(name)
    let tokenizer = trained.tokenizer
    let tokens = try (0..<Int32(tokenizer.idEnd)).map { id in
      Array(try #require(tokenizer.spelling(id)).utf8)
    }
    let expectedTokens = try row.required("tokens").elements().map { Array(try $0.asUTF8()) }
    let expectedMerges = try row.required("merges").elements().map { Array(try $0.asUTF8()) }
    let merges = try Self.merges(trained.json)
    let firstMerge = zip(merges, expectedMerges).enumerated().first { $0.element.0 != $0.element.1 }
    #expect(firstMerge == nil && merges.count == expectedMerges.count)
    #expect(tokens == expectedTokens)
    // The whole file, every setting and escape of it.
    let file = try row.required("file").asString()
    #expect(HardStringTests.hash(trained.json.map { Int32($0) }) == file)
  }

  @Test func writesTheFileThatTheReferenceWrites() throws {
    let path = Fixture.root.appending(path: "tokenizer-training/tokenizer.json")
    let expected = try String(contentsOf: path, encoding: .utf8)
    let written = String(decoding: try Self.trained("clip").json, as: UTF8.self)
    let lines = zip(written.split(separator: "\n"), expected.split(separator: "\n"))
    let difference = lines.first { !$0.utf8.elementsEqual($1.utf8) }
    #expect(difference == nil)
    #expect(written.utf8.elementsEqual(expected.utf8))
  }

  @Test(arguments: ["clip", "gpt2"]) func encodesAsTheReferenceWhatItLearnt(name: String) throws {
    let tokenizer = try Self.trained(name).tokenizer
    let strings = try HardStringTests.strings(
      Fixture("hard-strings").manifest.required("strings"))
    let answers = try Self.row(name).required("ids").elements()
    #expect(strings.count == answers.count)
    for (text, answer) in zip(strings, answers) {
      try HardStringTests.check(tokenizer.encode(text), against: answer, text)
    }
  }

  // MARK: Properties

  @Test(arguments: ["clip", "runs-suffix"]) func theOrderOfTheTextsDoesNotMatter(
    name: String
  ) throws {
    let row = try Self.row(name)
    let (trainer, texts) = (try Self.trainer(row), try Self.corpus(row))
    let first = try trainer.train(on: texts).json
    #expect(try trainer.train(on: texts).json == first)
    #expect(try trainer.train(on: texts.reversed()).json == first)
  }

  @Test func wordsAreToldApartByTheirBytes() throws {
    var trainer = BytePairTrainer(style: .gpt2, vocabulary: 500)
    trainer.minimumCount = 1
    let (composed, decomposed) = ("\u{ac00}", "\u{1100}\u{1161}")
    #expect(composed == decomposed)
    let tokenizer = try trainer.train(on: [composed, decomposed, composed]).tokenizer
    let ids = try [tokenizer.encode(composed), tokenizer.encode(decomposed)]
    #expect(ids[0].count == 1 && ids[1].count == 1 && ids[0] != ids[1])
    // The bytes, and what makes one token of three of them and another of six.
    #expect(tokenizer.vocabularyCount == 256 + 2 + 5)
  }

  @Test func aBiggerVocabularyBeginsWithTheSmaller() throws {
    let texts = try Self.corpus(Self.row("clip"))
    let small = try Self.merges(BytePairTrainer.clip(vocabulary: 340).train(on: texts).json)
    let big = try Self.merges(BytePairTrainer.clip(vocabulary: 390).train(on: texts).json)
    #expect(big.count == small.count + 50 && Array(big.prefix(small.count)) == small)
  }

  @Test func piecesAreCutTogetherWhereTheirPlaceMatters() throws {
    let tokenizer = try HostileFileTests.load(
      HostileFileTests.file(
        """
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": true},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}]}
        """))
    var counts: [String: Int] = [:]
    try tokenizer.countWords(of: ["a1a", "a"]).forEach { word, count in
      counts[String(decoding: word, as: UTF8.self)] = count
    }
    #expect(counts == ["▁a": 2, "1": 1, "a": 1])
  }

  // MARK: Errors

  @Test func nothingToLearnFromIsAnError() {
    let message = "no word to learn from in 2 texts; give at least one that is not white space"
    #expect(Self.message(.clip(vocabulary: 500), ["", " \n\t"]) == message)
    #expect(Self.message(.clip(vocabulary: 500), []).hasPrefix("no word to learn from in 0 texts"))
  }

  @Test func aVocabularyWithoutRoomIsAnError() throws {
    // 256 bytes, and "a" and "b" at the end of a word.
    let message =
      "a vocabulary of 259 has no room for 2 special tokens and 258 characters; ask for at least 260"
    #expect(Self.message(.clip(vocabulary: 259), ["a ab"]) == message)
    #expect(Self.message(.clip(vocabulary: -1), ["a"]).hasPrefix("a vocabulary of -1 has no room"))
    let least = try BytePairTrainer.clip(vocabulary: 260).train(on: ["a ab"])
    #expect(try least.tokenizer.vocabularyCount == 260 && Self.merges(least.json).isEmpty)
  }

  @Test func settingsThatCannotBeAreErrors() {
    var trainer = BytePairTrainer.clip(vocabulary: 500)
    trainer.specials = ["<|startoftext|>"]
    #expect(
      Self.message(trainer, ["a"])
        == "BPE training: specials: CLIP's tokenizer needs <|endoftext|>; add it")
    trainer.specials = ["x", "<|endoftext|>", "x"]
    #expect(Self.message(trainer, ["a"]) == #"BPE training: specials: "x" is there twice"#)
    trainer.specials = [""]
    #expect(Self.message(trainer, ["a"]) == "BPE training: specials: a special token is empty")
    trainer = .clip(vocabulary: 500, minimumCount: -1)
    #expect(Self.message(trainer, ["a"]) == "BPE training: minimumCount: -1 is below 0")
    trainer = .clip(vocabulary: 500)
    trainer.lengthLimit = -2
    #expect(Self.message(trainer, ["a"]) == "BPE training: lengthLimit: -2 is below 0")
    trainer = .clip(vocabulary: Vocabulary.idLimit + 1)
    #expect(
      Self.message(trainer, ["a"])
        == "BPE training: vocabulary: 4194305 is beyond the limit of 4194304")
  }

  static func message(_ trainer: BytePairTrainer, _ texts: [String]) -> String {
    do {
      _ = try trainer.train(on: texts)
      return "trained"
    } catch { return "\(error)" }
  }
}
