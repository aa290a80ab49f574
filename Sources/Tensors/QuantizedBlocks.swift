/// The blocks of 32 numbers of ``ElementType/q8_0`` and ``ElementType/q4_0``, with the numbers that
/// GGML's reference gives them (`quantize_row_q8_0_ref` and `quantize_row_q4_0_ref` in
/// `ggml-quants.c`).
enum QuantizedBlocks {
  static let count = 32

  /// Writes a block of q8_0: the scale, then each number as a multiple of it.
  ///
  /// - Returns: whether all numbers are finite and the scale is one that f16 holds.
  static func writeQ8(_ x: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) -> Bool {
    guard let greatest = greatest(of: x) else { return false }
    let scale = abs(greatest) / 127
    guard write(scale, block) else { return false }
    let inverse = inverse(of: scale)
    for index in 0..<count {
      // To the nearest, ties away from 0. In f64 the sum is exact, and cutting it off is one
      // instruction where the rounding of every processor is a call.
      let multiple = Double(x[index] * inverse)
      let quant = Int32(multiple + (multiple < 0 ? -0.5 : 0.5))
      block.storeBytes(of: Int8(clamping: quant), toByteOffset: 2 + index, as: Int8.self)
    }
    return true
  }

  /// Writes a block of q4_0: the scale, which takes the greatest number to -8, then two numbers a
  /// byte, the first of them from the block's first half.
  ///
  /// - Returns: as of ``writeQ8(_:_:)``.
  static func writeQ4(_ x: UnsafePointer<Float>, _ block: UnsafeMutableRawPointer) -> Bool {
    guard let greatest = greatest(of: x) else { return false }
    let scale = greatest / -8
    guard write(scale, block) else { return false }
    let inverse = Double(inverse(of: scale))
    func quant(_ index: Int) -> UInt8 {
      // Rounded once, as by a fused multiply-add, which is how the reference is compiled.
      UInt8(clamping: min(15, Int32(Float(Double(x[index]) * inverse + 8.5))))
    }
    for index in 0..<count / 2 {
      block.storeBytes(
        of: quant(index) | quant(index + count / 2) << 4, toByteOffset: 2 + index, as: UInt8.self)
    }
    return true
  }

  /// The first of those farthest from 0; nil when one is not finite.
  private static func greatest(of x: UnsafePointer<Float>) -> Float? {
    var greatest: Float = 0
    for index in 0..<count {
      guard x[index].isFinite else { return nil }
      if abs(x[index]) > abs(greatest) { greatest = x[index] }
    }
    return greatest
  }

  /// 1 / `scale`; 0 where that is infinite, for such a scale is 0 in f16.
  private static func inverse(of scale: Float) -> Float {
    let inverse = 1 / scale
    return inverse.isFinite ? inverse : 0
  }

  private static func write(_ scale: Float, _ block: UnsafeMutableRawPointer) -> Bool {
    let half = Rounding.half(scale.bitPattern)
    block.storeBytes(of: half.littleEndian, as: UInt16.self)
    return half & 0x7FFF != 0x7C00
  }
}
