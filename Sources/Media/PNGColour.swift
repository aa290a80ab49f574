import CCodecs

/// How the samples of a PNG become RGB or RGBA, by the rules of Pillow 13.
///
/// - 1, 2 and 4-bit grey is spread over 0...255; 16-bit colour keeps its high bytes.
/// - 16-bit grey is scaled by 1/257 and rounded. Pillow would clip it at 255.
/// - A `tRNS` colour is compared with the *spread* 8-bit samples, by its low bytes, as Pillow does;
///   in 16-bit grey with all 16 bits. Matching pixels get alpha 0.
/// - A palette entry that the file lacks is black.
struct PNGColour {
  let header: gaze_png_header
  let extras: gaze_png_extras
  let watch: DecodingWatch

  private enum Kind: Int32 {
    case grey = 0
    case colour = 2
    case palette = 3
    case greyAlpha = 4
    case colourAlpha = 6
  }

  /// - Parameter samples: what `gaze_png_decode` wrote for this header.
  func bitmap(_ samples: [UInt8]) throws(MediaError) -> Bitmap {
    let kind = Kind(rawValue: header.colour_type) ?? .grey
    switch (kind, header.bit_depth) {
    case (.grey, 16): return try wideGrey(samples)
    case (.grey, let depth): return try grey(samples, depth: Int(depth))
    case (.palette, _): return try palette(samples)
    case (.greyAlpha, let depth):
      return try picture(samples, stride: depth == 16 ? 4 : 2, channels: 4) { pixel, out in
        (out[0], out[1], out[2]) = (pixel[0], pixel[0], pixel[0])
        out[3] = pixel[depth == 16 ? 2 : 1]
      }
    case (.colourAlpha, let depth):
      let step = depth == 16 ? 2 : 1
      return try picture(samples, stride: 4 * step, channels: 4) { pixel, out in
        for channel in 0..<4 { out[channel] = pixel[channel * step] }
      }
    case (.colour, let depth):
      return try colour(samples, step: depth == 16 ? 2 : 1)
    }
  }

  private func colour(_ samples: [UInt8], step: Int) throws(MediaError) -> Bitmap {
    guard extras.has_transparency else {
      return try picture(samples, stride: 3 * step, channels: 3) { pixel, out in
        for channel in 0..<3 { out[channel] = pixel[channel * step] }
      }
    }
    let wanted = extras.transparent
    let (red, green, blue) = (lowByte(wanted.0), lowByte(wanted.1), lowByte(wanted.2))
    return try picture(samples, stride: 3 * step, channels: 4) { pixel, out in
      for channel in 0..<3 { out[channel] = pixel[channel * step] }
      out[3] = out[0] == red && out[1] == green && out[2] == blue ? 0 : 255
    }
  }

  private func grey(_ samples: [UInt8], depth: Int) throws(MediaError) -> Bitmap {
    let spread = UInt8(255 / (1 << depth - 1))
    guard extras.has_transparency else {
      return try picture(samples, stride: 1, channels: 3) { pixel, out in
        let value = pixel[0] &* spread
        (out[0], out[1], out[2]) = (value, value, value)
      }
    }
    // One bit is either end of the scale; the other depths go by the number in the file.
    let raw = extras.transparent.0
    let clear: UInt8 = depth == 1 ? (raw == 0 ? 0 : 255) : lowByte(raw)
    return try picture(samples, stride: 1, channels: 4) { pixel, out in
      let value = pixel[0] &* spread
      (out[0], out[1], out[2], out[3]) = (value, value, value, value == clear ? 0 : 255)
    }
  }

  private func wideGrey(_ samples: [UInt8]) throws(MediaError) -> Bitmap {
    let clear = extras.has_transparency ? Int(extras.transparent.0) : -1
    let channels = extras.has_transparency ? 4 : 3
    return try picture(samples, stride: 2, channels: channels) { pixel, out in
      let wide = Int(pixel[0]) << 8 | Int(pixel[1])
      let value = UInt8(truncatingIfNeeded: (wide + 128) / 257)
      (out[0], out[1], out[2]) = (value, value, value)
      if channels == 4 { out[3] = wide == clear ? 0 : 255 }
    }
  }

  private func palette(_ samples: [UInt8]) throws(MediaError) -> Bitmap {
    let channels = extras.has_transparency ? 4 : 3
    return try withUnsafeBytes(of: extras.palette) { colours throws(MediaError) in
      try withUnsafeBytes(of: extras.palette_alpha) { alpha throws(MediaError) in
        try picture(samples, stride: 1, channels: channels) { pixel, out in
          let entry = Int(pixel[0])
          for channel in 0..<3 { out[channel] = colours[3 * entry + channel] }
          if channels == 4 { out[3] = alpha[entry] }
        }
      }
    }
  }

  private func lowByte(_ value: UInt16) -> UInt8 { UInt8(truncatingIfNeeded: value) }

  /// A picture made pixel by pixel; `stride` is bytes per pixel of `samples`.
  @inline(__always)
  private func picture(
    _ samples: [UInt8], stride: Int, channels: Int,
    _ convert: (_ pixel: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt8>) -> Void
  ) throws(MediaError) -> Bitmap {
    try .converted(
      samples, stride: stride, width: Int(header.width), height: Int(header.height),
      channels: channels, asking: watch.check(after:), convert)
  }
}
