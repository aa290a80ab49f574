import Synchronization
import TestSupport
import Testing

@testable import Media

/// Decoding ends soon after the caller wants no more, and is not changed by being asked.
@Suite struct DecodingCancellationTests {
  /// Counts the questions of a decoder; answers true from the `limit`-th on.
  private final class Questions: Sendable {
    private let asked = Atomic<Int>(0)
    private let limit: Int

    init(cancellingAt limit: Int = .max) { self.limit = limit }

    var count: Int { asked.load(ordering: .relaxed) }

    func ask() -> Bool { asked.add(1, ordering: .relaxed).newValue >= limit }
  }

  private func decode(_ bytes: [UInt8], _ questions: Questions) throws -> Bitmap {
    try ImageFile.decode(bytes: bytes, source: "large", unless: questions.ask).bitmap
  }

  /// Cancels at the first question, at every later one up to twenty, and at the last.
  private func expectCancellable(_ bytes: [UInt8], atLeast least: Int) throws {
    let all = Questions()
    let whole = try decode(bytes, all)
    let plain = try ImageFile.decode(bytes: bytes, source: "large").bitmap
    #expect(whole == plain)
    #expect(all.count >= least)
    for limit in Array(1...min(20, all.count)) + [all.count] {
      let questions = Questions(cancellingAt: limit)
      #expect(throws: MediaError.cancelled) { try decode(bytes, questions) }
      #expect(questions.count == limit, "it is not asked again")
    }
  }

  @Test(arguments: [1, 3, 4])
  func aPNGIsAskedForAtEveryLongRow(_ channels: Int) throws {
    let (width, height) = (DecodingWatch.interval, 8)
    let pixels = (0..<width * height * channels).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let bitmap = try Bitmap(width: width, height: height, channels: channels, pixels: pixels)
    // Once while it is decoded, once while its samples become RGB.
    try expectCancellable(PNGWriter.encode(bitmap), atLeast: 2 * height)
  }

  @Test func anInterlacedPNGIsAskedForInEveryPass() throws {
    // libpng is called for every row in each of the seven passes, and each is 16 KB long.
    try expectCancellable(FlatFile.interlacedPNG(width: 1 << 14, height: 32), atLeast: 7 * 32 / 4)
  }

  @Test func whatIsNoPixelIsAskedForToo() throws {
    // A megabyte behind the pixels.
    var png = try Picture.bytes(of: "png/rgb-8.png")
    let chunk = FlatFile.chunk("fiLl", [UInt8](repeating: 7, count: 1 << 20))
    png.insert(contentsOf: chunk, at: png.count - 12)
    try expectCancellable(png, atLeast: 15)
  }

  @Test(arguments: [
    "jpeg/420.jpg", "jpeg/grey.jpg", "jpeg/cmyk.jpg", "jpeg/420-progressive.jpg",
    "jpeg/grey-progressive.jpg", "jpeg/exif-6.jpg",
  ])
  func aJPEGIsAskedFor(_ file: String) throws {
    // Enlarged by its header alone: what the scans lack is grey.
    var bytes = try Picture.bytes(of: file)
    let frame = try #require(
      bytes.indices.dropLast().first {
        bytes[$0] == 0xFF && (bytes[$0 + 1] == 0xC0 || bytes[$0 + 1] == 0xC2)
      })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [2, 128, 4, 0])  // 640 rows of 1024
    try expectCancellable(bytes, atLeast: 1024 * 640 / DecodingWatch.interval)
  }

  @Test func aWebPIsAskedForBeforeItIsDecoded() throws {
    for file in ["webp/lossy.webp", "webp/lossless.webp", "webp/animated-clear.webp"] {
      try expectCancellable(Picture.bytes(of: file), atLeast: 1)
    }
  }

  @Test func aLargeWebPIsLeftBehind() throws {
    let bytes = FlatFile.webP(side: 3000)
    let all = Questions()
    let bitmap = try decode(bytes, all)
    #expect(bitmap.pixels == [UInt8](repeating: 0x55, count: 3000 * 3000 * 3))
    // Before, while it is waited for, and for its pixels.
    #expect(all.count >= 2 + bitmap.pixels.count / DecodingWatch.interval / 2)
    for limit in [1, 2, 20] {
      let questions = Questions(cancellingAt: limit)
      #expect(throws: MediaError.cancelled) { try decode(bytes, questions) }
      #expect(questions.count == limit)
    }
  }
}

/// Files of one colour, written byte by byte.
private enum FlatFile {
  /// 8-bit grey in seven passes (Adam7), all zero, in stored blocks.
  static func interlacedPNG(width: Int, height: Int) -> [UInt8] {
    let passes = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
      (0, 1, 1, 2),
    ]
    // A byte for the filter begins each row.
    var left = passes.reduce(0) { sum, pass in
      let columns = (width - pass.0 + pass.2 - 1) / pass.2
      return sum + (height - pass.1 + pass.3 - 1) / pass.3 * (columns + 1)
    }
    let checksum = bigEndian((left % 65521) << 16 | 1)
    var data: [UInt8] = [0x78, 0x01]
    while left > 0 {
      let count = min(left, 65535)
      left -= count
      let size = [UInt8(count & 255), UInt8(count >> 8)]
      data += [left == 0 ? 1 : 0] + size + size.map { ~$0 } + [UInt8](repeating: 0, count: count)
    }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 0, 0, 0, 1])
      + chunk("IDAT", data + checksum) + chunk("IEND", [])
  }

  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let named = Array(name.utf8) + data
    return bigEndian(data.count) + named + bigEndian(Int(CRC32.of(named)))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// Lossless, every sample 0x55: each code has one symbol, so that a pixel takes no bits at all.
  static func webP(side: Int) -> [UInt8] {
    var bits: [Bool] = []
    func put(_ value: Int, _ count: Int) {
      for bit in 0..<count { bits.append(value >> bit & 1 == 1) }
    }
    put(0x2F, 8)
    put(side - 1, 14)
    put(side - 1, 14)
    put(0, 1 + 3 + 3)  // no alpha, version 0; no transform, no cache, no groups of codes
    for symbol in [0x55, 0x55, 0x55, 0xFF] { put(0b101 | symbol << 3, 11) }
    put(0b001, 4)
    bits += [Bool](repeating: false, count: -bits.count & 15)
    let data = stride(from: 0, to: bits.count, by: 8).map { start in
      (0..<8).reduce(UInt8(0)) { $0 | (bits[start + $1] ? 1 << UInt8($1) : 0) }
    }
    return Array("RIFF".utf8) + bigEndian(data.count + 12).reversed() + Array("WEBPVP8L".utf8)
      + bigEndian(data.count).reversed() + data
  }
}
