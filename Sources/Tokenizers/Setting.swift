import JSONDocuments

/// A value of a tokenizer file, read with errors that name it.
///
/// Wraps ``JSONNode`` so that every failure is a ``TokenizerError``, and so that a key nobody reads
/// is found: settings change ids, hence none may be passed over.
struct Setting {
  let node: JSONNode
  let source: String

  var path: String { node.path }

  private func get<Value>(
    _ body: () throws(JSONError) -> Value
  ) throws(TokenizerError) -> Value {
    do { return try body() } catch { throw .json(error) }
  }

  // MARK: Errors

  func invalid(_ problem: String) -> TokenizerError {
    .invalid(source: source, path: path, problem: problem)
  }

  func unsupported(_ value: String, supported: some Sequence<String>) -> TokenizerError {
    .unsupported(
      source: source, path: path, value: "\"\(value)\"",
      supported: supported.joined(separator: ", "))
  }

  // MARK: Objects

  /// - Throws: if the object has a key outside `keys`.
  func allowOnly(_ keys: [String]) throws(TokenizerError) {
    for key in try get({ () throws(JSONError) in try node.keys() }) where !keys.contains(key) {
      throw .unsupported(
        source: source, path: "\(path).\(key)", value: "this setting",
        supported: keys.joined(separator: ", "))
    }
  }

  func member(_ key: String) throws(TokenizerError) -> Setting? {
    try get { () throws(JSONError) in try node.member(key) }.map {
      Setting(node: $0, source: source)
    }
  }

  func required(_ key: String) throws(TokenizerError) -> Setting {
    Setting(node: try get { () throws(JSONError) in try node.required(key) }, source: source)
  }

  func bool(_ key: String, default fallback: Bool) throws(TokenizerError) -> Bool {
    try get { () throws(JSONError) in try node.bool(key, default: fallback) }
  }

  func string(_ key: String, default fallback: String) throws(TokenizerError) -> String {
    try get { () throws(JSONError) in try node.string(key, default: fallback) }
  }

  /// The kind of part that an object describes.
  func type() throws(TokenizerError) -> String { try required("type").string() }

  // MARK: Values

  func string() throws(TokenizerError) -> String {
    try get { () throws(JSONError) in try node.asString() }
  }

  /// The UTF-8 bytes of a string, without a copy; they live as long as the document.
  func utf8() throws(TokenizerError) -> Bytes {
    try get { () throws(JSONError) in try node.asUTF8() }
  }

  func bytes() throws(TokenizerError) -> [UInt8] {
    Array(try utf8())
  }

  func double() throws(TokenizerError) -> Double {
    try get { () throws(JSONError) in try node.asDouble() }
  }

  /// The UTF-8 bytes of a string of exactly one character.
  func character() throws(TokenizerError) -> [UInt8] {
    let text = try string()
    guard text.unicodeScalars.count == 1 else {
      throw invalid("\"\(text)\" is not one character")
    }
    return Array(text.utf8)
  }

  /// An integer within `range`.
  func integer(in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
    let value = try get { () throws(JSONError) in try node.asInteger() }
    guard value >= range.lowerBound else {
      throw invalid("\(value) is below \(range.lowerBound)")
    }
    guard value <= range.upperBound else {
      throw .tooLarge(source: source, path: path, value: value, limit: range.upperBound)
    }
    return value
  }

  /// One of the values of an enumeration, as the file spells them.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type
  ) throws(TokenizerError) -> Choice {
    let name = try string()
    guard let choice = Choice(rawValue: name) else {
      throw unsupported(name, supported: Choice.allCases.map(\.rawValue))
    }
    return choice
  }

  /// The elements of an array that has at most `limit`, which are counted before they are copied.
  func elements(limit: Int) throws(TokenizerError) -> [Setting] {
    guard node.kind != .array || node.count <= limit else {
      throw .tooLarge(source: source, path: path, value: node.count, limit: limit)
    }
    let elements = try get { () throws(JSONError) in try node.elements() }
    return elements.map { Setting(node: $0, source: source) }
  }

  /// Calls `body` with each element of a list that may be as long as a vocabulary.
  ///
  /// The elements have this list's path; use `invalid(element:_:)` for errors about one.
  func forEachElement(
    _ body: (Int, Setting) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    guard node.kind == .array else {
      throw invalid("expected an array, found \(node.kind.rawValue)")
    }
    try node.forEachElement { index, node throws(TokenizerError) in
      guard index < Vocabulary.idLimit else {
        throw .tooLarge(source: source, path: path, value: index, limit: Vocabulary.idLimit)
      }
      try body(index, Setting(node: node, source: source))
    }
  }

  /// The two elements of an array, or nil if it is no array of two.
  func pair() throws(TokenizerError) -> (Setting, Setting)? {
    var found: [Setting] = []
    try node.forEachElement { _, node throws(TokenizerError) in
      if found.count < 3 { found.append(Setting(node: node, source: source)) }
    }
    return node.kind == .array && found.count == 2 ? (found[0], found[1]) : nil
  }

  /// An error about the element at `index` of this list.
  func invalid(element index: Int, _ problem: String) -> TokenizerError {
    .invalid(source: source, path: "\(path)[\(index)]", problem: problem)
  }
}
