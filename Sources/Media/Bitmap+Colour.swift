// Colour conversions with Pillow's integer arithmetic.

/// a·b/255 rounded, for a, b in 0...255: Pillow's MULDIV255.
@inline(__always)
func dividedBy255(_ product: Int32) -> Int32 {
  let biased = product &+ 128
  return (biased &+ (biased >> 8)) >> 8
}

extension Bitmap {
  /// A picture made pixel by pixel.
  ///
  /// - Parameters:
  ///   - stride: bytes per pixel of `samples`.
  ///   - check: told of the bytes about to be written, every few thousand pixels; ends the work by
  ///     throwing.
  @inline(__always)
  static func converted<Failure>(
    _ samples: [UInt8], stride: Int, width: Int, height: Int, channels: Int,
    asking check: (_ bytes: Int) throws(Failure) -> Void,
    _ convert: (_ pixel: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt8>) -> Void
  ) throws(Failure) -> Bitmap {
    let batch = 1 << 14
    return try .filled(width: width, height: height, channels: channels) { out throws(Failure) in
      try samples.withUnsafeBufferPointer { samples throws(Failure) in
        guard let from = samples.baseAddress, let to = out.baseAddress else { return }
        for start in Swift.stride(from: 0, to: width * height, by: batch) {
          let end = min(start + batch, width * height)
          try check((end - start) * channels)
          for pixel in start..<end { convert(from + pixel * stride, to + pixel * channels) }
        }
      }
    }
  }

  /// Each pixel of this picture converted to RGB.
  @inline(__always)
  private func asRGB<Failure>(
    asking check: (_ bytes: Int) throws(Failure) -> Void,
    _ convert: (_ pixel: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt8>) -> Void
  ) throws(Failure) -> Bitmap {
    try .converted(
      pixels, stride: channels, width: width, height: height, channels: 3, asking: check, convert)
  }

  /// Grey repeated over red, green and blue; any other picture unchanged.
  package func greyAsRGB() -> Bitmap { greyAsRGB { _ in } }

  /// The same, unless `check` throws.
  func greyAsRGB<Failure>(
    asking check: (_ bytes: Int) throws(Failure) -> Void
  ) throws(Failure) -> Bitmap {
    guard channels == 1 else { return self }
    return try asRGB(asking: check) { pixel, out in
      (out[0], out[1], out[2]) = (pixel[0], pixel[0], pixel[0])
    }
  }

  /// CMYK as Adobe stores it in JPEG, inverted, to RGB: with every ink complemented, a channel is
  /// `paper - ink * paper / 255` where `paper` is what black leaves.
  func inkAsRGB<Failure>(
    asking check: (_ bytes: Int) throws(Failure) -> Void
  ) throws(Failure) -> Bitmap {
    try asRGB(asking: check) { ink, out in
      let paper = Int32(ink[3])
      for channel in 0..<3 {
        let amount = 255 - Int32(ink[channel])
        out[channel] = UInt8(truncatingIfNeeded: max(paper - dividedBy255(amount * paper), 0))
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
  package func droppingAlpha() -> Bitmap { droppingAlpha { _ in } }

  /// The same, unless `check` throws.
  func droppingAlpha<Failure>(
    asking check: (_ bytes: Int) throws(Failure) -> Void
  ) throws(Failure) -> Bitmap {
    guard channels == 4 else { return try greyAsRGB(asking: check) }
    return try asRGB(asking: check) { rgba, out in
      for channel in 0..<3 { out[channel] = rgba[channel] }
    }
  }
}
