/// What the columns of a table mean; in JSONL, what a field's name means.
struct TableColumns {
  /// Of the picture's path.
  var path: Int
  /// Captions, and the language that each column is in; nil where a row may say it.
  var captions: [(column: Int, language: String?)] = []
  var group: Int?
  var language: Int?
  /// How many fields a row has.
  var count: Int

  static let pathNames = ["image", "file_name", "path", "filepath"]
  static let captionNames = ["caption", "text", "captions", "title"]
  static let groupNames = ["group", "concept"]
  static let languageNames = ["language", "lang"]

  /// By the names in a table's first row, in any case.
  ///
  /// - Returns: nil when no column is called like a path.
  /// - Throws: ``Unusable`` for a header that has a path and no caption, or a name twice.
  init?(header: [String]) throws(Unusable) {
    let names = header.map { $0.trimmed.lowercased() }
    guard let path = names.firstIndex(where: Self.pathNames.contains) else { return nil }
    self.path = path
    count = names.count
    group = names.firstIndex(where: Self.groupNames.contains)
    language = names.firstIndex(where: Self.languageNames.contains)
    for (column, name) in names.enumerated() where column != path {
      if let caption = Self.caption(name) { captions.append((column, caption.language)) }
    }
    guard !captions.isEmpty else {
      throw Unusable(
        "the header (\(header.joined(separator: ", "))) has the picture in \"\(header[path])\", "
          + "but no column with captions")
    }
    for (column, name) in names.enumerated() where names[..<column].contains(name) {
      let isUsed = column == group || captions.contains { $0.column == column }
      if isUsed { throw Unusable("the header has the column \"\(name)\" twice") }
    }
  }

  private init(path: Int, caption: Int) {
    self.path = path
    captions = [(caption, nil)]
    count = 2
  }

  /// Of a table without a header.
  static var pathAndCaption: TableColumns { TableColumns(path: 0, caption: 1) }

  /// Whether a field holds captions, and in which language: `caption`, `caption_en`, `text:ko`,
  /// `title-pt-BR`. After an underline only two letters are a language, because `text_raw` is none.
  static func caption(_ name: String) -> CaptionColumn? {
    for base in captionNames where name.hasPrefix(base) {
      let suffix = name.dropFirst(base.count)
      guard let separator = suffix.first else { return CaptionColumn(language: nil) }
      let language = suffix.dropFirst()
      let letters = language.prefix { $0.isASCII && $0.isLetter }
      let isRegional = language.dropFirst(letters.count).allSatisfy {
        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")
      }
      let lengths = separator == "_" ? 2...2 : 2...8
      if "_:.-".contains(separator), lengths.contains(letters.count), isRegional {
        return CaptionColumn(language: String(language))
      }
    }
    return nil
  }

  struct CaptionColumn: Equatable {
    /// Nil where a row may say it.
    var language: String?
  }

  static var remedy: String {
    "call the column with paths one of \(pathNames.joined(separator: ", ")) and one with captions one "
      + "of \(captionNames.joined(separator: ", ")), such as caption or caption_en; without a header, "
      + "a table has two columns: path and caption"
  }
}
