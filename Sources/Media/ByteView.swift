/// Bytes of a file, read at checked places: every accessor answers nil outside the file.
struct ByteView {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }
  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  enum Endian { case big, little }

  var count: Int { bytes.count }

  func byte(_ offset: Int) -> UInt8? {
    guard offset >= 0, offset < bytes.count else { return nil }
    return bytes[bytes.startIndex + offset]
  }

  /// The part that begins at `offset`, if the file has all of it.
  func part(_ offset: Int, count: Int) -> ByteView? {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
      return nil
    }
    let start = bytes.startIndex + offset
    return ByteView(bytes[start..<start + count])
  }

  func integer(_ offset: Int, bytes count: Int, _ endian: Endian) -> Int? {
    guard let part = part(offset, count: count) else { return nil }
    return endian == .big
      ? part.bytes.reduce(0) { $0 << 8 | Int($1) }
      : part.bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  func u16(_ offset: Int, _ endian: Endian = .big) -> Int? {
    integer(offset, bytes: 2, endian)
  }

  func u32(_ offset: Int, _ endian: Endian = .big) -> Int? {
    integer(offset, bytes: 4, endian)
  }

  func hasPrefix(_ prefix: some Collection<UInt8>) -> Bool { bytes.starts(with: prefix) }

  func hasPrefix(_ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { bytes.starts(with: $0) }
  }

  /// The part after the first `count` bytes.
  func dropFirst(_ count: Int) -> ByteView { ByteView(bytes.dropFirst(count)) }

  /// The offset of the first occurrence of `pattern`.
  func offset(of pattern: StaticString) -> Int? {
    pattern.withUTF8Buffer { wanted in
      guard let first = wanted.first, wanted.count <= count else { return nil }
      return bytes.withUnsafeBufferPointer { all in
        (0...(all.count - wanted.count)).first { start in
          all[start] == first
            && UnsafeBufferPointer(rebasing: all[start..<start + wanted.count])
              .elementsEqual(wanted)
        }
      }
    }
  }
}
