import CJansson

/// A parsed JSON text, which owns the tree that its nodes look into.
///
/// The text is hostile until parsed: duplicate keys, invalid UTF-8, nesting beyond 2,048 levels and
/// trailing bytes are errors. Integers beyond 64 bits are read as real numbers. Keys and strings
/// are bytes, never `String`: canonical equivalence would merge vocabulary entries that differ.
///
///     let root = try JSONDocument(bytes: bytes, source: "config.json").root
///     let width = try root.integer("hidden_size", default: 768)
package final class JSONDocument {
  /// What errors call this text: usually a file name.
  package let source: String
  private let tree: UnsafeMutablePointer<json_t>

  /// - Throws: ``JSONError`` naming line and column of a syntax error.
  package init(bytes: UnsafeRawBufferPointer, source: String) throws(JSONError) {
    guard !bytes.isEmpty else {
      throw JSONError(source: source, path: "$", problem: "the text is empty")
    }
    var failure = json_error_t()
    var parsed = JSONDocument.parse(bytes, &failure)
    if parsed == nil, let rewritten = WideIntegers.asReals(in: bytes) {
      parsed = rewritten.withUnsafeBytes { JSONDocument.parse($0, &failure) }
    }
    guard let tree = parsed else {
      let message = withUnsafeBytes(of: &failure.text) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw JSONError(
        source: source, path: "$",
        problem: "not valid JSON at line \(failure.line), column \(failure.column): \(message)")
    }
    self.source = source
    self.tree = tree
  }

  private static func parse(
    _ bytes: UnsafeRawBufferPointer, _ failure: inout json_error_t
  ) -> UnsafeMutablePointer<json_t>? {
    let flags = size_t(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)
    return json_loadb(
      bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, flags, &failure)
  }

  package convenience init(bytes: [UInt8], source: String) throws(JSONError) {
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(JSONError) in try JSONDocument(bytes: raw, source: source).detached() }
    }
    self.init(source: source, tree: try result.get())
  }

  private init(source: String, tree: UnsafeMutablePointer<json_t>) {
    self.source = source
    self.tree = tree
  }

  /// One more reference to the tree, for a second owner.
  private func detached() -> UnsafeMutablePointer<json_t> { json_incref(tree) }

  deinit { json_decref(tree) }

  /// The outermost value.
  package var root: JSONNode { JSONNode(document: self, value: tree, path: "$") }
}
