import CCodecs

/// PNG, through libpng. Animated files show their default image, as in Pillow.
///
/// libpng unpacks and deinterlaces; samples become RGB or RGBA in `PNGColour.swift`, by Pillow's
/// rules. The chunks are also walked here, to know the size before the codec sees the file and to
/// refuse the files that Pillow refuses: before the pixels every checksum must hold, after them
/// only lengths count.
struct PNGFile {
  private var header = gaze_png_header()
  /// Frames of an animation, 1 for a still picture.
  private var frames = 1
  private let source: String

  static func decode(
    _ file: ByteView, source: String, budget: DecodeBudget, watch: DecodingWatch
  ) throws(MediaError) -> DecodedImage {
    let png = try PNGFile(file, source: source, watch: watch)
    return try png.decode(file, budget: budget, watch: watch)
  }

  private func decode(
    _ file: ByteView, budget: DecodeBudget, watch: DecodingWatch
  ) throws(MediaError) -> DecodedImage {
    let (width, height) = (Int(header.width), Int(header.height))
    let bytesPerPixel = gaze_png_bytes_per_pixel(header.bit_depth, header.colour_type)
    try budget.check(
      width: width, height: height, bytesPerPixel: max(bytesPerPixel, 4), source: source)
    var failure = gaze_failure()
    var extras = gaze_png_extras()
    defer { gaze_png_release(&extras) }
    var decoded = false
    let count = width * height * bytesPerPixel
    let samples = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      decoded = file.bytes.withUnsafeBufferPointer { input in
        watch.lent { cancellation in
          gaze_png_decode(
            input.baseAddress, input.count, header, buffer.baseAddress, count, cancellation,
            &extras, &failure)
        }
      }
      initialized = decoded ? count : 0
    }
    guard decoded else { throw failure.error(source: source, format: .png) }
    let colour = PNGColour(header: header, extras: extras, watch: watch)
    let orientation = ImageMetadata(extras).orientation
    let bitmap = try colour.bitmap(samples)
    return DecodedImage(
      bitmap: try orientation.applied(to: bitmap, asking: watch.check(after:)), format: .png,
      storedWidth: width, storedHeight: height, orientation: orientation,
      notes: animationNotes(frames: frames))
  }

  private func damaged(_ problem: String) -> MediaError {
    .damaged(source: source, format: .png, problem: problem)
  }

  // MARK: Chunks

  private init(_ file: ByteView, source: String, watch: DecodingWatch) throws(MediaError) {
    self.source = source
    var place = 8
    var (seesHeader, seesPixels) = (false, false)
    // The walk ends at IEND, at the second frame of an animation, or where no further chunk begins.
    // Whether the pixels themselves are complete is for the codec to say.
    while let length = file.u32(place), let name = file.part(place + 4, count: 4) {
      if name.hasPrefix("IEND") || !name.bytes.allSatisfy(Self.isNameByte) { break }
      if seesPixels && frames > 1 && name.hasPrefix("fcTL") { break }
      let isPixels = name.hasPrefix("IDAT")
      seesPixels = seesPixels || isPixels
      guard let chunk = file.part(place + 4, count: 4 + length) else {
        if isPixels { break }
        throw damaged("the file is truncated")
      }
      if !seesPixels {
        guard file.u32(place + 8 + length) == Int(CRC32.of(chunk.bytes)) else {
          throw damaged(
            "wrong checksum in its \(String(decoding: name.bytes, as: UTF8.self)) chunk")
        }
        try read(chunk, isFirst: !seesHeader)
        seesHeader = true
      }
      try watch.check(after: length)
      place += 12 + length
    }
    guard seesHeader else { throw damaged("the file is truncated") }
    guard seesPixels else { throw damaged("it has no pixels") }
  }

  private mutating func read(_ chunk: ByteView, isFirst: Bool) throws(MediaError) {
    let data = chunk.dropFirst(4)
    if isFirst {
      guard chunk.hasPrefix("IHDR"), let width = data.u32(0), let height = data.u32(4),
        let depth = data.byte(8), let colour = data.byte(9)
      else { throw damaged("it does not begin with a header") }
      guard (1...0x7FFF_FFFF).contains(width), (1...0x7FFF_FFFF).contains(height) else {
        throw damaged("\(width)×\(height) pixels")
      }
      header = gaze_png_header(
        width: UInt32(width), height: UInt32(height), bit_depth: Int32(depth),
        colour_type: Int32(colour))
      guard [0, 2, 3, 4, 6].contains(colour), [1, 2, 4, 8, 16].contains(depth) else {
        throw damaged("colour type \(colour) with \(depth)-bit samples")
      }
    } else if chunk.hasPrefix("acTL"), let count = data.u32(0), count > 0 {
      frames = count
    }
  }

  /// Whether a chunk's name may hold this byte: letters, and what Pillow lets pass beside them.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x5F: true
    default: false
    }
  }
}

extension ImageMetadata {
  /// What a PNG says in `eXIf`, in the hexadecimal text that ImageMagick writes, or in XMP.
  init(_ extras: gaze_png_extras) {
    exif = extras.exif.view ?? extras.raw_exif.view.flatMap(Self.profile)
    xmp = extras.xmp.view
  }

  /// The bytes of "Raw profile type exif": a name, a length, then hexadecimal digits in lines.
  private static func profile(_ text: ByteView) -> ByteView? {
    let lines = text.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    let digits = lines.dropFirst(3).joined().compactMap {
      Character(UnicodeScalar($0)).hexDigitValue
    }
    guard digits.count >= 2 else { return nil }
    return ByteView(
      stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(truncatingIfNeeded: digits[$0] << 4 | digits[$0 + 1])
      })
  }
}

extension gaze_chunk {
  /// A copy of the bytes, nil if there are none.
  var view: ByteView? {
    bytes.map { ByteView(Array(UnsafeBufferPointer(start: $0, count: count))) }
  }
}

/// The notes of a file that holds `frames` pictures, of which the first is shown.
func animationNotes(frames: Int) -> [String] {
  frames > 1 ? ["animated: first of \(frames) frames shown"] : []
}
