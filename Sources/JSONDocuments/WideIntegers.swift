/// Integers beyond 64 bits: JSON allows them, the parser refuses the whole text for one.
///
/// Python writes 1e30 digit by digit, and that number stands in many a `tokenizer_config.json`, as
/// the `model_max_length` of a tokenizer that knows none.
enum WideIntegers {
  /// Digits that any 64-bit integer may have.
  private static let safeDigits = 18

  /// `text` with such integers written as real numbers, or nil when it has none.
  static func asReals(in text: UnsafeRawBufferPointer) -> [UInt8]? {
    var output: [UInt8] = []
    var copied = 0
    var position = 0
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""):
        position = end(ofStringAt: position, in: text)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        let end = text[position...].firstIndex { !isPartOfNumber($0) } ?? text.count
        if isWideInteger(text[position..<end]) {
          output.append(contentsOf: text[copied..<end])
          output.append(contentsOf: ".0".utf8)
          copied = end
        }
        position = end
      default:
        position += 1
      }
    }
    guard copied > 0 else { return nil }
    output.append(contentsOf: text[copied...])
    return output
  }

  private static func end(ofStringAt start: Int, in text: UnsafeRawBufferPointer) -> Int {
    var position = start + 1
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""): return position + 1
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return position
  }

  private static func isWideInteger(_ number: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard number.count > safeDigits, number.dropFirst().allSatisfy(isDigit) else { return false }
    return Int(String(decoding: number, as: UTF8.self)) == nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isPartOfNumber(_ byte: UInt8) -> Bool {
    isDigit(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)  // + - . E e
  }
}
