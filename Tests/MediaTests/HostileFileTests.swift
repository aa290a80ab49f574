import TestSupport
import Testing

@testable import Media

/// Files that nobody wrote with good intentions. What matters is that each is decoded or refused:
/// a crash would end the whole run.
@Suite struct HostileFileTests {
  private static let small = DecodeBudget(pixels: 1 << 20)

  /// Whether the file was decoded; if so, the bitmap adds up.
  private func survives(_ bytes: [UInt8]) -> Bool {
    do throws(MediaError) {
      let bitmap = try ImageFile.decode(
        bytes: bytes, source: "hostile", budget: HostileFileTests.small
      ).bitmap
      #expect(bitmap.pixels.count == bitmap.width * bitmap.height * bitmap.channels)
      return true
    } catch {
      #expect(error.description.hasPrefix("hostile: "))
      return false
    }
  }

  static let seeds = [
    "png/rgb-8-interlaced.png", "png/palette-alpha-4.png", "png/grey-16.png", "png/animated.png",
    "png/exif-text.png", "png/xmp.png", "jpeg/420-progressive.jpg", "jpeg/exif-6.jpg",
    "jpeg/cmyk.jpg", "jpeg/restarts.jpg", "jpeg/411.jpg", "webp/lossy.webp", "webp/lossless.webp",
    "webp/lossy-alpha.webp", "webp/animated-clear.webp", "webp/exif.webp",
  ]

