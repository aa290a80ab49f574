import JSONDocuments

extension PictureGathering {
  /// Reads `.jsonl`: an object on each line. Fields are called as columns are; a field of captions
  /// is a string, an array of strings, or an object from languages to either.
  mutating func readLines(_ path: String) throws(TrainingError) {
    let bytes = try tableBytes(path)
    let folder = FilePaths.folder(of: path)
    var (start, line) = (bytes.startIndex, 0)
    while start < bytes.endIndex {
      try checkCancellation()
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.endIndex
      let text = bytes[start..<end]
      (start, line) = (end + 1, line + 1)
      guard text.contains(where: { $0 > 0x20 }) else { continue }
      let place = "\(path), line \(line)"
      do throws(Unusable) {
        let sample = try SampleFields(json: text, source: place)
        guard let name = sample.path else {
          throw Unusable("names no picture under \(TableColumns.pathNames.joined(separator: ", "))")
        }
        let file = FilePaths.absolute(name, relativeTo: folder)
        add(
          .file(file), captions: sample.captions, group: sample.group,
          canMirror: sample.canMirror, place: place)
      } catch {
        skip(place, error.problem)
      }
    }
  }
}

/// What a JSON object says about a picture.
struct SampleFields {
  var path: String?
  var captions: [CaptionedPictures.Caption] = []
  var group: String?
  /// Whether left and right may be exchanged: not in a clock, a flag or a letter.
  var canMirror = true

  init(json bytes: ArraySlice<UInt8>, source: String) throws(Unusable) {
    do throws(JSONError) {
      try self.init(JSONDocument(bytes: Array(bytes), source: source).root)
    } catch {
      throw Unusable(error.path == "$" ? error.problem : "\(error.path): \(error.problem)")
    }
  }

  private init(_ root: JSONNode) throws(JSONError) {
    guard root.kind == .object else { throw root.error("expected an object for each picture") }
    path = try Self.text(root, TableColumns.pathNames)?.trimmed
    group = try Self.text(root, TableColumns.groupNames)
    canMirror = try root.member("mirror")?.asBool() ?? true
    let language = try Self.text(root, TableColumns.languageNames) ?? ""
    for key in try root.keys() {
      guard let caption = TableColumns.caption(key.lowercased()), let value = try root.member(key) else {
        continue
      }
      try read(value, language: caption.language ?? language)
    }
  }

  /// The first of some fields that is there: a string, or a number as it is written.
  private static func text(_ root: JSONNode, _ names: [String]) throws(JSONError) -> String? {
    for name in names {
      guard let value = try root.member(name) else { continue }
      let text = value.kind == .integer ? String(try value.asInteger()) : try value.asString()
      if !text.isEmpty { return text }
    }
    return nil
  }

  private mutating func read(_ value: JSONNode, language: String) throws(JSONError) {
    switch value.kind {
    case .object:
      for key in try value.keys() {
        if let texts = try value.member(key) { try readTexts(texts, language: key) }
      }
    default: try readTexts(value, language: language)
    }
  }

  private mutating func readTexts(_ value: JSONNode, language: String) throws(JSONError) {
    guard value.kind == .array else {
      captions.append(.init(try value.asString(), language: language))
      return
    }
    for element in try value.elements() {
      captions.append(.init(try element.asString(), language: language))
    }
  }
}
