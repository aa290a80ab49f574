import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Tokenizers

/// What the reference library makes of hostile strings; see `Tests/Reference/make_hard_strings.py`.
@Suite struct HardStringTests {
  static let names = GoldenTests.names + ["emoji", "clip-merges"]
  static let folder = Fixture.root.appending(path: "hard-strings")

  static func bytes(_ file: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: file)))
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    switch name {
    case "emoji":
      try Tokenizer(tokenizerJSON: bytes("emoji/tokenizer.json"), source: "emoji")
    case "clip-merges": try Tokenizer(clipMerges: bytes("clip-merges.txt"))
    default: try GoldenTests.tokenizer(name)
    }
  }

  static func strings(_ node: JSONNode) throws -> [String] {
    try node.elements().map { try $0.asString() }
  }

  static func integers(_ node: JSONNode) throws -> [Int32] {
    try node.elements().map { Int32(try $0.asInteger()) }
  }

  /// FNV-1a over the ids as little-endian 32-bit integers.
  static func hash(_ ids: [Int32]) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for id in ids {
      for shift in stride(from: 0, to: 32, by: 8) {
        value = (value ^ UInt64(UInt8(truncatingIfNeeded: id >> shift))) &* 0x100_0000_01b3
      }
    }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func check(_ ids: [Int32], against expected: JSONNode, _ text: String) throws {
    let excerpt = String(text.unicodeScalars.prefix(60).map { Character($0) }).debugDescription
    if expected.kind == .array {
      #expect(try ids == integers(expected), "\(excerpt)")
    } else {
      #expect(try ids.count == expected.required("count").asInteger(), "\(excerpt)")
      #expect(try hash(ids) == expected.required("fnv1a").asString(), "\(excerpt)")
    }
  }

  @Test(arguments: names) func encodesHardStringsAsTheReference(name: String) throws {
    let manifest = try Fixture("hard-strings").manifest
    let tokenizer = try Self.tokenizer(name)
    let expected = try manifest.required("expected").required(name)
    let strings = try Self.strings(manifest.required("strings"))
    let answers = try expected.required("strings").elements()
    #expect(strings.count == answers.count && strings.count > 100)
    for (text, answer) in zip(strings, answers) {
      try Self.check(try tokenizer.encode(text), against: answer, text)
      #expect(try tokenizer.encodeWithPlaces(text).map(\.id) == tokenizer.encode(text))
    }
    let long = try manifest.required("long").elements()
    for (row, answer) in zip(long, try expected.required("long").elements()) {
      let parts = try row.elements()
      let text = String(repeating: try parts[0].asString(), count: try parts[1].asInteger())
      try Self.check(try tokenizer.encode(text), against: answer, text)
    }
  }

  /// One setting changed at a time, over every normaliser, pre-tokenizer, decoder and added-token
  /// flag that is supported.
  @Test func everySettingActsAsInTheReference() throws {
    let tiny = try Fixture("hard-strings").manifest.required("tiny")
    let model = try tiny.required("model").asString()
    let strings = try Self.strings(tiny.required("strings"))
    let variants = try tiny.required("variants").elements()
    #expect(variants.count > 60)
    for variant in variants {
      let name = try variant.required("name").asString()
      let file = try Self.file(
        model, parts: variant.required("parts").asString(),
        changes: variant.required("model").asString())
      let tokenizer = try Tokenizer(tokenizerJSON: Array(file.utf8), source: name)
      let ids = try variant.required("ids").elements()
      let masks = try variant.required("mask").elements()
      let texts = try variant.required("decoded").elements()
      for (index, text) in strings.enumerated() {
        let encoded = tokenizer.pad(try tokenizer.encode(text, length: .declared))
        let label: Comment = "\(name): \(text.debugDescription)"
        #expect(try encoded.ids == Self.integers(ids[index]), label)
        #expect(try encoded.mask.map { $0 ? 1 : 0 } == Self.integers(masks[index]), label)
        guard texts[index].kind == .string else { continue }
        let decoded = try tokenizer.decode(encoded.ids, skipSpecialTokens: false)
        #expect(try Array(decoded.utf8) == Array(texts[index].asUTF8()), label)
      }
    }
  }

  /// A tokenizer file from the shared model, settings of the model that differ, and other parts.
  static func file(_ model: String, parts: String, changes: String) throws -> String {
    var model = model
    let changes = try JSONDocument(bytes: Array(changes.utf8), source: "changes").root
    for key in try changes.keys() {
      let value: String
      switch try changes.member(key)?.kind {
      case .boolean: value = try changes.required(key).asBool() ? "true" : "false"
      case .string: value = "\"\(try changes.required(key).asString())\""
      default: value = "null"
      }
      for old in ["\"<unk>\"", "true", "false"] {
        model = model.replacingOccurrences(of: "\"\(key)\": \(old), ", with: "")
        model = model.replacingOccurrences(of: ", \"\(key)\": \(old)}", with: "}")
      }
      model = "{\"\(key)\": \(value), " + model.dropFirst()
    }
    let rest = parts.dropFirst()
    return "{\"version\": \"1.0\", \"model\": \(model), \(rest)"
  }
}
