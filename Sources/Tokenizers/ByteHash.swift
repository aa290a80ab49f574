/// A seeded 64-bit hash of a byte string, eight bytes a step.
///
/// The seed differs from process to process, so that no file can be made whose keys all collide;
/// nothing that is computed depends on it.
struct ByteHash: Sendable {
  static let shared = ByteHash(seed: UInt64.random(in: 0 ... .max))

  private let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  @inline(__always)
  func callAsFunction(_ bytes: Bytes) -> UInt64 {
    var state = seed ^ (UInt64(bytes.count) &* 0x9E37_79B9_7F4A_7C15)
    guard let base = bytes.baseAddress else { return state }
    let raw = UnsafeRawPointer(base)
    var position = 0
    while position + 8 <= bytes.count {
      state = Self.mix(state ^ raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      position += 8
    }
    var tail: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count {
      tail |= UInt64(bytes[position]) << shift
      shift += 8
      position += 1
    }
    return Self.mix(state ^ tail)
  }

  @inline(__always)
  func callAsFunction(_ key: UInt64) -> UInt64 { Self.mix(seed ^ key) }

  /// Folds the 128-bit product with an odd constant, after which every bit depends on every bit.
  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    return product.high ^ product.low
  }
}
