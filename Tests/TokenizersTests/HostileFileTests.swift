import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Tokenizers

/// Files and texts made to break the reader: errors that name the place, never a crash.
@Suite struct HostileFileTests {
  static func load(_ json: String) throws -> Tokenizer {
    try Tokenizer(tokenizerJSON: Array(json.utf8), source: "t.json")
  }

  /// A tokenizer file with a vocabulary of five tokens and other parts as given.
  static func file(_ parts: String, model: String = "") -> String {
    let own = model.isEmpty ? "" : ", " + model
    let rest = parts.isEmpty ? "" : ", " + parts
    return """
      {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<s>": 3, "c": 4},
      "merges": ["a b"]\(own)}\(rest)}
      """
  }

  static func message(_ json: String) -> String {
    do {
      _ = try load(json)
      return "loaded"
    } catch { return "\(error)" }
  }

  @Test func unknownSettingsAreNamed() {
    let cases = [
      (
        #""normalizer": {"type": "Rot13"}"#, #"t.json: $.normalizer.type: "Rot13" is not supported"#
      ),
      (#""pre_tokenizer": {"type": "Bert"}"#, #"$.pre_tokenizer.type: "Bert" is not supported"#),
      (#""decoder": {"type": "CTC"}"#, #"$.decoder.type: "CTC" is not supported"#),
      (#""post_processor": {"type": "X"}"#, #"$.post_processor.type: "X" is not supported"#),
      (#""version": "2.0""#, #"$.version: "2.0" is not supported; supported: 1.0"#),
      (#""colour": 1"#, "$.colour: this setting is not supported"),
      (#""normalizer": {"type": "NFC", "x": 1}"#, "$.normalizer.x: this setting is not supported"),
      (
        #""pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Eaten"}"#,
        #"$.pre_tokenizer.behavior: "Eaten" is not supported; supported: Removed, Isolated"#
      ),
      (
        #""pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "last"}"#,
        #"$.pre_tokenizer.prepend_scheme: "last" is not supported; supported: always, never, first"#
      ),
      (
        """
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first",
        "add_prefix_space": false}
        """,
        #"false contradicts prepend_scheme "first""#
      ),
      (#""truncation": {"max_length": 3, "strategy": "Half"}"#, #"$.truncation.strategy: "Half""#),
      (#""padding": {"strategy": "Wide", "pad_id": 0}"#, #"$.padding.strategy: "Wide""#),
      (
        #""padding": {"strategy": "BatchLongest", "pad_id": -1}"#, "$.padding.pad_id: -1 is below 0"
      ),
    ]
    for (parts, expected) in cases {
      let message = Self.message(Self.file(parts))
      #expect(message.contains(expected), "\(message)")
    }
    let dropout = Self.message(Self.file("", model: #""dropout": 0.1"#))
    #expect(dropout == #"t.json: $.model.dropout: "0.1" is not supported; supported: null, 0"#)
    #expect(Self.message(Self.file("", model: #""dropout": 0.0"#)) == "loaded")
    #expect(Self.message(#"{"model": {"type": "WordPiece", "vocab": {}}}"#).contains("WordPiece"))
  }

  @Test func contradictionsAreNamed() {
    let cases = [
      (
        #"{"model": {"vocab": {"a": 0, "b": 0}, "merges": []}}"#, #""b" or its id 0 is there twice"#
      ),
      (#"{"model": {"vocab": {"a": -1}, "merges": []}}"#, "-1 is below 0"),
      (#"{"model": {"vocab": {"a": 99999999}, "merges": []}}"#, "is beyond the limit of 4194303"),
      (#"{"model": {"vocab": {"a": 9223372036854775807}, "merges": []}}"#, "is beyond the limit"),
      (
        #"{"model": {"vocab": {"a": 92233720368547758070}, "merges": []}}"#,
        "expected an integer, found real"
      ),
      (#"{"model": {"vocab": {"a": 0, "a": 1}, "merges": []}}"#, "not valid JSON"),
      (#"{"model": {"vocab": {"a": 0.5}, "merges": []}}"#, "expected an integer, found real"),
      (#"{"model": {"vocab": [], "merges": []}}"#, "expected an object of tokens, found array"),
      (
        #"{"model": {"vocab": {"a": 0}, "merges": ["a q"]}}"#,
        #"$.model.merges[0]: the merge names "q""#
      ),
      (#"{"model": {"vocab": {"a": 0}, "merges": ["a a"]}}"#, #"the merge names "aa""#),
      (#"{"model": {"vocab": {"a": 0}, "merges": [["a"]]}}"#, "$.model.merges[0]: a merge has two"),
      (#"{"model": {"vocab": {"a": 0}, "merges": ["aa"]}}"#, "is not two tokens with a space"),
      (#"{"model": {"vocab": {"a": 0}, "merges": [7]}}"#, "expected a string, found integer"),
      (#"{"model": {"vocab": {"a": 0}}}"#, "expected an array, found object"),
      (#"{"model": {"type": "Unigram", "vocab": [["a", 0], ["a", 1]]}}"#, "is there twice"),
      (
        #"{"model": {"type": "Unigram", "vocab": [["a", "b"]]}}"#, "expected a number, found string"
      ),
      (#"{"model": {"type": "Unigram", "vocab": [["a"]]}}"#, "a piece has a text and a score"),
      (
        #"{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1}}"#,
        "beyond the limit of 0"
      ),
      (#"{"model": {"type": "Unigram", "vocab": [], "unk_id": 0}}"#, "the vocabulary is empty"),
      (Self.file(#""added_tokens": [{"id": 1, "content": "a"}]"#), "the model's vocabulary says 0"),
      (Self.file(#""added_tokens": [{"id": 0, "content": "z"}]"#), "belongs to another token"),
      (Self.file(#""added_tokens": [{"id": 9, "content": ""}]"#), "the content is empty"),
      (
        Self.file(#""added_tokens": [{"id": 9, "content": "z"}, {"id": 9, "content": "y"}]"#),
        "same id"
      ),
      (Self.file(#""added_tokens": [{"id": 4194304, "content": "z"}]"#), "beyond the limit"),
      (
        Self.file(
          #""post_processor": {"type": "BertProcessing", "sep": ["x", 77], "cls": ["x", 0]}"#),
        "no token has the id 77"
      ),
      (
        Self.file(
          #""post_processor": {"type": "TemplateProcessing","#
            + #" "single": [{"Sequence": {"id": "B"}}]}"#
        ), #""B" is not supported"#
      ),
      (
        Self.file(
          #""post_processor": {"type": "TemplateProcessing","#
            + #" "single": [{"SpecialToken": {"id": "q"}}]}"#
        ), "not among the special_tokens"
      ),
      (
        Self.file(
          #""post_processor": {"type": "TemplateProcessing","#
            + #" "single": [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "A"}}]}"#
        ), "repeats the text 2 times"
      ),
      (
        Self.file(
          #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}"#
        ), #"the regular expression "(a" is not valid: end pattern with unmatched parenthesis"#
      ),
      (
        Self.file(#""normalizer": {"type": "Precompiled", "precompiled_charsmap": "????"}"#),
        "compiled character map"
      ),
      (
        Self.file(#""decoder": {"type": "Strip", "content": "ab", "start": 0, "stop": 0}"#),
        "is not one character"
      ),
      ("", "the text is empty"), ("[]", "expected an object"),
      ("{}", #"the key "model" is missing"#),
      (Self.file("").dropLast(4) + "", "not valid JSON"),
    ]
    for (json, expected) in cases {
      let message = Self.message(json)
      #expect(message.contains(expected), "\(message)")
    }
    #expect(throws: TokenizerError.self) {
      try Tokenizer(tokenizerJSON: Array(#"{"model": ""#.utf8) + [0xFF, 0xFE], source: "t.json")
    }
  }

  @Test func nestingAndRepetitionAreLimited() {
    func nested(_ depth: Int) -> String {
      String(repeating: #"{"type": "Sequence", "normalizers": ["#, count: depth)
        + #"{"type": "NFC"}"# + String(repeating: "]}", count: depth)
    }
    #expect(Self.message(Self.file("\"normalizer\": \(nested(3))")) == "loaded")
    #expect(Self.message(Self.file("\"normalizer\": \(nested(30))")).contains("limit of 16"))
    #expect(Self.message(Self.file("\"normalizer\": \(nested(5000))")).contains("not valid JSON"))
    // Sequences of sequences stay within each limit and still make thousands of steps.
    let four = Array(repeating: #"{"type": "Digits"}"#, count: 4).joined(separator: ", ")
    let wide = "{\"type\": \"Sequence\", \"pretokenizers\": [\(four)]}"
    let all = Array(repeating: wide, count: 60).joined(separator: ", ")
    let flat = "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [\(all)]}"
    #expect(Self.message(Self.file(flat)).contains("240 is beyond the limit of 128"))
    let name = String(repeating: "x", count: 5000)
    let token = "\"added_tokens\": [{\"id\": 9, \"content\": \"\(name)\"}]"
    #expect(Self.message(Self.file(token)).contains("5000 is beyond the limit of 4096"))
    let steps = Array(repeating: #"{"type": "NFC"}"#, count: 65).joined(separator: ", ")
    let long = "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [\(steps)]}"
    #expect(Self.message(Self.file(long)).contains("65 is beyond the limit of 64"))
  }

  /// Sixty doublings would need more memory than there is.
  @Test func growingTextsAreStopped() throws {
    let double = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaa"}"#
    let steps = Array(repeating: double, count: 20).joined(separator: ", ")
    let tokenizer = try Self.load(
      Self.file("\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [\(steps)]}"))
    #expect(throws: TokenizerError.self) { try tokenizer.encode("aaaa") }
    #expect(try tokenizer.encode("b") == [1])
  }

  /// Each of these tokens takes all the white space around it: a million steps, not their square.
  @Test func addedTokensOfWhiteSpaceAreFoundOnce() throws {
    let tokenizer = try Self.load(
      Self.file(
        #""added_tokens": [{"id": 9, "content": " ", "lstrip": true, "rstrip": true}]"#))
    let text = String(repeating: " ", count: 1_000_000) + "a"
    let ids = try tokenizer.encode(text)
    #expect(ids.count == 1_000_001 && ids[0] == 9 && ids.last == 0)
  }

  @Test func endlessBacktrackingIsStopped() throws {
    let patterns = ["(a+)+$", "(a|a)*c", "(?:a*)*b", #"(a\g<0>?)*c"#, "(.*)*x", #"^(a+)+\1$"#]
    let text = String(repeating: "a", count: 40) + "!"
    for pattern in patterns {
      let json = Self.file(
        """
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": \(pattern.debugDescription)},
        "behavior": "Isolated"}
        """, model: #""unk_token": "<s>""#)
      // Either the engine sees through the pattern, or it is stopped with an error.
      guard let tokenizer = try? Self.load(json) else { continue }
      do { #expect(try tokenizer.encode(text).count > 0) } catch {
        guard case TokenizerError.patternGaveUp(pattern, _) = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    // The "c" that the pattern needs is there, but out of reach, along a Fibonacci number of ways.
    let tokenizer = try Self.load(
      Self.file(
        #""normalizer": {"type": "Replace", "pattern": {"Regex": "(a|b|ab)*c"}, "content": ""}"#))
    do {
      _ = try tokenizer.encode(String(repeating: "ab", count: 60) + "!c")
      Issue.record("the search ended")
    } catch {
      #expect("\(error)".contains("\"(a|b|ab)*c\" was stopped on this text: retry-limit-in-match"))
    }
  }

  /// `\K` in a look-ahead makes Oniguruma report a match that ends before it starts.
  @Test func matchesThatRunBackwardsAreErrors() throws {
    let tokenizer = try Self.load(
      Self.file(
        #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?=ab\\K)"},"#
          + #" "behavior": "Isolated"}"#
      ))
    do {
      #expect(try tokenizer.encode("cabc") == [4, 2, 4])
    } catch {
      #expect("\(error)".contains("its match ends before it starts"))
    }
  }

  @Test func missingUnknownTokensAreErrors() throws {
    let unigram = try Self.load(#"{"model": {"type": "Unigram", "vocab": [["a", -1.0]]}}"#)
    #expect(try unigram.encode("aa") == [0, 0])
    #expect(throws: TokenizerError.noUnknownToken(model: "Unigram", setting: "unk_id")) {
      try unigram.encode("ab")
    }
    let pairs = try Self.load(Self.file("", model: #""unk_token": "?""#))
    #expect(throws: TokenizerError.noUnknownToken(model: "BPE", setting: "unk_token")) {
      try pairs.encode("z")
    }
    #expect(try Self.load(Self.file("")).encode("za") == [0])
  }

  @Test func strangeIDsDecodeToNothing() throws {
    let tokenizer = try Self.load(Self.file(#""decoder": {"type": "Fuse"}"#))
    #expect(try tokenizer.decode([0, -1, .max, .min, 99, 1]) == "ab")
    #expect(try tokenizer.decode([]) == "")
    #expect(tokenizer.token(-1) == nil && tokenizer.token(.max) == nil)
    #expect(tokenizer.spelling(5) == nil && tokenizer.id(ofToken: "nothing") == nil)
  }

  /// Thousands of damaged files: each loads or throws, and what loads encodes or throws.
  @Test(arguments: GoldenTests.names) func mutatedFilesNeverCrash(name: String) throws {
    let path = Fixture.root.appending(path: "tokenizers/\(name)/tokenizer.json")
    let original = Array(try Data(contentsOf: path))
    var random = SplitMix(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let tokens = [
      "null", "true", "-1", "0", "4194303", "99999999999", "\"\"", "[]", "{}", "\"\\u0000\"",
      "1e308",
      "\"Regex\"", "\"String\"", "\"Sequence\"", "\"BPE\"", "\"Unigram\"", "\"▁\"", "\"(a|b)*\"",
    ].map { Array($0.utf8) }
    var loaded = 0
    for round in 0..<Mutations.count(600) {
      var bytes = original
      // The settings stand before the vocabulary: most damage goes there.
      let span = round % 3 == 0 ? bytes.count : min(bytes.count, 3000)
      for _ in 0...Int(random.next() % 2) {
        let at = Int(random.next() % UInt64(span))
        switch random.next() % 5 {
        case 0: bytes[min(at, bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
        case 1:
          bytes.removeSubrange(
            min(at, bytes.count - 1)..<min(at + 1 + Int(random.next() % 4), bytes.count))
        case 2: bytes.removeSubrange(min(at, bytes.count - 1)...)
        default:
          // Replace a whole value, so that many of the files stay valid JSON.
          guard let colon = bytes[min(at, bytes.count - 1)...].firstIndex(of: 0x3A),
            let end = bytes[colon...].firstIndex(where: { $0 == 0x2C || $0 == 0x7D })
          else { continue }
          bytes.replaceSubrange(
            colon + 1..<end, with: tokens[Int(random.next() % UInt64(tokens.count))])
        }
        if bytes.isEmpty { bytes = [0x20] }
      }
      guard let tokenizer = try? Tokenizer(tokenizerJSON: bytes, source: name) else { continue }
      loaded += 1
      for text in ["a photo <image> of 고양이 👍🏽 <|endoftext|> e\u{301}\n", "", " x", "\u{10FFFF}"] {
        guard let ids = try? tokenizer.encode(text, length: .declared) else { continue }
        #expect((try? tokenizer.encodeWithPlaces(text, length: .declared).map(\.id)) == ids)
        _ = try? tokenizer.decode(ids, skipSpecialTokens: false)
        // An absurd declared padding length is the file's own; do not build it here.
        if (tokenizer.padding?.fixedLength ?? 0) < 10_000 { _ = tokenizer.pad(ids) }
        #expect(ids.allSatisfy { tokenizer.token($0) != nil })
      }
    }
    // The damage must not all be found by the JSON parser.
    #expect(loaded > 20)
  }
}
