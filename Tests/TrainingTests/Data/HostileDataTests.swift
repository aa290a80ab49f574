import Media
import TestSupport
import Testing

@testable import Training

/// Tables and shards with bytes changed: read or refused, never more than that.
struct HostileDataTests {
  private let folder: DataFolder

  init() throws {
    folder = try DataFolder()
    try folder.writePictures(["a.png", "b.png"])
  }

  private func mutated(_ bytes: [UInt8], _ random: inout Training.SplitMix) -> [UInt8] {
    var bytes = bytes
    let telling = Array("\",\n\t{}[]: \\/0789".utf8) + [0, 0x0D, 0x80, 0xED, 0xFF]
    for _ in 0...random.index(below: 6) {
      guard !bytes.isEmpty else { return bytes }
      let place = random.index(below: bytes.count)
      switch random.index(below: 4) {
      case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 1: bytes[place] = telling[random.index(below: telling.count)]
      case 2: bytes.removeSubrange(place..<min(place + 1 + random.index(below: 9), bytes.count))
      default: bytes.insert(telling[random.index(below: telling.count)], at: place)
      }
    }
    return bytes
  }

  private func check(_ original: [UInt8], as name: String, count: Int) throws {
    var random = Training.SplitMix(seed: 11)
    var (read, refused) = (0, 0)
    for number in 0..<Mutations.count(count) {
      try folder.write(mutated(original, &random), to: name)
      do {
        let pictures = try folder.read(name)
        read += 1
        #expect(pictures.entries.count == pictures.pictures.count, "\(number)")
        #expect(pictures.pictures.allSatisfy { !$0.captions.isEmpty }, "\(number)")
        #expect(pictures.pictures.allSatisfy { $0.captions.allSatisfy { !$0.text.isEmpty } }, "\(number)")
        let source = PictureSource(
          pictures, side: 4, cacheBytes: 0, augmentation: AugmentationRecipe())
        let decoded = pictures.pictures.indices.count { source.picture(at: $0) != nil }
        #expect(decoded + source.skippedCount == pictures.pictures.count + pictures.skipped.count)
      } catch let error as TrainingError {
        refused += 1
        #expect(error.remedy != nil, "\(number): \(error)")
      }
    }
    #expect(read > 0 && refused > 0, "changes are neither all harmless nor all fatal")
  }

  @Test(arguments: ["t.csv", "t.tsv"])
  func tables(name: String) throws {
    let separator = name.hasSuffix("csv") ? "," : "\t"
    let rows = [
      ["image", "caption_en", "text:ko", "group"], ["a.png", "\"a \"\"cat\"\"\"", "고양이 🐈", "pet"],
      ["b.png", "dog", "", ""], ["a.png", "kitty", "나비", ""],
    ]
    let table = rows.map { $0.joined(separator: separator) }.joined(separator: "\r\n")
    try check(Array(table.utf8), as: name, count: 400)
  }

  @Test func linesOfJSON() throws {
    let line = #"{"image": "a.png", "captions": {"en": ["cat", "kitty"], "ko": "고양이"}, "group": 3}"#
    try check(Array(line.utf8), as: "t.jsonl", count: 400)
  }

  @Test func shards() throws {
    var tar = TarBuilder()
    tar.add("0.png", try PNGWriter.encode(.plain(7, side: 2)))
    tar.add("0.txt", "cat")
    tar.add("1.json", #"{"caption": "dog"}"#)
    tar.add("1.png", try PNGWriter.encode(.plain(8, side: 2)))
    try check(tar.finished, as: "s.tar", count: 400)
  }
}
