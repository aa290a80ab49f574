import Foundation
import Testing

@testable import Training

struct CaptionedFolderTests {
  private let folder: DataFolder

  init() throws { folder = try DataFolder() }

  @Test func textsBesidePicturesAreCaptions() throws {
    try folder.writePictures(["a.png", "deep/er/고양이 🐈.webp", "a.v2.jpeg", "B.JPG", "z.png"])
    try folder.write("one\r\n\r\n  two \n", to: "a.txt")
    try folder.write("\u{FEFF}하나\n", to: "a.ko.txt")
    try folder.write("version two", to: "a.v2.txt")
    try folder.write("gato", to: "deep/er/고양이 🐈.pt-BR.txt")
    try folder.write("big", to: "B.txt")
    try folder.write([0xFF, 0x0A, 0x7A], to: "z.txt")
    let pictures = try folder.read(folder.path)
    #expect(
      pictures.listing == [
        "B.JPG = big", "a.png = ko:하나 | one | two", "a.v2.jpeg = version two", "z.png = z",
        "고양이 🐈.webp = pt-br:gato",
      ])
    #expect(pictures.problems == ["z.txt, line 1: is not UTF-8 text"])
  }

  @Test func picturesWithoutATextAreListed() throws {
    try folder.writePictures(["in/a.png", "in/b.png", "in/.c.png"])
    try folder.write("x", to: "in/b.txt")
    try folder.write("", to: "in/empty.png")
    try folder.write("x", to: "in/empty.txt")
    let pictures = try folder.read("in")
    #expect(pictures.listing == ["b.png = x"])
    #expect(
      pictures.problems == [
        "a.png: there is no a.txt with captions beside it",
        "empty.png: \(folder.path)/in/empty.png: is empty",
      ])
  }

  /// Links that lead round in circles do not.
  @Test func linksToFoldersAreNotFollowed() throws {
    try folder.writePictures(["in/a.png"])
    try folder.write("x", to: "in/a.txt")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/in/loop", withDestinationPath: folder.path + "/in")
    #expect(try folder.read("in").listing == ["a.png = x"])
  }

  @Test func aFolderWithoutPicturesIsRefused() throws {
    try folder.write("x", to: "in/a.txt")
    #expect(refusal { _ = try folder.read("in") }?.problem.contains("no picture") == true)
  }
}
