/// GPT-2's way to give each byte a visible character, so that a vocabulary of strings covers all.
///
/// Printable bytes (33…126, 161…172, 174…255) stand for themselves; the other 68 get U+0100
/// upward in the order of the bytes. A space becomes "Ġ", a line feed "Ċ".
enum ByteLevel {
  /// The scalar of each byte.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return UInt32(byte)
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The byte of each scalar below U+0144, or -1.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
    return bytes
  }()

  /// The UTF-8 spellings of all bytes in the order of GPT-2's and CLIP's ids: those that stand for
  /// themselves, then the others.
  static let vocabularyOrder: [[UInt8]] = scalars.sorted().map { scalar in
    var bytes: [UInt8] = []
    UTF8Scalars.append(scalar, to: &bytes)
    return bytes
  }

  /// GPT-2's expression for where words begin, which `use_regex` asks for.
  static let wordPattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The visible spelling of each byte.
  static func encode(_ text: Text) -> Text {
    guard text.isTracking else { return encode(text, 0..<text.count) }
    var output = Text(isTracking: true)
    text.bytes.withUnsafeBufferPointer { bytes in
      for position in bytes.indices {
        let scalar = scalars[Int(bytes[position])]
        output.append(scalar, replacing: position..<position + 1, of: text, anchor: position)
      }
    }
    return output
  }

  private static func encode(_ text: Text, _ range: Range<Int>) -> Text {
    var output = Text(isTracking: false)
    output.reserve(2 * range.count)
    text.bytes.withUnsafeBufferPointer { bytes in
      for position in range {
        let scalar = scalars[Int(bytes[position])]
        output.append(scalar, replacing: 0..<0, of: text, anchor: position)
      }
    }
    return output
  }

  /// The bytes that a visible spelling stands for, or nil if some character stands for none.
  static func decode(_ token: ArraySlice<UInt8>) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(token.count)
    let isWhole = token.withUnsafeBufferPointer { token in
      var position = 0
      while position < token.count {
        let (scalar, width) = UTF8Scalars.decode(token, at: position)
        guard scalar < bytes.count, bytes[Int(scalar)] >= 0 else { return false }
        output.append(UInt8(bytes[Int(scalar)]))
        position += width
      }
      return true
    }
    return isWhole ? output : nil
  }
}
