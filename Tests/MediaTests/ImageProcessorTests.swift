import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Media

private func processor(_ fixture: Fixture, _ name: String) throws -> ImageProcessor {
  let file = fixture.folder.appending(path: "\(name)/preprocessor_config.json")
  let document = try JSONDocument(bytes: [UInt8](Data(contentsOf: file)), source: name)
  return try ImageProcessor(huggingFace: document.root)
}

@Suite struct ImageProcessorTests {
  @Test(arguments: ["clip", "clip-offcentre", "clip-pad", "siglip", "siglip2"])
  func preparesLikeTransformers(_ name: String) throws {
    let fixture = try Fixture("preprocess")
    let expected = try fixture.expected()
    let entry = try #require(
      try fixture.manifest.required("cases").elements().first {
        try $0.required("name").asString() == name
      })
    let processor = try processor(fixture, name)
    for index in try entry.required("images").elements().map({ try $0.asInteger() }) {
      let image = try Fixture.bitmap(#require(expected["rgb/input/image/\(index)"]))
      let prepared = try processor.process(image)
      let values = try #require(expected["\(name)/\(index)/pixel_values"])
      guard let grid = prepared.patchGrid else {
        #expect(prepared.shape == Array(values.shape.dropFirst()))
        #expect(prepared.pixels == values.floats, "picture \(index)")
        continue
      }
      let shapes = try #require(expected["\(name)/\(index)/spatial_shapes"])
      #expect([grid.rows, grid.columns] == shapes.integers)
      #expect(grid.limit == values.shape[1])
      #expect(prepared.shape == [grid.rows * grid.columns, values.shape[2]])
      #expect(prepared.pixels == Array(values.floats.prefix(prepared.pixels.count)))
      let mask = try #require(expected["\(name)/\(index)/pixel_attention_mask"])
      #expect(mask.integers.reduce(0, +) == grid.rows * grid.columns)
    }
  }

  @Test func preparesLikeOpenCLIP() throws {
    let fixture = try Fixture("processors")
    let expected = try fixture.expected()
    for entry in try fixture.manifest.required("cases").elements() {
      let name = try entry.required("name").asString()
      let processor = try ImageProcessor(openCLIP: entry.required("config"))
      for index in 0..<8 {
        let image = try Fixture.bitmap(#require(expected["picture/\(index)"]))
        let prepared = try processor.process(image)
        let values = try #require(expected["\(name)/\(index)"])
        #expect(prepared.shape == values.shape, "\(name), picture \(index)")
        #expect(prepared.pixels == values.floats, "\(name), picture \(index)")
      }
    }
  }

  @Test(arguments: [256, 1024])
  func findsTheSizesOfNaFlex(_ limit: Int) throws {
    let rows = try #require(Fixture("preprocess").expected()["sizes/naflex_\(limit)"]).integers
    for start in stride(from: 0, to: rows.count, by: 4) {
      let size = ImageProcessor.patchAligned(
        width: rows[start + 1], height: rows[start], size: 16, limit: limit)
      #expect(size.height == rows[start + 2])
      #expect(size.width == rows[start + 3])
    }
  }
}
