/// How the elements of a tensor are stored.
///
/// Quantised formats store blocks: `blockElements` neighbours of the last axis share
/// `blockBytes` bytes. Plain types are blocks of one.
package enum ElementType: String, Sendable, CaseIterable {
  case f64, f32, f16, bf16
  case i64, i32, i16, i8, u8, bool
  /// GGML's blocks of 32: an f16 scale, then 32 signed bytes.
  case q8_0
  /// GGML's blocks of 32: an f16 scale, then 32 four-bit numbers, each 8 more than it stands for.
  case q4_0

  package var blockElements: Int {
    switch self {
    case .q8_0, .q4_0: 32
    default: 1
    }
  }

  package var blockBytes: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    case .q8_0: 34
    case .q4_0: 18
    }
  }

  /// The bytes of `count` neighbours along the last axis, which is a whole number of blocks.
  package func bytes(of count: Int) -> Int { count / blockElements * blockBytes }

  package var isFloatingPoint: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16, .q8_0, .q4_0: true
    default: false
    }
  }

  /// The bytes that `count` elements take, or nil when that overflows or splits a block.
  package func byteCount(elements count: Int) -> Int? {
    guard count >= 0, count % blockElements == 0 else { return nil }
    let (bytes, overflow) = (count / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}
