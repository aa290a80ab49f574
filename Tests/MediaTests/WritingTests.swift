import Testing

@testable import Media

@Suite struct WritingTests {
  @Test(arguments: [1, 3, 4])
  func whatIsWrittenIsReadBack(_ channels: Int) throws {
    var random = Splitmix(seed: UInt64(channels))
    for (width, height) in [(1, 1), (1, 9), (300, 2), (37, 41)] {
      let pixels = (0..<width * height * channels).map { _ in UInt8(random.below(256)) }
      let bitmap = try Bitmap(width: width, height: height, channels: channels, pixels: pixels)
      let file = try PNGWriter.encode(bitmap)
      let back = try ImageFile.decode(bytes: file, source: "written.png")
      #expect(back.bitmap == bitmap.greyAsRGB())
      #expect(back.format == .png)
    }
  }

  @Test(arguments: [(2, 2, 3, 11), (2, 2, 2, 8), (0, 2, 3, 0), (-1, -1, 1, 1), (.max, 2, 3, 6)])
  func refusesABitmapThatDoesNotAddUp(_ width: Int, _ height: Int, _ channels: Int, _ count: Int) {
    #expect(throws: MediaError.self) {
      try Bitmap(
        width: width, height: height, channels: channels,
        pixels: [UInt8](repeating: 0, count: count))
    }
  }

  /// Two of the examples of FIPS 180-4.
  @Test func hashesAsTheStandardSays() {
    #expect(
      ContentHash(of: []).hexadecimal
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      ContentHash(of: Array("abc".utf8)).description
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
