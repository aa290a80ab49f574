import Media

/// A decoded picture as augmentation reads it: RGBA of 8 bits, colours multiplied by alpha so that
/// interpolation does not bleed what hides behind transparent pixels, with a border of one pixel
/// that repeats the edge so that interpolation needs no test at it.
package struct CachedPicture: Sendable {
  /// Without the border; at least 1.
  package let width: Int
  package let height: Int
  /// `[height + 2, width + 2, 4]`.
  let pixels: [UInt8]

  var rowBytes: Int { (width + 2) * 4 }

  /// What keeping it costs.
  var byteCount: Int { pixels.count }

  package init(_ bitmap: Bitmap) {
    width = bitmap.width
    height = bitmap.height
    let (width, height, channels) = (bitmap.width, bitmap.height, bitmap.channels)
    let count = (width + 2) * (height + 2) * 4
    pixels = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
      bitmap.pixels.withUnsafeBufferPointer { samples in
        for row in 0..<height + 2 {
          let line = min(max(row - 1, 0), height - 1) * width
          for column in 0..<width + 2 {
            let source = (line + min(max(column - 1, 0), width - 1)) * channels
            let target = (row * (width + 2) + column) * 4
            let alpha = channels == 4 ? UInt32(samples[source + 3]) : 255
            for channel in 0..<3 {
              let sample = UInt32(samples[source + (channels == 1 ? 0 : channel)])
              out[target + channel] = UInt8(truncatingIfNeeded: (sample * alpha + 127) / 255)
            }
            out[target + 3] = UInt8(truncatingIfNeeded: alpha)
          }
        }
      }
      filled = count
    }
  }

  /// The size of a picture whose longer side becomes `side`; no side is ever empty.
  static func fitted(width: Int, height: Int, side: Int) -> (width: Int, height: Int) {
    let ratio = Double(max(width, height)) / Double(side)
    func divided(_ length: Int) -> Int {
      max(Int((Double(length) / ratio).rounded(.toNearestOrEven)), 1)
    }
    return (divided(width), divided(height))
  }
}
