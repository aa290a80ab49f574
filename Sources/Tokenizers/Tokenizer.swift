import JSONDocuments

/// Text to token ids and back, as a checkpoint's `tokenizer.json` (or its older files) describe it.
///
/// Gives the ids of the Hugging Face `tokenizers` library, down to its Unicode versions. A text
/// passes through: added tokens that are searched as they stand; the normaliser; added tokens that
/// are searched normalised; the pre-tokenizer, which cuts words; the model (byte-pair encoding or
/// unigram), which cuts tokens; and the post-processor, which adds special tokens around them.
///
///     let tokenizer = try Tokenizer(tokenizerJSON: bytes, source: "tokenizer.json")
///     try tokenizer.encode("a photo of a cat")  // 49406 320 1125 539 320 2368 49407 for CLIP
///
/// Safe to use from several threads at once; each call has its own memory and word cache.
package final class Tokenizer: Sendable {
  let parts: TokenizerParts
  let workspaces = WorkspacePool()
  /// The step of the pre-tokenizer at whose pieces results are remembered.
  let cachedStep: Int
  /// Whether a step from `cachedStep` on treats the beginning of the text differently.
  let cacheDependsOnPlace: Bool

  init(_ parts: TokenizerParts) {
    self.parts = parts
    let firstSplit = parts.preTokenizer.firstIndex { if case .split = $0 { true } else { false } }
    let cachedStep = firstSplit.map { $0 + 1 } ?? 0
    self.cachedStep = cachedStep
    cacheDependsOnPlace = parts.preTokenizer[cachedStep...].contains { $0.dependsOnPlace }
  }

  /// Reads a `tokenizer.json`.
  ///
  /// - Parameter source: what errors call the file.
  /// - Throws: ``TokenizerError`` for a file that is damaged, contradicts itself or asks for
  ///   something that is not implemented: nothing in the file is ignored.
  package convenience init(
    tokenizerJSON bytes: UnsafeRawBufferPointer, source: String
  ) throws(TokenizerError) {
    let document: JSONDocument
    do { document = try JSONDocument(bytes: bytes, source: source) } catch { throw .json(error) }
    self.init(try TokenizerFile(document).parts())
  }

  package convenience init(tokenizerJSON bytes: [UInt8], source: String) throws(TokenizerError) {
    let document: JSONDocument
    do { document = try JSONDocument(bytes: bytes, source: source) } catch { throw .json(error) }
    self.init(try TokenizerFile(document).parts())
  }

  // MARK: The vocabulary

  /// How many tokens there are, added ones included.
  package var vocabularyCount: Int {
    parts.model.vocabulary.count
      + parts.added.tokens.count { parts.model.vocabulary[$0.id] == nil }
  }

  /// One more than the largest id: how many rows an embedding table needs.
  package var idEnd: Int {
    max(parts.model.vocabulary.idEnd, (parts.added.tokens.map { Int($0.id) }.max() ?? -1) + 1)
  }

  /// The id of a token in the exact spelling of the file: "<|endoftext|>", "Ġcat", "▁cat".
  package func id(ofToken token: String) -> Int32? {
    let bytes = Array(token.utf8)
    return parts.added.token(content: bytes)?.id ?? parts.model.vocabulary.id(of: bytes)
  }

  /// A token in the exact spelling of the file, or nil if the id names none.
  package func spelling(_ id: Int32) -> String? {
    (parts.added.token(id: id)?.content[...] ?? parts.model.vocabulary[id]).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// A token as a reader would write it: " cat" for "Ġcat" or "▁cat", "cat" for "cat</w>".
  ///
  /// Bytes that are no text by themselves come as "<0xE2>". Nil if the id names no token.
  package func token(_ id: Int32) -> String? {
    if let added = parts.added.token(id: id) {
      return String(decoding: added.content, as: UTF8.self)
    }
    return parts.model.vocabulary[id].map { parts.readable($0) }
  }

  /// Whether the token is a special one, which text need not show.
  package func isSpecial(_ id: Int32) -> Bool { parts.added.token(id: id)?.isSpecial ?? false }

  /// How the file wants texts cut to a length; see ``Length/declared``.
  package var truncation: Truncation? { parts.truncation }

  /// How the file wants texts brought to a common length; see ``pad(_:to:)``.
  package var padding: Padding? { parts.padding }

  // MARK: Decoding

  /// The text of the tokens. Ids that name no token are left out, as in the reference.
  ///
  /// For a vocabulary that ends words by a suffix (CLIP's "</w>") the suffix becomes a space and
  /// the result is stripped, as CLIP's own decoders do.
  /// - Throws: ``TokenizerError/patternGaveUp(pattern:problem:)``.
  package func decode(
    _ ids: [Int32], skipSpecialTokens: Bool = true
  ) throws(TokenizerError) -> String {
    var tokens: [[UInt8]] = []
    tokens.reserveCapacity(ids.count)
    for id in ids {
      if let added = parts.added.token(id: id) {
        if !(skipSpecialTokens && added.isSpecial) { tokens.append(added.spelling) }
      } else if let token = parts.model.vocabulary[id] {
        tokens.append(Array(token))
      }
    }
    guard let decoder = parts.decoder else {
      return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self)
    }
    let workspace = workspaces.take()
    defer { workspaces.put(back: workspace) }
    let pieces = try decoder.decode(tokens, search: workspace.search)
    let bytes = Array(pieces.joined())
    return String(decoding: parts.replacingWordSuffix(in: bytes), as: UTF8.self)
  }
}
