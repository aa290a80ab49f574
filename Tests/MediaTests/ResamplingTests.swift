import TestSupport
import Testing

@testable import Media

extension Fixture {
  /// A picture of the fixture, `[height, width]` or `[height, width, channels]`; grey with alpha
  /// becomes RGBA, as the decoder would have made it.
  static func bitmap(_ tensor: ExpectedTensor) throws -> Bitmap {
    let channels = tensor.shape.count == 3 ? tensor.shape[2] : 1
    var pixels = tensor.bytes
    if channels == 2 {
      pixels = stride(from: 0, to: pixels.count, by: 2).flatMap {
        [pixels[$0], pixels[$0], pixels[$0], pixels[$0 + 1]]
      }
    }
    return try Bitmap(
      width: tensor.shape[1], height: tensor.shape[0], channels: channels == 2 ? 4 : channels,
      pixels: pixels)
  }
}

@Suite struct ResamplingTests {
  @Test func resizesLikePillow() throws {
    let fixture = try Fixture("preprocess")
    let expected = try fixture.expected()
    let plan = try fixture.manifest.required("cases").elements()[0].required("plan").elements()
    #expect(plan.count > 10)
    for (index, step) in plan.enumerated() {
      let words = try step.elements()
      let name = try words[0].asString()
      let filter = try #require(ResampleFilter.allCases.first { $0.name == name })
      let source = try Fixture.bitmap(
        #require(expected["resize/input/source/\(words[1].asInteger())"]))
      let result = try Resampler.resize(
        source, width: words[3].asInteger(), height: words[2].asInteger(), filter: filter)
      #expect(try result == Fixture.bitmap(#require(expected["resize/out/\(index)"])), "\(name)")
    }
  }
}
