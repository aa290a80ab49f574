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

  @Test func resizesInPillowsOrderOfPasses() throws {
    let fixture = try Fixture("processors")
    let expected = try fixture.expected()
    let rows = try fixture.manifest.required("resizes").elements()
    #expect(rows.count == 160)
    for row in rows {
      let words = try row.elements()
      let name = try words[0].asString()
      let filter = try #require(ResampleFilter.allCases.first { $0.name == name })
      let picture = try #require(expected["picture/\(words[1].asInteger())"])
      let (height, width) = (try words[2].asInteger(), try words[3].asInteger())
      let result = try Resampler.resize(
        Fixture.bitmap(picture), width: width, height: height, filter: filter)
      #expect(
        try sha256(result.pixels) == words[4].asString(),
        "\(name) from \(picture.shape) to \(height)×\(width)")
    }
  }

  @Test(arguments: ResampleFilter.allCases)
  func aWindowIsTheSameAsACrop(_ filter: ResampleFilter) throws {
    let expected = try Fixture("processors").expected()
    var random = Splitmix(seed: 11)
    for picture in [0, 3, 4] {
      let source = try Fixture.bitmap(#require(expected["picture/\(picture)"]))
      for _ in 0..<20 {
        let (width, height) = (random.below(70) + 1, random.below(70) + 1)
        let (left, top) = (random.below(width), random.below(height))
        let window = PixelRectangle(
          columns: left..<left + random.below(width - left) + 1,
          rows: top..<top + random.below(height - top) + 1)
        let part = Resampler.resize(
          source, width: width, height: height, filter: filter, window: window)
        let whole = Resampler.resize(source, width: width, height: height, filter: filter)
        #expect(part == whole.cropped(to: window))
      }
    }
  }

  @Test func paddingSurroundsThePicture() throws {
    let source = try Bitmap(width: 2, height: 1, channels: 1, pixels: [7, 8])
    let padded = source.padded(to: PixelRectangle(columns: -1..<4, rows: -1..<2), fill: 5)
    #expect(padded.pixels == [5, 5, 5, 5, 5, 5, 7, 8, 5, 5, 5, 5, 5, 5, 5])
    #expect(
      source.padded(to: PixelRectangle(columns: 5..<7, rows: 0..<1), fill: 3).pixels == [3, 3])
  }
}

/// Repeatable random numbers (Steele, Lea and Flood, 2014).
struct Splitmix {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number in `0..<bound`.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
