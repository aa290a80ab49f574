/// A format that ``ImageFile`` decodes.
package enum ImageFormat: String, Sendable, Equatable {
  case jpeg, png, webp

  /// As people write it.
  package var name: String {
    switch self {
    case .jpeg: "JPEG"
    case .png: "PNG"
    case .webp: "WebP"
    }
  }
}

/// What decoding one picture may cost. Checked against the header, before anything is allocated.
package struct DecodeBudget: Sendable, Equatable {
  /// Width × height.
  package var pixels: Int
  /// The largest single buffer that decoding fills. The peak is at most two such buffers, and the
  /// codec's own.
  package var bytes: Int

  /// - Parameter bytes: four per pixel when nil.
  package init(pixels: Int, bytes: Int? = nil) {
    self.pixels = pixels
    let perPixel = pixels.multipliedReportingOverflow(by: 4)
    self.bytes = bytes ?? (perPixel.overflow ? .max : perPixel.partialValue)
  }

  /// The size from which Pillow refuses a picture as a decompression bomb.
  package static let standard = DecodeBudget(pixels: 178_956_970)

  /// - Throws: ``MediaError`` if a picture of this size is over budget.
  func check(
    width: Int, height: Int, bytesPerPixel: Int, source: String
  ) throws(MediaError) {
    let area = width.multipliedReportingOverflow(by: height)
    guard !area.overflow, area.partialValue <= pixels else {
      throw .tooManyPixels(source: source, width: width, height: height, limit: pixels)
    }
    let size = area.partialValue.multipliedReportingOverflow(by: bytesPerPixel)
    guard !size.overflow, size.partialValue <= bytes else {
      throw .tooManyBytes(
        source: source, width: width, height: height,
        bytes: size.overflow ? .max : size.partialValue, limit: bytes)
    }
  }
}

/// A picture as its file means it to be seen.
package struct DecodedImage: Sendable {
  /// RGB, or RGBA where the file knows transparency; turned upright.
  package let bitmap: Bitmap
  package let format: ImageFormat
  /// Columns and rows as the file stores them, before turning.
  package let storedWidth: Int
  package let storedHeight: Int
  /// How the stored picture was turned to become ``bitmap``.
  package let orientation: Orientation
  /// What a user should know: "animated: first of 12 frames shown".
  package let notes: [String]
}

/// Decodes pictures, with the same pixels as Pillow 13's
/// `ImageOps.exif_transpose(Image.open(f)).convert("RGB")` (`"RGBA"` where the file has alpha).
///
/// One exception: 16-bit grey is scaled by 1/257 and rounded, where Pillow clips at 255.
package enum ImageFile {
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - source: what errors call the file.
  ///   - isCancelled: asked every few rows.
  /// - Throws: ``MediaError``, for an unknown format, a damaged or truncated file, or a picture
  ///   that is over budget; ``MediaError/cancelled`` soon after `isCancelled` answers true.
  package static func decode(
    bytes: [UInt8], source: String, budget: DecodeBudget = .standard,
    unless isCancelled: @escaping () -> Bool = { false }
  ) throws(MediaError) -> DecodedImage {
    guard !bytes.isEmpty else { throw .emptyFile(source: source) }
    let file = ByteView(bytes)
    let watch = DecodingWatch(unless: isCancelled)
    if file.hasPrefix([0xFF, 0xD8, 0xFF]) {
      return try JPEGFile.decode(file, source: source, budget: budget, watch: watch)
    }
    if file.hasPrefix([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      return try PNGFile.decode(file, source: source, budget: budget, watch: watch)
    }
    if file.hasPrefix("RIFF"), file.dropFirst(8).hasPrefix("WEBPVP8") {
      return try WebPFile.decode(file, source: source, budget: budget, watch: watch)
    }
    throw .unknownFormat(source: source)
  }
}
