import Testing

@testable import Training

struct RandomTests {
  /// The first numbers of the reference implementation for seed 1234567.
  @Test func followsTheReference() {
    var generator = SplitMix(seed: 1_234_567)
    #expect(generator.next() == 6_457_827_717_110_365_317)
    #expect(generator.next() == 3_203_168_211_198_807_973)
  }

  @Test func placesDiffer() {
    var a = SplitMix(1, 2, 3)
    var b = SplitMix(1, 3, 2)
    #expect(a.next() != b.next())
  }
}
