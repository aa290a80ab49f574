import Media
import Pictures
import Testing

/// Repeatable pseudo-random numbers (SplitMix64).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

@Suite struct HeatMapTests {
  @Test func theSentenceNamesRectangleShareAndPeak() throws {
    var weights = [Float](repeating: 0.01, count: 49)
    for row in 1...3 {
      for column in 4...6 { weights[row * 7 + column] = 0.07 }
    }
    weights[2 * 7 + 5] = 0.18
    let map = try HeatMap(rows: 7, columns: 7, weights: weights)
    // 0.74 of 1.14 lies in the 3×3 block; no smaller rectangle reaches half.
    #expect(map.sentence == "65 % in rows 2–4, columns 5–7; peak 0.18 at (3,6)")
  }

  @Test func oneRowIsSingular() throws {
    let map = try HeatMap(rows: 1, columns: 4, weights: [0, 0.5, 0.25, 0])
    #expect(map.sentence == "67 % in row 1, column 2; peak 0.5 at (1,2)")
  }

  @Test func anEvenMapNeedsHalfOfItselfAndTakesTheTop() throws {
    let map = try HeatMap(rows: 4, columns: 4, weights: Array(repeating: 1, count: 16))
    let focus = try #require(map.focus)
    #expect(focus.rows.count * focus.columns.count == 8)
    #expect(focus.share == 0.5)
    #expect(focus.rows == 0..<2)
  }

  @Test func aMapWithoutMassSaysSo() throws {
    let map = try HeatMap(rows: 2, columns: 2, weights: [-1, 0, .nan, -.infinity])
    #expect(map.focus == nil)
    #expect(map.sentence == "no positive weight; peak 0 at (1,2)")
  }

  /// Compares with every rectangle there is.
  @Test(arguments: 0..<40) func theRectangleIsTheSmallest(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed))
    let rows = Int.random(in: 1...6, using: &random)
    let columns = Int.random(in: 1...6, using: &random)
    let weights = (0..<rows * columns).map { _ in
      let value = Float.random(in: -0.2...1, using: &random)
      return value * value * value
    }
    let map = try HeatMap(rows: rows, columns: columns, weights: weights)
    let total = weights.reduce(0.0) { $0 + Double(max(0, $1)) }
    var smallest = Int.max
    for top in 0..<rows {
      for bottom in top..<rows {
        for left in 0..<columns {
          for right in left..<columns {
            var mass = 0.0
            for row in top...bottom {
              for column in left...right { mass += Double(max(0, map[row, column])) }
            }
            if mass >= total / 2 - 1e-9 {
              smallest = min(smallest, (bottom - top + 1) * (right - left + 1))
            }
          }
        }
      }
    }
    let focus = try #require(map.focus)
    #expect(focus.rows.count * focus.columns.count == smallest)
    #expect(focus.share >= 0.5 - 1e-6)
  }

  @Test func coloursRiseInBrightness() {
    let lumas = ColorMap.heat.map(\.luma)
    #expect(lumas.count == 256)
    #expect(zip(lumas, lumas.dropFirst()).allSatisfy { $0 <= $1 + 1 })
    #expect(lumas[0] < 40)
    #expect(lumas[255] > 210)
    #expect(ColorMap.heat(.nan) == ColorMap.heat[0])
    #expect(ColorMap.heat(2) == ColorMap.heat[255])
  }

  @Test func overlayColoursTheRegionAndDimsTheRest() throws {
    let picture = try bitmap(40, 20) { _, _ in RGB(200, 200, 200) }
    let map = try HeatMap(rows: 2, columns: 2, weights: [0, 0, 0, 1])
    let style = HeatOverlay(scaling: .blocks, opacity: 1, dimming: 0.5)
    let shown = try map.overlay(
      on: picture, region: PixelRegion(left: 10, top: 0, width: 20, height: 20), style: style)
    func at(_ x: Int, _ y: Int) -> RGB {
      let i = (y * 40 + x) * 3
      return RGB(shown.pixels[i], shown.pixels[i + 1], shown.pixels[i + 2])
    }
    #expect(at(9, 10) == RGB(100, 100, 100))
    #expect(at(30, 10) == RGB(100, 100, 100))
    #expect(at(10, 0) == ColorMap.heat[0])
    #expect(at(19, 19) == ColorMap.heat[0])
    #expect(at(20, 10) == ColorMap.heat[255])
    #expect(at(29, 19) == ColorMap.heat[255])
  }

  @Test func bilinearOverlayPeaksAtTheCentreOfThePosition() throws {
    let picture = try bitmap(30, 30) { _, _ in black }
    let map = try HeatMap(rows: 3, columns: 3, weights: [0, 0, 0, 0, 1, 0, 0, 0, 0])
    let shown = try map.overlay(on: picture, style: HeatOverlay(opacity: 1))
    let lumas = stride(from: 0, to: shown.pixels.count, by: 3).map {
      RGB(shown.pixels[$0], shown.pixels[$0 + 1], shown.pixels[$0 + 2]).luma
    }
    let brightest = try #require(lumas.indices.max { lumas[$0] < lumas[$1] })
    #expect([14, 15].contains(brightest / 30))
    #expect([14, 15].contains(brightest % 30))
    #expect(lumas[0] < lumas[8 * 30 + 8])
  }

  @Test func regionsOutsideThePictureAreErrors() throws {
    let picture = try bitmap(4, 4) { _, _ in black }
    let map = try HeatMap(rows: 1, columns: 1, weights: [1])
    for region in [
      PixelRegion(left: 1, top: 0, width: 4, height: 4),
      PixelRegion(left: 0, top: 0, width: 0, height: 4),
      PixelRegion(left: Int.max, top: 0, width: 1, height: 1),
      PixelRegion(left: -1, top: 0, width: 2, height: 2),
    ] {
      #expect(throws: PictureError.regionOutside(region, width: 4, height: 4)) {
        try map.overlay(on: picture, region: region)
      }
    }
  }

  @Test func malformedMapsAreErrorsThatNameTheNumbers() {
    #expect(throws: PictureError.malformedHeatMap(rows: 2, columns: 2, weights: 3)) {
      try HeatMap(rows: 2, columns: 2, weights: [1, 2, 3])
    }
    #expect(throws: PictureError.heatMapSize(rows: Int.max, columns: 2, limit: 512)) {
      try HeatMap(rows: Int.max, columns: 2, weights: [])
    }
    #expect(
      PictureError.malformedHeatMap(rows: 2, columns: 2, weights: 3).description
        == "a heat map of 2 rows and 2 columns cannot have 3 weights; "
        + "pass one weight per position")
  }

  @Test func textFormsNeedNoColour() throws {
    let map = try HeatMap(rows: 2, columns: 3, weights: [0, 0.06, 0.1, 0.02, 0.18, 0])
    #expect(map.rampLines == ["  --++", "..@@  "])
    #expect(
      map.tableLines == [
        "     1    2    3",
        "1 0.00 0.06 0.10",
        "2 0.02 0.18 0.00",
      ])
    let mono = map.cells(colors: .monochrome)
    #expect(mono.lines == map.rampLines)
    #expect(map.cells(colors: .trueColor)[1, 2].background == ColorMap.heat[255])
    let halves = map.halfBlocks(colors: .trueColor)
    #expect(halves.columns == map.columns && halves.rows == (map.rows + 1) / 2)
    #expect(halves[0, 1] == PictureCell(
      "▀", foreground: ColorMap.heat(map.normalised[1]), background: ColorMap.heat[255]))
  }
}
