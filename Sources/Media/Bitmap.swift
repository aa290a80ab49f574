/// An 8-bit picture: rows from the top, pixels from the left, channels interleaved.
package struct Bitmap: Sendable, Equatable {
  /// Columns; at least 1.
  package let width: Int
  /// Rows; at least 1.
  package let height: Int
  /// 1 grey, 3 red-green-blue, 4 red-green-blue-alpha (alpha not multiplied in).
  package let channels: Int
  /// `height * width * channels` samples.
  package let pixels: [UInt8]

  /// - Throws: ``MediaError/bitmapShape(width:height:channels:samples:)`` unless `pixels` holds
  ///   exactly `height * width * channels` samples of a picture that is not empty.
  package init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(MediaError) {
    let row = width.multipliedReportingOverflow(by: channels)
    let all = row.partialValue.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, [1, 3, 4].contains(channels), !row.overflow, !all.overflow,
      pixels.count == all.partialValue
    else {
      throw .bitmapShape(width: width, height: height, channels: channels, samples: pixels.count)
    }
    self.init(uncheckedWidth: width, height: height, channels: channels, pixels: pixels)
  }

  /// For sizes that hold by construction.
  init(uncheckedWidth width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    assert(pixels.count == width * height * channels)
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// A picture whose samples `body` writes, all of them unless it throws.
  static func filled<Failure>(
    width: Int, height: Int, channels: Int,
    _ body: (_ samples: UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Void
  ) throws(Failure) -> Bitmap {
    let count = width * height * channels
    var failure: Failure?
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(Failure) {
        try body(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        initialized = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return Bitmap(uncheckedWidth: width, height: height, channels: channels, pixels: pixels)
  }

  /// Bytes from one row to the next.
  package var stride: Int { width * channels }

  package var hasAlpha: Bool { channels == 4 }
}
