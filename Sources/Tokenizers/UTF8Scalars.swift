/// Bytes of a text: valid UTF-8 that starts and ends between scalars.
typealias Bytes = UnsafeBufferPointer<UInt8>

/// Reading and writing single scalars of UTF-8 that is known to be valid.
enum UTF8Scalars {
  /// How many bytes the scalar takes that starts with `lead`.
  @inline(__always)
  static func width(_ lead: UInt8) -> Int {
    if lead < 0x80 { return 1 }
    if lead < 0xE0 { return 2 }
    return lead < 0xF0 ? 3 : 4
  }

  /// The scalar at `position`, and how many bytes it takes.
  @inline(__always)
  static func decode(_ bytes: Bytes, at position: Int) -> (scalar: UInt32, width: Int) {
    let lead = UInt32(bytes[position])
    if lead < 0x80 { return (lead, 1) }
    let second = UInt32(bytes[position + 1] & 0x3F)
    if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
    let third = UInt32(bytes[position + 2] & 0x3F)
    if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
    let fourth = UInt32(bytes[position + 3] & 0x3F)
    return ((lead & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
  }

  /// The scalar that ends before `position`.
  static func decode(_ bytes: Bytes, before position: Int) -> (scalar: UInt32, width: Int) {
    var start = position - 1
    while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    return decode(bytes, at: start)
  }

  /// Appends the UTF-8 bytes of a scalar.
  @inline(__always)
  static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
    if scalar < 0x80 {
      bytes.append(UInt8(scalar))
      return
    }
    if scalar < 0x800 {
      bytes.append(UInt8(0xC0 | scalar >> 6))
    } else {
      if scalar < 0x10000 {
        bytes.append(UInt8(0xE0 | scalar >> 12))
      } else {
        bytes.append(UInt8(0xF0 | scalar >> 18))
        bytes.append(UInt8(0x80 | scalar >> 12 & 0x3F))
      }
      bytes.append(UInt8(0x80 | scalar >> 6 & 0x3F))
    }
    bytes.append(UInt8(0x80 | scalar & 0x3F))
  }
}
