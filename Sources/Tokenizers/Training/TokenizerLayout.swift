import JSONDocuments

/// The `tokenizer.json` around a vocabulary that is learnt.
struct TokenizerLayout {
  /// What errors call the training and the file that it makes.
  static let source = "BPE training"
  static let start = "<|startoftext|>"
  static let end = "<|endoftext|>"

  let style: Tokenizer.Style
  /// The special tokens; their ids are their places.
  let specials: [String]
  let endOfWord: String?

  /// - Throws: ``TokenizerError`` if the reader refuses a special token, as one that is too long.
  func tokenizer(_ json: [UInt8]) throws(TokenizerError) -> Tokenizer {
    try Tokenizer(tokenizerJSON: json, source: Self.source)
  }

  /// The whole file.
  func json(tokens: Vocabulary, merges: [TokenPair]) -> [UInt8] {
    let file: JSONValue = [
      "version": "1.0",
      "truncation": nil,
      "padding": nil,
      "added_tokens": addedTokens,
      "normalizer": normalizer,
      "pre_tokenizer": preTokenizer,
      "post_processor": postProcessor,
      "decoder": Self.byteLevel(addsPrefixSpace: true),
      "model": model(tokens, merges),
    ]
    return Array(file.text(indentation: 2).utf8)
  }

  private var addedTokens: JSONValue {
    .array(
      specials.enumerated().map { id, content in
        [
          "id": .integer(id), "content": .string(content), "single_word": false,
          "lstrip": false, "rstrip": false, "normalized": false, "special": true,
        ]
      })
  }

  // MARK: The steps

  private var normalizer: JSONValue {
    switch style {
    case .clip:
      [
        "type": "Sequence",
        "normalizers": [
          ["type": "NFC"],
          ["type": "Replace", "pattern": ["Regex": #"\s+"#], "content": " "],
          ["type": "Lowercase"],
        ],
      ]
    case .gpt2: nil
    }
  }

  private var preTokenizer: JSONValue {
    let bytes = Self.byteLevel(addsPrefixSpace: false)
    switch style {
    case .clip:
      let words: JSONValue = [
        "type": "Split", "pattern": ["Regex": .string(TokenizerParts.clipWordPattern)],
        "behavior": "Removed", "invert": true,
      ]
      return ["type": "Sequence", "pretokenizers": [words, bytes]]
    case .gpt2: return bytes
    }
  }

  private static func byteLevel(addsPrefixSpace: Bool) -> JSONValue {
    [
      "type": "ByteLevel", "add_prefix_space": .boolean(addsPrefixSpace), "trim_offsets": true,
      "use_regex": true,
    ]
  }

  private var postProcessor: JSONValue {
    guard style == .clip else { return nil }
    func special(_ name: String) -> JSONValue {
      ["SpecialToken": ["id": .string(name), "type_id": 0]]
    }
    func text(_ name: String, type: Int) -> JSONValue {
      ["Sequence": ["id": .string(name), "type_id": .integer(type)]]
    }
    // In the order in which the library writes them, that of their names.
    let used = [Self.end, Self.start].map { name in
      let id = specials.firstIndex(of: name) ?? 0
      let token: JSONValue = [
        "id": .string(name), "ids": [.integer(id)], "tokens": [.string(name)],
      ]
      return (key: name, value: token)
    }
    return [
      "type": "TemplateProcessing",
      "single": [special(Self.start), text("A", type: 0), special(Self.end)],
      "pair": [text("A", type: 0), text("B", type: 1)],
      "special_tokens": .object(used),
    ]
  }

  // MARK: The model

  private func model(_ tokens: Vocabulary, _ merges: [TokenPair]) -> JSONValue {
    let names = (0..<Int32(tokens.idEnd)).map { id in
      String(decoding: tokens[id] ?? [], as: UTF8.self)
    }
    let ids = names.enumerated().map { id, name in (key: name, value: JSONValue.integer(id)) }
    let pairs = merges.map { pair -> JSONValue in
      [.string(names[Int(pair.left)]), .string(names[Int(pair.right)])]
    }
    let suffix = endOfWord.flatMap { $0.isEmpty ? nil : JSONValue.string($0) }
    return [
      "type": "BPE",
      "dropout": nil,
      "unk_token": style == .clip ? .string(Self.end) : nil,
      "continuing_subword_prefix": nil,
      "end_of_word_suffix": suffix ?? nil,
      "fuse_unk": false,
      "byte_fallback": false,
      "ignore_merges": false,
      "vocab": .object(ids),
      "merges": .array(pairs),
    ]
  }
}
