import CNettle

/// The SHA-256 of some bytes: a key for caches, and the identity of a file in records.
///
///     ContentHash(of: bytes).hexadecimal  // "e3b0c442…", 64 digits
package struct ContentHash: Hashable, Sendable, CustomStringConvertible {
  /// 64 lower-case hexadecimal digits.
  package let hexadecimal: String

  package init(of bytes: UnsafeRawBufferPointer) {
    var context = sha256_ctx()
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
    nettle_sha256_init(&context)
    if let start = bytes.bindMemory(to: UInt8.self).baseAddress {
      nettle_sha256_update(&context, bytes.count, start)
    }
    nettle_sha256_digest(&context, digest.count, &digest)
    let digits = Array("0123456789abcdef".utf8)
    hexadecimal = String(
      decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package init(of bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { ContentHash(of: $0) }
  }

  package var description: String { hexadecimal }
}
