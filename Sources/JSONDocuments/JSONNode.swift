import CJansson

/// One value inside a ``JSONDocument``.
///
/// Look-ups by key treat `null` as absence, as configuration files mean it. Every accessor that
/// finds the wrong kind of value throws a ``JSONError`` that names the place.
package struct JSONNode {
  package enum Kind: String {
    case object, array, string, integer, real, boolean, null
  }

  let document: JSONDocument
  let value: UnsafeMutablePointer<json_t>
  /// Where this value stands in its document: `$.vision_config.hidden_size`.
  package let path: String

  package var kind: Kind {
    switch value.pointee.type {
    case JSON_OBJECT: .object
    case JSON_ARRAY: .array
    case JSON_STRING: .string
    case JSON_INTEGER: .integer
    case JSON_REAL: .real
    case JSON_TRUE, JSON_FALSE: .boolean
    default: .null
    }
  }

  /// An error about this value, for checks that a caller makes itself.
  package func error(_ problem: String) -> JSONError {
    JSONError(source: document.source, path: path, problem: problem)
  }

  private func mismatch(_ expected: String) -> JSONError {
    error("expected \(expected), found \(kind.rawValue)")
  }

  // MARK: Values

  package func asInteger() throws(JSONError) -> Int {
    guard kind == .integer else { throw mismatch("an integer") }
    return Int(json_integer_value(value))
  }

  /// An integer or real number; JSON has no infinities, so the result is finite.
  package func asDouble() throws(JSONError) -> Double {
    guard kind == .integer || kind == .real else { throw mismatch("a number") }
    return json_number_value(value)
  }

  package func asBool() throws(JSONError) -> Bool {
    guard kind == .boolean else { throw mismatch("true or false") }
    return value.pointee.type == JSON_TRUE
  }

  /// The string's UTF-8 bytes, valid while the document lives.
  package func asUTF8() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
    guard kind == .string, let text = json_string_value(value) else { throw mismatch("a string") }
    let count = json_string_length(value)
    return UnsafeRawBufferPointer(start: text, count: count).bindMemory(to: UInt8.self)
  }

  package func asString() throws(JSONError) -> String {
    String(decoding: try asUTF8(), as: UTF8.self)
  }

  // MARK: Arrays

  /// The elements of an array, in order.
  package func elements() throws(JSONError) -> [JSONNode] {
    guard kind == .array else { throw mismatch("an array") }
    return (0..<json_array_size(value)).compactMap { index in
      json_array_get(value, index).map {
        JSONNode(document: document, value: $0, path: "\(path)[\(index)]")
      }
    }
  }

  /// Calls `body` with each element's place and value, in order.
  ///
  /// Cheap enough for lists as long as vocabularies: the elements share this node's path.
  package func forEachElement<Failure: Error>(
    _ body: (_ index: Int, _ value: JSONNode) throws(Failure) -> Void
  ) throws(Failure) {
    for index in 0..<json_array_size(value) {
      guard let element = json_array_get(value, index) else { return }
      try body(Int(index), JSONNode(document: document, value: element, path: path))
    }
  }

  // MARK: Objects

  /// The value under `key`, or nil when it is absent or `null`.
  package func member(_ key: String) throws(JSONError) -> JSONNode? {
    guard kind == .object else { throw mismatch("an object") }
    guard let found = json_object_get(value, key), found.pointee.type != JSON_NULL else {
      return nil
    }
    return JSONNode(document: document, value: found, path: "\(path).\(key)")
  }

  /// The value under `key`.
  package func required(_ key: String) throws(JSONError) -> JSONNode {
    guard let found = try member(key) else { throw error("the key \"\(key)\" is missing") }
    return found
  }

  /// Calls `body` with each key's UTF-8 bytes and value, in the order of the file.
  ///
  /// Cheap enough for vocabularies: no key is copied, and the members share this node's path.
  package func forEachMember<Failure: Error>(
    _ body: (_ key: UnsafeBufferPointer<UInt8>, _ value: JSONNode) throws(Failure) -> Void
  ) throws(Failure) {
    var iterator = json_object_iter(value)
    while let position = iterator {
      if let key = json_object_iter_key(position), let member = json_object_iter_value(position) {
        let bytes = UnsafeRawBufferPointer(start: key, count: json_object_iter_key_len(position))
        try body(
          bytes.bindMemory(to: UInt8.self), JSONNode(document: document, value: member, path: path))
      }
      iterator = json_object_iter_next(value, position)
    }
  }

  /// The keys of an object, in the order of the file.
  package func keys() throws(JSONError) -> [String] {
    guard kind == .object else { throw mismatch("an object") }
    var keys: [String] = []
    forEachMember { (key, _) throws(Never) in keys.append(String(decoding: key, as: UTF8.self)) }
    return keys
  }

  // MARK: Keyed shorthands, absent or null meaning the default

  package func integer(_ key: String, default fallback: Int) throws(JSONError) -> Int {
    try member(key)?.asInteger() ?? fallback
  }

  package func double(_ key: String, default fallback: Double) throws(JSONError) -> Double {
    try member(key)?.asDouble() ?? fallback
  }

  package func bool(_ key: String, default fallback: Bool) throws(JSONError) -> Bool {
    try member(key)?.asBool() ?? fallback
  }

  package func string(_ key: String, default fallback: String) throws(JSONError) -> String {
    try member(key)?.asString() ?? fallback
  }
}
