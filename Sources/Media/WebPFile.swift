import CCodecs

/// WebP, through libwebp. Animated files show their first frame on a clear canvas, as in Pillow.
enum WebPFile {
  static func decode(
    _ file: ByteView, source: String, budget: DecodeBudget
  ) throws(MediaError) -> DecodedImage {
    var failure = gaze_failure()
    var header = gaze_webp_header()
    let understood = file.bytes.withUnsafeBufferPointer {
      gaze_webp_read_header($0.baseAddress, $0.count, &header, &failure)
    }
    guard understood else {
      throw .damaged(source: source, format: .webp, problem: failure.text)
    }
    let (width, height) = (Int(header.width), Int(header.height))
    try budget.check(width: width, height: height, bytesPerPixel: 4, source: source)
    var extras = gaze_webp_extras()
    defer { gaze_webp_release(&extras) }
    var decoded = false
    let canvas = Bitmap.filled(width: width, height: height, channels: 4) { samples in
      decoded = file.bytes.withUnsafeBufferPointer { input in
        gaze_webp_decode(
          input.baseAddress, input.count, header, samples.baseAddress, samples.count, &extras,
          &failure)
      }
    }
    guard decoded else {
      throw .damaged(source: source, format: .webp, problem: failure.text)
    }
    let orientation = ImageMetadata(exif: extras.exif.view, xmp: extras.xmp.view).orientation
    let bitmap = header.has_alpha ? canvas : canvas.droppingAlpha()
    return DecodedImage(
      bitmap: orientation.applied(to: bitmap), format: .webp, storedWidth: width,
      storedHeight: height, orientation: orientation,
      notes: animationNotes(frames: Int(extras.frames)))
  }
}
