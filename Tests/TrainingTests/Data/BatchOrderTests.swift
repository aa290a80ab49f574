import Testing

@testable import Training

struct BatchOrderTests {
  @Test(arguments: [1, 2, 7, 100])
  func anEpochHasEveryEntryOnce(count: Int) {
    var order = BatchOrder(seed: 5, count: count)
    for epoch in 0..<3 {
      let entries = order.entries(at: epoch * count..<(epoch + 1) * count)
      #expect(entries.sorted() == Array(0..<count))
    }
  }

  @Test func epochsAndSeedsDiffer() {
    var (one, other) = (BatchOrder(seed: 1, count: 50), BatchOrder(seed: 2, count: 50))
    #expect(one.shuffle(of: 0) != one.shuffle(of: 1))
    #expect(one.shuffle(of: 0) != other.shuffle(of: 0))
    #expect(one.shuffle(of: 0) != Array(0..<50))
  }

  /// Also when a batch is longer than an epoch, or lies across several.
  @Test(arguments: [1, 3, 10, 25])
  func aBatchDependsOnNoneBefore(size: Int) {
    var whole = BatchOrder(seed: 9, count: 10)
    let sequence = whole.entries(at: 0..<200)
    for step in [0, 7, 3, 5] {
      var fresh = BatchOrder(seed: 9, count: 10)
      let expected = Array(sequence[step * size..<(step + 1) * size])
      #expect(fresh.batch(step, size: size) == expected)
      #expect(whole.batch(step, size: size) == expected)
    }
  }

  /// Every entry is equally likely to be the first of an epoch.
  @Test func shufflesAreFair() {
    var firsts = [Int](repeating: 0, count: 5)
    for epoch in 0..<5000 {
      var order = BatchOrder(seed: 3, count: 5)
      firsts[Int(order.shuffle(of: epoch)[0])] += 1
    }
    for count in firsts { #expect(abs(count - 1000) < 120) }
  }
}
