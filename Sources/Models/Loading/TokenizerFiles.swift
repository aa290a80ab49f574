import Checkpoints
import JSONDocuments
import Tokenizers

/// A tokenizer, and what the files beside it say of its use.
struct TokenizerFiles {
  var tokenizer: Tokenizer
  /// How texts are padded, or nil when no file says.
  let padding: TextPadding?
  /// `tokenizer_class` of `tokenizer_config.json`.
  let className: String?
  let lowercases: Bool
  /// Where it comes from, when it is not the checkpoint's own.
  var note: String?

  /// Nil when the folder holds no tokenizer that is read.
  ///
  /// - Parameter file: the file to read; nil for `tokenizer.json`, else `vocab.json` with
  ///   `merges.txt`.
  init?(_ files: CheckpointFiles, file: String? = nil) throws(ModelError) {
    do {
      guard let tokenizer = try TokenizerFiles.tokenizer(files, file) else { return nil }
      self.tokenizer = tokenizer
    } catch let error as TokenizerError {
      throw .tokenizer(error)
    } catch let error as ModelError {
      throw error
    } catch {
      throw .unsupported(source: files.folder.name, feature: "\(error)")
    }
    let configuration = try files.optionalJSON("tokenizer_config.json")
    let specials = try files.optionalJSON("special_tokens_map.json")
    do throws(JSONError) {
      className = try configuration?.root.member("tokenizer_class")?.asString()
      lowercases = try configuration?.root.bool("do_lower_case", default: true) ?? true
      padding = try TokenizerFiles.padding(tokenizer, [configuration?.root, specials?.root])
    } catch {
      throw .configuration(error)
    }
  }

  private static func tokenizer(
    _ files: CheckpointFiles, _ file: String?
  ) throws -> Tokenizer? {
    switch file {
    case let name? where name.utf8.elementsEqual("vocab.json".utf8):
      return try pair(files)
    case let name? where name.utf8.suffix(4).elementsEqual(".txt".utf8):
      return try files.bytes(name).map { try Tokenizer(clipMerges: $0, source: name) }
    case let name?:
      return try files.bytes(name).map { try Tokenizer(tokenizerJSON: $0, source: name) }
    case nil:
      if let bytes = try files.bytes("tokenizer.json") {
        return try Tokenizer(tokenizerJSON: bytes, source: "tokenizer.json")
      }
      return try pair(files)
    }
  }

  /// The older pair of files, which CLIP's repositories still carry.
  private static func pair(_ files: CheckpointFiles) throws -> Tokenizer? {
    guard let vocabulary = try files.bytes("vocab.json"), let merges = try files.bytes("merges.txt")
    else { return nil }
    return try Tokenizer(vocabJSON: vocabulary, merges: merges, style: .clip)
  }

  /// `pad_token` and `padding_side` of the first file that states them, else the tokenizer's own.
  private static func padding(
    _ tokenizer: Tokenizer, _ documents: [JSONNode?]
  ) throws(JSONError) -> TextPadding? {
    var padding = tokenizer.padding.map { TextPadding(id: Int($0.id), isLeading: $0.padsLeft) }
    for case let root? in documents {
      guard let node = try root.member("pad_token") else { continue }
      // Older files describe the token, newer ones name it.
      let content = node.kind == .object ? try node.required("content") : node
      let token = try content.asString()
      guard let id = tokenizer.id(ofToken: token) else {
        throw content.error("the vocabulary has no token \"\(token)\"")
      }
      padding = TextPadding(id: Int(id), isLeading: padding?.isLeading ?? false)
      break
    }
    if let side = try documents.first??.member("padding_side"), padding != nil {
      switch try side.asString() {
      case "right": padding?.isLeading = false
      case "left": padding?.isLeading = true
      case let other: throw side.error("\"\(other)\" is neither left nor right")
      }
    }
    return padding
  }
}

extension CheckpointFiles {
  /// The tokenizer that the user named, else the checkpoint's own.
  ///
  /// - Parameters:
  ///   - repositories: whose tokenizer serves for a file that carries none, if they are cached.
  ///   - vocabulary: the count of ids that such a borrowed tokenizer must have.
  /// - Throws: ``ModelError`` with what to do when there is none.
  func tokenizer(
    borrowingFrom repositories: [String] = [], vocabulary: Int = 0
  ) throws(ModelError) -> TokenizerFiles {
    if let name = options.tokenizer { return try tokenizer(named: name) }
    if repositories.isEmpty, let own = try TokenizerFiles(self) { return own }
    for name in repositories {
      guard let other = try? options.locator.locate(name) else { continue }
      let files = CheckpointFiles(other, options)
      guard var found = try TokenizerFiles(files), found.tokenizer.idEnd == vocabulary else {
        continue
      }
      found.note =
        "the file carries no tokenizer; \(name)'s is used, from the Hugging Face cache"
      return found
    }
    throw .missingFile(
      name: "tokenizer", folder: folder.path,
      remedy: repositories.isEmpty
        ? "put the checkpoint's tokenizer.json, or vocab.json with merges.txt, into the same "
          + "folder, or give one with tokenizer=FILE"
        : "such files never have one: give one with tokenizer=FILE, or have "
          + "\(repositories[0]) (its tokenizer.json is enough) in the Hugging Face cache")
  }

  private func tokenizer(named name: String) throws(ModelError) -> TokenizerFiles {
    let place: CheckpointFolder
    do { place = try options.locator.locate(name) } catch { throw .weights(error) }
    let files = CheckpointFiles(place, options)
    guard var found = try TokenizerFiles(files, file: place.namedFile) else {
      throw .missingFile(
        name: "tokenizer", folder: place.path,
        remedy: "name a tokenizer.json, a vocab.json with merges.txt beside it, or "
          + "bpe_simple_vocab_16e6.txt")
    }
    found.note = "the tokenizer is that of \(name)"
    return found
  }
}
