@testable import Console
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct ExportTests {
  /// What an XML parser makes of a file: the names of its elements, and its text.
  private final class Reading: NSObject, XMLParserDelegate {
    private(set) var elements: [String] = []
    private(set) var text = ""

    init(_ path: String) throws {
      super.init()
      let parser = XMLParser(data: try Data(contentsOf: URL(filePath: path)))
      parser.delegate = self
      guard parser.parse() else { throw Failure(description: "no XML: \(path)") }
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      elements.append(name)
    }

    func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }
  }

  @Test func drawsMapsWordsAndRankingsInShapes() async throws {
    let folder = try Scratch()
    let test = TestSession()
    try await test.run(
      ":load emoji-clip", ":image \(TestSession.cat) as tom", ":attn",
      ":export attn \(folder.file("map.svg"))",
      ":attn tower=text text=\"a red apple\"", ":export attn \(folder.file("words.svg"))",
      ":rank \"<b>&\u{7}\" | 고양이 얼굴", ":export scores \(folder.file("scores.svg"))")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
    let map = try Reading(folder.file("map.svg"))
    #expect(map.elements.count { $0 == "image" } == 1)
    // A block for each patch of 8 × 8.
    #expect(map.elements.count { $0 == "rect" } == 64)
    #expect(map.text.contains("tom, vision"))
    let words = try Reading(folder.file("words.svg"))
    #expect(words.text.contains("apple") && words.elements.contains("text"))
    let scores = try Reading(folder.file("scores.svg"))
    #expect(scores.text.contains("<b>&\u{fffd}") && scores.text.contains("고양이 얼굴"))
    #expect(!scores.elements.contains("b"))
    #expect(scores.elements.count { $0 == "rect" } == 2)
  }

  @Test func saysWhatCannotBeDrawn() async throws {
    let folder = try Scratch()
    let test = TestSession()
    try await test.run(":load emoji-clip", ":embed \"a cat\"")
    #expect(try await test.run(":export embedding \(folder.file("e.svg"))").failure?.code == "usage")
    #expect(try await test.run(":export attn \(folder.file("a.svg"))").failure?.code == "export.none")
    #expect(try await test.run(":export scores \(folder.file("a.svg"))").failure?.code == "export.none")
    #expect(try await test.run(":export scores \(folder.file("a.pdf"))").failure?.code == "usage")
  }
}
