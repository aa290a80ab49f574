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
}
