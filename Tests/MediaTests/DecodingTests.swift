import Foundation
import TestSupport
import Testing

@testable import Media

@Suite struct DecodingTests {
  @Test(arguments: Picture.all)
  func seesWhatPillowSees(_ picture: Picture) throws {
    let decoded = try ImageFile.decode(bytes: picture.bytes(), source: picture.file)
    #expect(decoded.bitmap.width == picture.width)
    #expect(decoded.bitmap.height == picture.height)
    #expect(decoded.bitmap.channels == picture.channels)
    #expect(sha256(decoded.bitmap.pixels) == picture.sha256)
  }

  @Test(arguments: Picture.all.filter { $0.accepted != nil })
  func acceptsThePrefixesThatPillowAccepts(_ picture: Picture) throws {
    let bytes = try picture.bytes()
    let expected = Set((picture.accepted ?? []).flatMap(Array.init))
    let accepted = Set(
      (0...bytes.count).filter { length in
        (try? ImageFile.decode(bytes: Array(bytes[..<length]), source: "cut")) != nil
      })
    #expect(accepted.subtracting(expected).sorted() == [], "accepted, unlike Pillow")
    #expect(expected.subtracting(accepted).sorted() == [], "refused, unlike Pillow")
  }

  @Test func turnsAPictureUprightAndSaysHow() throws {
    let decoded = try ImageFile.decode(
      bytes: Picture.bytes(of: "jpeg/exif-6.jpg"), source: "exif-6.jpg")
    #expect(decoded.orientation == .turnedRight)
    #expect((decoded.storedWidth, decoded.storedHeight) == (18, 13))
    #expect((decoded.bitmap.width, decoded.bitmap.height) == (13, 18))
    #expect(decoded.format == .jpeg)
  }

  @Test func saysThatAnAnimationShowsItsFirstFrame() throws {
    let decoded = try ImageFile.decode(
      bytes: Picture.bytes(of: "png/animated.png"), source: "animated.png")
    #expect(decoded.notes == ["animated: first of 3 frames shown"])
  }
}
