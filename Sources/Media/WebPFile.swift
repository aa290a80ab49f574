import CCodecs

/// WebP, through libwebp. Animated files show their first frame on a clear canvas, as in Pillow.
///
/// libwebp decodes a picture in one call and asks nobody meanwhile. Feeding it piece by piece would
/// not help: an evenly coloured picture is a few bytes however large it is. A call that takes long
/// is left behind on a thread of its own instead.
enum WebPFile {
  /// Pixels from which decoding takes long enough to need a thread, some tens of milliseconds.
  private static let large = 1 << 22

  /// The first frame, RGBA, and what else the file holds.
  private struct Contents: Sendable {
    let canvas: Bitmap
    let orientation: Orientation
    let frames: Int
  }

  static func decode(
    _ file: ByteView, source: String, budget: DecodeBudget, watch: DecodingWatch
  ) throws(MediaError) -> DecodedImage {
    var failure = gaze_failure()
    var header = gaze_webp_header()
    let understood = file.bytes.withUnsafeBufferPointer {
      gaze_webp_read_header($0.baseAddress, $0.count, &header, &failure)
    }
    guard understood else { throw failure.error(source: source, format: .webp) }
    let (width, height) = (Int(header.width), Int(header.height))
    try budget.check(width: width, height: height, bytesPerPixel: 4, source: source)
    try watch.check()
    let contents =
      width * height < large
      ? try read(file, header, source: source)
      : try AbandonableWork.value(unless: watch) { [header] () throws(MediaError) in
        try read(file, header, source: source)
      }
    let bitmap =
      header.has_alpha
      ? contents.canvas : try contents.canvas.droppingAlpha(asking: watch.check(after:))
    return DecodedImage(
      bitmap: try contents.orientation.applied(to: bitmap, asking: watch.check(after:)),
      format: .webp, storedWidth: width, storedHeight: height, orientation: contents.orientation,
      notes: animationNotes(frames: contents.frames))
  }

  private static func read(
    _ file: ByteView, _ header: gaze_webp_header, source: String
  ) throws(MediaError) -> Contents {
    var failure = gaze_failure()
    var extras = gaze_webp_extras()
    defer { gaze_webp_release(&extras) }
    let (width, height) = (Int(header.width), Int(header.height))
    var decoded = false
    let canvas = Bitmap.filled(width: width, height: height, channels: 4) { samples in
      decoded = file.bytes.withUnsafeBufferPointer { input in
        gaze_webp_decode(
          input.baseAddress, input.count, header, samples.baseAddress, samples.count, &extras,
          &failure)
      }
    }
    guard decoded else { throw failure.error(source: source, format: .webp) }
    return Contents(
      canvas: canvas,
      orientation: ImageMetadata(exif: extras.exif.view, xmp: extras.xmp.view).orientation,
      frames: Int(extras.frames))
  }
}
