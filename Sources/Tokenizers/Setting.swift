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

  func bytes() throws(TokenizerError) -> [UInt8] {
    Array(try get { () throws(JSONError) in try node.asUTF8() })
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

  /// The elements of an array that has at most `limit`.
  func elements(limit: Int = .max) throws(TokenizerError) -> [Setting] {
    let elements = try get { () throws(JSONError) in try node.elements() }
    guard elements.count <= limit else {
      throw .tooLarge(source: source, path: path, value: elements.count, limit: limit)
    }
    return elements.map { Setting(node: $0, source: source) }
  }
}
