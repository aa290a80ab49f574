import CJansson

/// A parsed JSON text, which owns the tree that its nodes look into.
///
/// The text is hostile until parsed: duplicate keys, invalid UTF-8, nesting beyond 2,048 levels and
/// trailing bytes are errors. Keys and strings are bytes, never `String`: canonical equivalence
/// would merge vocabulary entries that differ.
///
///     let root = try JSONDocument(bytes: bytes, source: "config.json").root
///     let width = try root.integer("hidden_size", default: 768)
package final class JSONDocument {
  /// What errors call this text: usually a file name.
  package let source: String
  private let tree: UnsafeMutablePointer<json_t>

  /// - Throws: ``JSONError`` naming line and column of a syntax error.
  package init(bytes: UnsafeRawBufferPointer, source: String) throws(JSONError) {
    var failure = json_error_t()
    let flags = size_t(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)
    let text = bytes.bindMemory(to: CChar.self)
    guard let base = text.baseAddress, !text.isEmpty else {
      throw JSONError(source: source, path: "$", problem: "the text is empty")
    }
    guard let tree = json_loadb(base, text.count, flags, &failure) else {
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
