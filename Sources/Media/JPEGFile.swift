import CCodecs

/// JPEG, through libjpeg-turbo.
///
/// The markers up to the first scan are read here, by the rules of Pillow's parser, so that size
/// and layers are known and judged before the codec sees the file.
struct JPEGFile {
  private var width = 0
  private var height = 0
  private var layers = 0
  private var exif: [UInt8]?
  private var xmp: ByteView?
  private let file: ByteView
  private let source: String

  static func decode(
    _ file: ByteView, source: String, budget: DecodeBudget, watch: DecodingWatch
  ) throws(MediaError) -> DecodedImage {
    let header = try JPEGFile(file, source: source, watch: watch)
    return try header.decode(budget: budget, watch: watch)
  }

  private func decode(
    budget: DecodeBudget, watch: DecodingWatch
  ) throws(MediaError) -> DecodedImage {
    try budget.check(
      width: width, height: height, bytesPerPixel: max(layers, 3), source: source)
    var failure = gaze_failure()
    var decoded = false
    let stored = Bitmap.filled(width: width, height: height, channels: layers) { samples in
      decoded = file.bytes.withUnsafeBufferPointer { input in
        watch.lent { cancellation in
          gaze_jpeg_decode(
            input.baseAddress, input.count, UInt32(width), UInt32(height), Int32(layers),
            samples.baseAddress, samples.count, cancellation, &failure)
        }
      }
    }
    guard decoded else { throw failure.error(source: source, format: .jpeg) }
    let colour =
      switch layers {
      case 1: try stored.greyAsRGB(asking: watch.check(after:))
      case 4: try stored.inkAsRGB(asking: watch.check(after:))
      default: stored
      }
    let orientation = ImageMetadata(exif: exif.map { ByteView($0) }, xmp: xmp).orientation
    return DecodedImage(
      bitmap: try orientation.applied(to: colour, asking: watch.check(after:)), format: .jpeg,
      storedWidth: width, storedHeight: height, orientation: orientation, notes: [])
  }

  private func damaged(_ problem: String) -> MediaError {
    .damaged(source: source, format: .jpeg, problem: problem)
  }

  // MARK: Markers

  private init(_ file: ByteView, source: String, watch: DecodingWatch) throws(MediaError) {
    self.file = file
    self.source = source
    var (last, place) = (0, 2)
    while try !readMarker(at: &place) {
      try watch.check(after: place - last)
      last = place
    }
    guard layers > 0 else { throw damaged("no frame header before the first scan") }
    guard width > 0, height > 0 else { throw damaged("\(width)×\(height) pixels") }
  }

  /// Reads one marker and moves past it. Answers true at the start of the first scan.
  private mutating func readMarker(at place: inout Int) throws(MediaError) -> Bool {
    guard let byte = file.byte(place), let marker = file.byte(place + 1) else {
      throw damaged("the file is truncated")
    }
    guard byte == 0xFF, marker != 0xFF else {
      place += 1
      return false
    }
    place += 2
    switch marker {
    case 0x00, 0xC8, 0xD0...0xD9, 0xF0...0xFD: return false
    case 0x01...0xBF, 0xFF: throw damaged("no marker where one should be")
    default: break
    }
    guard let length = file.u16(place),
      let segment = file.part(place + 2, count: max(length - 2, 0))
    else { throw damaged("the file is truncated") }
    place += 2 + segment.count
    switch marker {
    case 0xDA: return true
    case 0xE1: readApplication(segment)
    case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF, 0xDE:
      try readFrame(segment, marker: marker)
    default: break
    }
    return false
  }

  private mutating func readApplication(_ segment: ByteView) {
    if segment.hasPrefix("Exif\0\0") {
      // A block longer than one segment goes on in the next. It grows in place: a file may consist
      // of such segments, and a copy for each would take time quadratic in its length.
      if exif == nil {
        exif = Array(segment.bytes)
      } else {
        exif?.append(contentsOf: segment.bytes.dropFirst(6))
      }
    } else if segment.hasPrefix("http://ns.adobe.com/xap/1.0/\0") {
      xmp = segment.dropFirst(29)
    }
  }

  private mutating func readFrame(_ segment: ByteView, marker: UInt8) throws(MediaError) {
    guard let bits = segment.byte(0), let height = segment.u16(1), let width = segment.u16(3),
      let layers = segment.byte(5)
    else { throw damaged("the frame header is cut short") }
    guard bits == 8 else { throw unsupported("\(bits)-bit samples") }
    guard layers == 1 || layers == 3 || layers == 4 else {
      throw unsupported("\(layers) colour components")
    }
    // Lossless and hierarchical processes, which the codec would refuse with a number.
    guard ![0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE].contains(marker) else {
      throw unsupported("lossless or hierarchical coding")
    }
    (self.width, self.height, self.layers) = (width, height, Int(layers))
  }

  private func unsupported(_ feature: String) -> MediaError {
    .unsupported(source: source, format: .jpeg, feature: feature)
  }
}
