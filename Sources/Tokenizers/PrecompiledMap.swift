/// SentencePiece's compiled normalisation rules: the `Precompiled` normaliser.
///
/// The map is a double-array trie (Darts-clone) from byte strings to offsets into a block of
/// replacements that end with a zero byte. As in the reference, a grapheme of at most five bytes is
/// looked up whole and otherwise scalar by scalar, and of several entries that begin a key the
/// *shortest* wins.
struct PrecompiledMap: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// - Parameter bytes: trie size in bytes (four bytes, little-endian), trie, replacements.
  /// - Returns: nil if the sizes do not fit together or the replacements are not UTF-8.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    func unit(_ at: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
    }
    let size = Int(unit(0))
    guard size > 0, size % 4 == 0, size <= bytes.count - 4 else { return nil }
    units = stride(from: 4, to: 4 + size, by: 4).map(unit)
    replacements = Array(bytes[(4 + size)...])
    guard String(validating: replacements, as: UTF8.self) != nil else { return nil }
  }

  func apply(_ text: Text) -> Text {
    var output = Text(isTracking: text.isTracking)
    output.reserve(text.count)
    let graphemes = String(decoding: text.bytes, as: UTF8.self)
    text.bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      for grapheme in graphemes {
        let end = start + grapheme.utf8.count
        if end - start < 6, let new = replacement(of: bytes, start..<end) {
          output.append(new, replacing: start..<end, of: text, anchor: start)
          start = end
        }
        while start < end {
          let next = start + UTF8Scalars.width(bytes[start])
          if let new = replacement(of: bytes, start..<next) {
            output.append(new, replacing: start..<next, of: text, anchor: start)
          } else {
            output.append(copying: start..<next, of: text)
          }
          start = next
        }
      }
    }
    return output
  }

  /// What the shortest entry that begins `key` maps to.
  private func replacement(of bytes: Bytes, _ key: Range<Int>) -> [UInt8]? {
    // An offset into the middle of a scalar, which only a broken map has, counts as none.
    guard let offset = shortestPrefix(of: bytes, key), offset < replacements.count,
      replacements[offset] & 0xC0 != 0x80
    else { return nil }
    return Array(replacements[offset...].prefix { $0 != 0 })
  }

  private func shortestPrefix(of bytes: Bytes, _ key: Range<Int>) -> Int? {
    var node = Self.offset(units[0])
    for position in key {
      let byte = UInt32(bytes[position])
      guard byte != 0 else { return nil }
      node ^= byte
      guard node < units.count else { return nil }
      let unit = units[Int(node)]
      guard unit & (1 << 31 | 0xFF) == byte else { return nil }
      node ^= Self.offset(unit)
      if unit >> 8 & 1 == 1 {
        return node < units.count ? Int(units[Int(node)] & ~(1 << 31)) : nil
      }
    }
    return nil
  }

  private static func offset(_ unit: UInt32) -> UInt32 {
    (unit >> 10) << ((unit & 1 << 9) >> 6)
  }
}
