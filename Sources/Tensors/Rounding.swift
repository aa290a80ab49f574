/// f32 numbers in half as many bits, to the nearest one and of two to the even one.
///
/// In plain arithmetic on the bits, which is the same on every processor.
package enum Rounding {
  case bf16, f16

  /// Writes each value to the front of `halves`.
  ///
  /// - Returns: the first finite value's index that would become infinite, where there is one.
  package func callAsFunction(
    _ values: Slice<UnsafeBufferPointer<Float>>, _ halves: UnsafeMutablePointer<UInt16>
  ) -> Int? {
    switch self {
    case .bf16: Rounding.each(values, halves, infinity: 0x7F80, Rounding.brief)
    case .f16: Rounding.each(values, halves, infinity: 0x7C00, Rounding.half)
    }
  }

  private static func each(
    _ values: Slice<UnsafeBufferPointer<Float>>, _ halves: UnsafeMutablePointer<UInt16>,
    infinity: UInt16,
    _ round: (UInt32) -> UInt16
  ) -> Int? {
    for (place, index) in values.indices.enumerated() {
      let bits = values[index].bitPattern
      let half = round(bits)
      if half & 0x7FFF == infinity, bits & 0x7FFF_FFFF != 0x7F80_0000 { return index }
      halves[place] = half
    }
    return nil
  }

  /// The bf16 number of an f32 number's bits.
  private static func brief(_ bits: UInt32) -> UInt16 {
    // A NaN whose mark lies in the lower half must not turn into an infinity.
    let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
    return isNaN
      ? UInt16(truncatingIfNeeded: bits >> 16) | 0x40
      : UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
  }

  /// The f16 number of an f32 number's bits.
  static func half(_ bits: UInt32) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: bits >> 16 & 0x8000)
    let (exponent, fraction) = (Int(bits >> 23 & 0xFF), bits & 0x7F_FFFF)
    guard exponent < 0xFF else {
      let mark: UInt16 = fraction == 0 ? 0 : 0x200 | UInt16(truncatingIfNeeded: fraction >> 13)
      return sign | 0x7C00 | mark
    }
    // f16 has exponents from -14, and fractions of 10 bits where f32 has 23; below that it shifts
    // the leading 1 into the fraction.
    let scale = exponent - 127
    guard scale >= -25 else { return sign }
    let isSmall = scale < -14
    let shift = UInt32(isSmall ? -14 - scale + 13 : 13)
    let whole = isSmall ? fraction | 0x80_0000 : UInt32(scale + 15) << 23 | fraction
    let (kept, rest, tie) = (whole >> shift, whole & ((1 << shift) - 1), UInt32(1) << (shift - 1))
    let isUp = rest > tie || rest == tie && kept & 1 == 1
    // A carry runs on into the exponent, and from the greatest one into infinity.
    return scale > 15 ? sign | 0x7C00 : sign | UInt16(truncatingIfNeeded: kept + (isUp ? 1 : 0))
  }
}
