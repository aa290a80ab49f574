/// What a file says beside its pixels, as far as it concerns how the picture stands.
struct ImageMetadata {
  /// A TIFF structure, with or without the "Exif" prefix.
  var exif: ByteView?
  /// An XMP packet.
  var xmp: ByteView?

  /// EXIF decides; XMP only where EXIF does not mention orientation, as in Pillow. Metadata that
  /// cannot be read says nothing: a picture is not refused for it.
  var orientation: Orientation {
    let value = exif.flatMap(Self.exifOrientation) ?? xmp.flatMap(Self.xmpOrientation)
    return value.flatMap(Orientation.init) ?? .upright
  }

  private static let orientationTag = 0x0112

  /// The value of tag 0x0112 in the first directory of a TIFF structure (TIFF 6.0, section 2).
  private static func exifOrientation(_ block: ByteView) -> Int? {
    var tiff = block
    for _ in 0..<2 where tiff.hasPrefix("Exif\0\0") { tiff = tiff.dropFirst(6) }
    let endian: ByteView.Endian
    switch (tiff.byte(0), tiff.byte(1)) {
    case (0x49, 0x49): endian = .little
    case (0x4D, 0x4D): endian = .big
    default: return nil
    }
    guard let directory = tiff.u32(4, endian), let count = tiff.u16(directory, endian) else {
      return nil
    }
    for index in 0..<count {
      let entry = directory + 2 + index * 12
      guard let tag = tiff.u16(entry, endian) else { return nil }
      guard tag == orientationTag else { continue }
      guard tiff.u32(entry + 4, endian) == 1 else { return nil }
      switch tiff.u16(entry + 2, endian) {
      case 3, 8: return tiff.u16(entry + 8, endian)
      case 4, 9: return tiff.u32(entry + 8, endian)
      default: return nil
      }
    }
    return nil
  }

  /// The digit in `tiff:Orientation="6"` or `<tiff:Orientation>6`.
  private static func xmpOrientation(_ packet: ByteView) -> Int? {
    var rest = packet
    while let start = rest.offset(of: "tiff:Orientation") {
      let after = rest.dropFirst(start + 16)
      let value =
        after.hasPrefix("=\"") ? after.byte(2) : after.hasPrefix(">") ? after.byte(1) : nil
      if let value, (0x30...0x39).contains(value) { return Int(value) - 0x30 }
      rest = after
    }
    return nil
  }
}
