import CCodecs

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes pictures, losslessly.
package enum PNGWriter {
  /// The picture as the bytes of a PNG file: 8 bits per sample, grey, RGB or RGBA as it comes.
  ///
  /// - Throws: ``MediaError/encoding(format:problem:)`` if a side exceeds 2³¹ − 1 or memory runs
  ///   out.
  package static func encode(_ bitmap: Bitmap) throws(MediaError) -> [UInt8] {
    guard let width = Int32(exactly: bitmap.width), let height = Int32(exactly: bitmap.height)
    else {
      throw .encoding(format: .png, problem: "a side has more than \(Int32.max) pixels")
    }
    var failure = gaze_failure()
    var encoded: UnsafeMutablePointer<UInt8>?
    var count = 0
    let written = bitmap.pixels.withUnsafeBufferPointer { pixels in
      gaze_png_encode(
        pixels.baseAddress, UInt32(width), UInt32(height), Int32(bitmap.channels), &encoded, &count,
        &failure)
    }
    guard written, let encoded else { throw .encoding(format: .png, problem: failure.text) }
    defer { free(encoded) }
    return [UInt8](UnsafeBufferPointer(start: encoded, count: count))
  }
}
