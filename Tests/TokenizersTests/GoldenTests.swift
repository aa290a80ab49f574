import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Tokenizers

/// Ids and texts that the reference library gave for strings that have broken tokenizers.
@Suite struct GoldenTests {
  static let names = [
    "clip", "bpe-gpt2", "bpe-llama3", "sp-llama", "sp-llama-legacy", "sp-gemma", "unigram",
    "unigram-bytes",
  ]

  static func tokenizer(_ name: String) throws -> Tokenizer {
    let path = Fixture.root.appending(path: "tokenizers/\(name)/tokenizer.json")
    return try Tokenizer(tokenizerJSON: Array(Data(contentsOf: path)), source: name)
  }

  /// One row of `strings.json` with its expected ids.
  struct Row {
    var text: String
    var ids: [Int32]
    var bare: [Int32]
    var decoded: String
    var decodedWithSpecial: String
  }

  static func rows(_ name: String) throws -> [Row] {
    let fixture = try Fixture("tokenizers")
    let expected = try fixture.expected()
    func lists(_ key: String) throws -> [[Int32]] {
      let flat = try #require(expected["\(name)/\(key)"]).integers
      var position = 0
      return try #require(expected["\(name)/\(key)_lengths"]).integers.map { count in
        defer { position += count }
        return flat[position..<position + count].map { Int32($0) }
      }
    }
    let strings = try JSONDocument(
      bytes: Array(Data(contentsOf: fixture.folder.appending(path: "\(name)/strings.json"))),
      source: name)
    let (ids, bare) = (try lists("ids"), try lists("bare"))
    return try strings.root.elements().enumerated().map { index, row in
      Row(
        text: try row.required("text").asString(), ids: ids[index], bare: bare[index],
        decoded: try row.required("decoded").asString(),
        decodedWithSpecial: try row.required("decoded_with_special").asString())
    }
  }

  @Test(arguments: names) func encodesAsTheReference(name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    let rows = try Self.rows(name)
    #expect(rows.count > 40)
    // Twice, so that the second time words come out of the cache.
    for row in rows + rows {
      #expect(try tokenizer.encode(row.text) == row.ids, "\(row.text.debugDescription)")
      #expect(
        try tokenizer.encode(row.text, addSpecialTokens: false) == row.bare,
        "\(row.text.debugDescription)")
    }
  }

  @Test(arguments: names) func decodesAsTheReference(name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    for row in try Self.rows(name) {
      let plain = try tokenizer.decode(row.ids, skipSpecialTokens: true)
      let full = try tokenizer.decode(row.ids, skipSpecialTokens: false)
      #expect(Array(plain.utf8) == Array(row.decoded.utf8))
      #expect(Array(full.utf8) == Array(row.decodedWithSpecial.utf8))
    }
  }

  @Test(arguments: names) func placesTokensWithTheSameIDs(name: String) throws {
    let tokenizer = try Self.tokenizer(name)
    for row in try Self.rows(name) {
      let tokens = try tokenizer.encodeWithPlaces(row.text)
      #expect(tokens.map(\.id) == row.ids)
      let utf8 = Array(row.text.utf8)
      for token in tokens {
        #expect(token.range.upperBound <= utf8.count)
        if !token.range.isEmpty {
          #expect(Array(token.piece.utf8) == Array(utf8[token.range]))
        }
      }
    }
  }

  @Test func countsTheVocabularyAsTheReference() throws {
    let checks = try Fixture("tokenizers").manifest.required("checks")
    for name in Self.names {
      let tokenizer = try Self.tokenizer(name)
      let expected = try checks.required(name).required("vocabulary").asInteger()
      #expect(tokenizer.vocabularyCount == expected)
      for id in 0..<Int32(tokenizer.idEnd) {
        let spelling = try #require(tokenizer.spelling(id))
        #expect(tokenizer.id(ofToken: spelling) == id)
      }
    }
  }
}
