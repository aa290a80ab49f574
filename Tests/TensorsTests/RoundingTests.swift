import Testing

@testable import Tensors

/// Rounded values, or the index of one that is too great.
private func rounded(_ values: [Float], _ rounding: Rounding) -> (halves: [UInt16], tooGreat: Int?) {
  var halves = [UInt16](repeating: 0, count: values.count)
  let index = values.withUnsafeBufferPointer { rounding($0[...], &halves) }
  return (halves, index)
}

/// Round to nearest even by comparing both neighbours, in arithmetic that is exact.
private func nearest(_ value: Float, below: UInt16, _ read: (UInt16) -> Float) -> UInt16 {
  let (low, high) = (Double(read(below)), Double(read(below + 1)))
  let toLow = (Double(value) - low).magnitude
  let toHigh = (high - Double(value)).magnitude
  return toLow == toHigh ? below + below % 2 : toLow < toHigh ? below : below + 1
}

private func fromBF16(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
private func fromF16(_ bits: UInt16) -> Float { Float(Float16(bitPattern: bits)) }

@Suite struct RoundingTests {
  @Test func everyHalfStaysItself() {
    for (rounding, read) in [(Rounding.bf16, fromBF16), (.f16, fromF16)] {
      let all = (0...UInt16.max).filter { !read($0).isNaN }
      let (halves, tooGreat) = rounded(all.map(read), rounding)
      #expect(tooGreat == nil)
      #expect(halves == all)
    }
  }

  /// Just below, on and just above the middle between each two neighbours.
  @Test func roundsToTheNearestAndTiesToEven() {
    for (rounding, greatest, read) in [
      (Rounding.bf16, UInt16(0x7F7F), fromBF16), (.f16, 0x7BFF, fromF16),
    ] {
      var (values, expected): ([Float], [UInt16]) = ([], [])
      for below in 0..<greatest {
        let middle = read(below) / 2 + read(below + 1) / 2
        for value in [middle.nextDown, middle, middle.nextUp] {
          values += [value, -value]
          let half = nearest(value, below: below, read)
          expected += [half, half | 0x8000]
        }
      }
      let (halves, tooGreat) = rounded(values, rounding)
      #expect(tooGreat == nil)
      let wrong = halves.indices.first { halves[$0] != expected[$0] }
      #expect(wrong == nil, "\(wrong.map { "\(values[$0]): \(halves[$0])" } ?? "")")
    }
  }

  @Test func keepsInfinitiesAndNaNs() {
    let odd = [Float.infinity, -.infinity, .nan, Float(bitPattern: 0x7F80_0001), .signalingNaN]
    for (rounding, read) in [(Rounding.bf16, fromBF16), (.f16, fromF16)] {
      let (halves, tooGreat) = rounded(odd, rounding)
      #expect(tooGreat == nil)
      #expect(halves[..<2].map(read) == [.infinity, -.infinity])
      #expect(halves[2...].allSatisfy { read($0).isNaN })
    }
  }

  @Test func namesTheFirstThatBecomesInfinite() {
    #expect(rounded([1, 65519, 65520, 1e9], .f16).tooGreat == 2)
    #expect(rounded([-65520], .f16).tooGreat == 0)
    #expect(rounded([1e38, .greatestFiniteMagnitude], .bf16).tooGreat == 1)
  }
}
