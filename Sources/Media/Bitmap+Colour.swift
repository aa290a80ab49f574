// Colour conversions with Pillow's integer arithmetic.

/// a·b/255 rounded, for a, b in 0...255: Pillow's MULDIV255.
@inline(__always)
func dividedBy255(_ product: Int32) -> Int32 {
  let biased = product &+ 128
  return (biased &+ (biased >> 8)) >> 8
}

extension Bitmap {
  /// Grey repeated over red, green and blue; any other picture unchanged.
  package func greyAsRGB() -> Bitmap {
    guard channels == 1 else { return self }
    return .filled(width: width, height: height, channels: 3) { out in
      pixels.withUnsafeBufferPointer { grey in
        for index in 0..<grey.count {
          out[3 * index] = grey[index]
          out[3 * index + 1] = grey[index]
          out[3 * index + 2] = grey[index]
        }
      }
    }
  }

  /// CMYK as Adobe stores it in JPEG, inverted, to RGB: with every ink complemented, a channel is
  /// `paper - ink * paper / 255` where `paper` is what black leaves.
  func inkAsRGB() -> Bitmap {
    .filled(width: width, height: height, channels: 3) { out in
      pixels.withUnsafeBufferPointer { ink in
        for pixel in 0..<width * height {
          let paper = Int32(ink[4 * pixel + 3])
          for channel in 0..<3 {
            let amount = 255 - Int32(ink[4 * pixel + channel])
            out[3 * pixel + channel] = UInt8(
              truncatingIfNeeded: max(paper - dividedBy255(amount * paper), 0))
          }
        }
      }
    }
  }

  /// RGB without transparency: alpha composited on white, grey repeated.
  ///
  /// The arithmetic is Pillow's `alpha_composite` over an opaque background, which transformers
  /// 5.23 applies before anything else.
  package func compositedOnWhite() -> Bitmap {
    guard channels == 4 else { return greyAsRGB() }
    return .filled(width: width, height: height, channels: 3) { out in
      pixels.withUnsafeBufferPointer { rgba in
        for pixel in 0..<width * height {
          // Weights that add up to 255, with seven extra bits of precision.
          let front = UInt32(rgba[4 * pixel + 3]) << 7
          let back = 255 << 7 - front
          for channel in 0..<3 {
            let mixed = UInt32(rgba[4 * pixel + channel]) * front + 255 * back + 0x80 << 7
            out[3 * pixel + channel] = UInt8(
              truncatingIfNeeded: (mixed >> 8 + mixed) >> 15)
          }
        }
      }
    }
  }

  /// RGB with alpha left out, whatever colour hides behind it; grey repeated.
  package func droppingAlpha() -> Bitmap {
    guard channels == 4 else { return greyAsRGB() }
    return .filled(width: width, height: height, channels: 3) { out in
      pixels.withUnsafeBufferPointer { rgba in
        for pixel in 0..<width * height {
          for channel in 0..<3 { out[3 * pixel + channel] = rgba[4 * pixel + channel] }
        }
      }
    }
  }
}
