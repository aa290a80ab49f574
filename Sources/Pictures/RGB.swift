/// A colour in sRGB, 8 bits a channel.
package struct RGB: Hashable, Sendable {
  package var red: UInt8
  package var green: UInt8
  package var blue: UInt8

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// A colour written as `0xRRGGBB`; higher bits are ignored.
  package init(hex: Int) {
    self.init(
      UInt8(truncatingIfNeeded: hex >> 16), UInt8(truncatingIfNeeded: hex >> 8),
      UInt8(truncatingIfNeeded: hex))
  }

  /// The colour as `0xRRGGBB`.
  package var hex: Int { Int(red) << 16 | Int(green) << 8 | Int(blue) }

  /// Brightness from 0 to 255: ITU-R BT.601 luma, in integers (weights out of 256 that sum to 256).
  package var luma: Int { (77 * Int(red) + 150 * Int(green) + 29 * Int(blue)) >> 8 }

  /// This colour laid over `other` with an opacity out of 255.
  func over(_ other: RGB, opacity: Int) -> RGB {
    func mix(_ top: UInt8, _ bottom: UInt8) -> UInt8 {
      let sum = Int(top) * opacity + Int(bottom) * (255 - opacity)
      return UInt8((sum + 127) / 255)
    }
    return RGB(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }
}