  @Test(arguments: seeds)
  func survivesMutations(_ file: String) throws {
    let original = try Picture.bytes(of: file)
    var random = Splitmix(seed: UInt64(original.count))
    var refused = 0
    for _ in 0..<Mutations.count(400) {
      var bytes = original
      for _ in 0...random.below(4) {
        let place = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = UInt8(random.below(256))
        case 2: bytes[place] = [0, 0xFF, 0x7F, 0x80][random.below(4)]
        case 3: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place..<min(place + 8, bytes.count)], at: place)
        }
      }
      if !survives(bytes) { refused += 1 }
    }
    #expect(refused > 0, "mutations that no decoder notices test nothing")
  }

  /// PNG guards everything by checksums, so mutations that reach the inside must mend them.
  @Test(arguments: seeds.filter { $0.hasPrefix("png") })
  func survivesMutationsBehindValidChecksums(_ file: String) throws {
    let original = try Picture.bytes(of: file)
    var random = Splitmix(seed: 5)
    for _ in 0..<Mutations.count(400) {
      var bytes = original
      for _ in 0...random.below(3) {
        bytes[8 + random.below(bytes.count - 8)] = UInt8(random.below(256))
      }
      _ = survives(withValidChecksums(bytes))
    }
  }

  @Test(arguments: ["png/split.png", "jpeg/420-16x16.jpg", "webp/lossless.webp"])
  func survivesEveryCutAndEverySingleByte(_ file: String) throws {
    let original = try Picture.bytes(of: file)
    for length in 0..<original.count {
      _ = survives(Array(original[..<length]))
      for value: UInt8 in [0, 1, 0x7F, 0xFF] {
        var bytes = original
        bytes[length] = value
        _ = survives(bytes)
      }
    }
  }

  @Test func refusesHugeDimensionsBeforeAllocating() throws {
    // 65,535 × 65,535 in a JPEG's frame header.
    var jpeg = try Picture.bytes(of: "jpeg/420-16x16.jpg")
    let frame = try #require(
      jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(
      throws: MediaError.tooManyPixels(
        source: "a.jpg", width: 65535, height: 65535, limit: 178_956_970)
    ) { try ImageFile.decode(bytes: jpeg, source: "a.jpg") }

    // 2³¹ − 1 on each side of a PNG.
    var png = try Picture.bytes(of: "png/split.png")
    png.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
    #expect(
      throws: MediaError.tooManyPixels(
        source: "a.png", width: 2_147_483_647, height: 2_147_483_647, limit: 178_956_970)
    ) { try ImageFile.decode(bytes: withValidChecksums(png), source: "a.png") }

    // 2²⁴ on each side of a WebP canvas.
    var webp = try Picture.bytes(of: "webp/exif.webp")
    webp.replaceSubrange(24..<30, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: MediaError.self) { try ImageFile.decode(bytes: webp, source: "a.webp") }
  }

  @Test func keepsToTheCallersBudget() throws {
    let bytes = try Picture.bytes(of: "png/rgb-16.png")  // 23 × 19, six bytes per stored pixel
    let enough = DecodeBudget(pixels: 437, bytes: 437 * 6)
    #expect(throws: Never.self) { try ImageFile.decode(bytes: bytes, source: "a", budget: enough) }
    #expect(throws: MediaError.tooManyPixels(source: "a", width: 23, height: 19, limit: 436)) {
      try ImageFile.decode(bytes: bytes, source: "a", budget: DecodeBudget(pixels: 436))
    }
    let short = DecodeBudget(pixels: 437, bytes: 437 * 6 - 1)
    #expect(
      throws: MediaError.tooManyBytes(source: "a", width: 23, height: 19, bytes: 2622, limit: 2621)
    ) { try ImageFile.decode(bytes: bytes, source: "a", budget: short) }
  }

  @Test func refusesEmptySizes() throws {
    var jpeg = try Picture.bytes(of: "jpeg/420-16x16.jpg")
    let frame = try #require(
      jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 7, with: [0, 0])
    #expect(
      throws: MediaError.damaged(source: "a", format: .jpeg, problem: "16×0 pixels")
    ) { try ImageFile.decode(bytes: jpeg, source: "a") }
    var png = try Picture.bytes(of: "png/split.png")
    png.replaceSubrange(16..<20, with: [0, 0, 0, 0])
    #expect(
      throws: MediaError.damaged(source: "a", format: .png, problem: "0×9 pixels")
    ) { try ImageFile.decode(bytes: withValidChecksums(png), source: "a") }
  }

  @Test func stopsAfterAnAbsurdNumberOfScans() throws {
    // The last scan of a progressive file, over and over.
    let bytes = try Picture.bytes(of: "jpeg/grey-progressive.jpg")
    let scan = try #require(
      bytes.indices.dropLast().last { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })
    let repeated = Array(repeating: bytes[scan..<bytes.count - 2], count: 600).flatMap { $0 }
    #expect(
      throws: MediaError.damaged(source: "a", format: .jpeg, problem: "more than 500 scans")
    ) { try ImageFile.decode(bytes: bytes[..<scan] + repeated + [0xFF, 0xD9], source: "a") }
  }

  @Test func saysWhatIsWrong() throws {
    func message(_ bytes: [UInt8]) -> String {
      do throws(MediaError) {
        _ = try ImageFile.decode(bytes: bytes, source: "x")
        return "decoded"
      } catch { return error.description }
    }
    #expect(message([]) == "x: the file is empty")
    #expect(
      message(Array("GIF89a".utf8)) == "x: not a picture in a known format; use JPEG, PNG or WebP")
    let jpeg = try Picture.bytes(of: "jpeg/420-16x16.jpg")
    #expect(message(Array(jpeg.dropLast(40))) == "x: damaged JPEG file: the file is truncated")
    var png = try Picture.bytes(of: "png/split.png")
    png[20] ^= 1
    #expect(message(png) == "x: damaged PNG file: wrong checksum in its IHDR chunk")
    let webp = try Picture.bytes(of: "webp/lossy.webp")
    #expect(
      message(Array(webp.dropLast(9)))
        == "x: damaged WebP file: the container is broken or truncated")
  }

  /// The same chunks with checksums that hold; what is no chunk stays as it is.
  private func withValidChecksums(_ png: [UInt8]) -> [UInt8] {
    var bytes = png
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard place + 12 + length <= bytes.count else { break }
      let checksum = CRC32.of(bytes[place + 4..<place + 8 + length])
      for index in 0..<4 {
        bytes[place + 8 + length + index] = UInt8(
          truncatingIfNeeded: checksum >> (24 - 8 * UInt32(index)))
      }
      place += 12 + length
    }
    return bytes
  }
}
