import Foundation
import Media
import Testing

@testable import Training

struct ShardTests {
  private let folder: DataFolder

  init() throws { folder = try DataFolder() }

  private func picture(_ value: UInt8 = 0) throws -> [UInt8] {
    try PNGWriter.encode(.plain(value, side: 4))
  }

  /// The red of the first pixel of each picture, as read back by its position.
  private func values(_ pictures: CaptionedPictures) -> [UInt8?] {
    let source = PictureSource(
      pictures, side: 4, cacheBytes: 0, augmentation: AugmentationRecipe())
    return pictures.pictures.indices.map { source.picture(at: $0)?.pixels.first }
  }

  @Test func membersOfOneKeyAreOneSample() throws {
    var tar = TarBuilder()
    tar.add("set/", [], type: "5")
    tar.add("set/0.png", try picture(10))
    tar.add("set/0.txt", "cat\n")
    tar.add("set/0.txt.ko", "고양이\n나비\n")
    tar.add("set/0.json", #"{"caption": "cat", "text_fr": "chat", "group": "pet"}"#)
    tar.add("set/0.cls", "3")
    tar.add("1.en.txt", "dog")
    tar.add("1.jpg", try picture(20))
    tar.add("set/1.PNG", try picture(30))
    tar.add("set/1.json", #"{"group": "pet", "captions": ["a", "b"]}"#)
    try folder.write(tar.finished, to: "s.tar")
    let pictures = try folder.read("s.tar")
    #expect(
      pictures.listing == [
        "set/0.png = cat | ko:고양이 | ko:나비 | fr:chat", "1.jpg = en:dog", "set/1.PNG = a | b",
      ])
    #expect(pictures.pictures.map(\.group) == [0, 1, 0])
    #expect(pictures.skipped.isEmpty)
    #expect(values(pictures) == [10, 20, 30])
  }

  /// Whatever the format: old headers, GNU's long names, POSIX extensions.
  @Test(arguments: ["ustar", "gnu", "pax"])
  func archivesOfTheTarProgramAreRead(format: String) throws {
    let long = String(repeating: "긴", count: 60) + " 이름 🐈"
    let names = format == "ustar" ? ["고양이 🐈", "a"] : ["고양이 🐈", long]
    for (index, name) in names.enumerated() {
      try folder.write(picture(UInt8(index + 1)), to: "in/\(name).png")
      try folder.write("caption \(index)", to: "in/\(name).txt")
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["tar", "--format=\(format)", "-C", folder.path + "/in", "-cf", folder.path + "/t.tar"]
      + names.flatMap { [$0 + ".png", $0 + ".txt"] }
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let pictures = try folder.read("t.tar")
    #expect(pictures.listing == names.enumerated().map { "\($1).png = caption \($0)" })
    #expect(values(pictures) == [1, 2])
  }

  @Test func shardsAreNamedByPatterns() throws {
    for number in 0..<3 {
      var tar = TarBuilder()
      tar.add("0.png", try picture(UInt8(number)))
      tar.add("0.txt", "number \(number)")
      try folder.write(tar.finished, to: "s-00\(number).tar")
    }
    for pattern in ["s-{000..002}.tar", "s-*.tar"] {
      let pictures = try folder.read(pattern)
      #expect(pictures.pictures.map { $0.captions[0].text } == ["number 0", "number 1", "number 2"])
      #expect(values(pictures) == [0, 1, 2])
      // Equal names in different shards are different pictures.
      #expect(Set(pictures.pictures.map(\.group)).count == 3)
    }
  }

  /// Cut anywhere, a shard gives the samples before the cut, and never more.
  @Test func aCutShardIsUsedAsFarAsItGoes() throws {
    var tar = TarBuilder()
    for number in 0..<3 {
      tar.add("\(number).txt", "number \(number)")
      tar.add("\(number).png", try picture(UInt8(number)))
    }
    let sample = tar.bytes.count / 3
    for cut in stride(from: 2 * sample + 1, to: 3 * sample, by: 97) {
      try folder.write(Array(tar.bytes[..<cut]), to: "s.tar")
      let pictures = try folder.read("s.tar")
      // The last picture may have its header and not its data: it fails when it is read.
      #expect(values(pictures).prefix(2) == [0, 1], "\(cut)")
      #expect(!pictures.skipped.isEmpty || values(pictures).last == .some(nil), "\(cut)")
    }
    try folder.write(Array(tar.bytes[..<100]), to: "s.tar")
    #expect(refusal { _ = try folder.read("s.tar") }?.problem.contains("no picture") == true)
  }

  @Test func hostileMembersAreHarmless() throws {
    var tar = TarBuilder()
    tar.add("../../escape.png", try picture(1))
    tar.add("../../escape.txt", "up")
    tar.add("/absolute.png", try picture(2))
    tar.add("/absolute.txt", "root")
    tar.add("link.png", [], type: "2")
    tar.add("hard.png", [], type: "1")
    tar.add("empty.png", [])
    tar.add("._0.png", try picture(3))
    tar.add("words.txt", [0x61, 0xFF, 0x0A, 0x62])
    tar.add("words.png", try picture(4))
    tar.add("words.jpg", try picture(5))
    tar.add("words.json", "{")
    try folder.write(tar.finished, to: "s.tar")
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    let pictures = try folder.read("s.tar")
    #expect(
      pictures.listing == ["../../escape.png = up", "/absolute.png = root", "words.png = b"])
    #expect(values(pictures) == [1, 2, 4])
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path) == before)
    #expect(
      pictures.problems.map { String($0.prefix(40)) } == [
        "s.tar: empty.png: is empty", "s.tar: words.txt, line 1: is not UTF-8 t",
        "s.tar: words.jpg: the sample has a pictu", "s.tar: words.json: not valid JSON at lin",
      ])
  }

  @Test(arguments: [CaptionedPictures.maximumFileBytes + 1, 0o7777_7777_777])
  func announcedSizesAreNotBelieved(size: Int) throws {
    var tar = TarBuilder()
    tar.add("0.png", try picture(7))
    tar.add("0.txt", "good")
    tar.add("1.png", try picture(8), announcedSize: size)
    try folder.write(tar.finished, to: "s.tar")
    let pictures = try folder.read("s.tar")
    #expect(pictures.listing == ["0.png = good"])
    #expect(pictures.problems.first == "s.tar: 1.png: has \(size) bytes, more than the limit of 67108864")
  }

  @Test func compressedShardsAreRefusedWithARemedy() throws {
    try folder.write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0], to: "s.tar")
    try folder.write([0x1F, 0x8B, 8, 0], to: "s.tar.gz")
    #expect(refusal { _ = try folder.read("s.tar") }?.problem.contains("with gzip") == true)
    #expect(refusal { _ = try folder.read("s.tar") }?.remedy?.contains("plain .tar") == true)
    #expect(refusal { _ = try folder.read("s.tar.gz") }?.remedy?.contains("unpack") == true)
  }

  @Test func aShardThatChangesIsNoticed() throws {
    var tar = TarBuilder()
    tar.add("0.png", try picture(1))
    tar.add("0.txt", "x")
    try folder.write(tar.finished, to: "s.tar")
    let pictures = try folder.read("s.tar")
    var other = TarBuilder()
    other.add("other.png", try picture(2))
    try folder.write(other.finished, to: "s.tar")
    let source = PictureSource(
      pictures, side: 4, cacheBytes: 0, augmentation: AugmentationRecipe())
    #expect(source.picture(at: 0) == nil)
    #expect(source.skipped.map(\.problem) == ["the shard has changed since it was listed"])
  }
}
