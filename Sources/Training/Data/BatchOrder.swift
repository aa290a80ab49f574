/// Which entry of an epoch stands at which place of the endless sequence of epochs, each shuffled
/// anew; batch `s` of `B` is the places `s * B ..< (s + 1) * B`.
///
/// A batch follows from the seed and its step alone, so that a resumed run sees what the run would
/// have seen that was never stopped. The shuffles last used are kept, because making one costs as
/// much as an epoch is long.
package struct BatchOrder: Sendable {
  package let seed: UInt64
  /// Entries in an epoch; at least 1.
  package let count: Int
  private var kept: [(epoch: Int, shuffle: [Int32])] = []

  package init(seed: UInt64, count: Int) {
    precondition(count > 0 && count <= Int(Int32.max), "an epoch has entries, and an Int32 counts them")
    self.seed = seed
    self.count = count
  }

  /// The entries, in `0..<count`, at these places of the endless sequence.
  package mutating func entries(at places: Range<Int>) -> [Int] {
    var found: [Int] = []
    found.reserveCapacity(places.count)
    var place = places.lowerBound
    while place < places.upperBound {
      let (epoch, first) = place.quotientAndRemainder(dividingBy: count)
      let end = min(count, first + places.upperBound - place)
      let shuffle = shuffle(of: epoch)
      for index in first..<end { found.append(Int(shuffle[index])) }
      place += end - first
    }
    return found
  }

  /// The entries of batch `step`, of `size` pairs.
  package mutating func batch(_ step: Int, size: Int) -> [Int] {
    entries(at: step * size..<(step + 1) * size)
  }

  /// All entries of an epoch, shuffled after Fisher and Yates.
  package mutating func shuffle(of epoch: Int) -> [Int32] {
    if let known = kept.first(where: { $0.epoch == epoch }) { return known.shuffle }
    var generator = SplitMix(seed, RandomStream.order.rawValue, UInt64(epoch))
    var shuffle = (0..<Int32(count)).map { $0 }
    for last in stride(from: count - 1, to: 0, by: -1) {
      shuffle.swapAt(last, generator.index(below: last + 1))
    }
    // A batch that crosses from one epoch to the next needs two.
    if kept.count > 1 { kept.removeFirst() }
    kept.append((epoch, shuffle))
    return shuffle
  }
}

/// What a generator is for: keeps the choices made at one place apart.
enum RandomStream: UInt64 {
  case order = 1
  case text, augmentation, replacement, patches
}

extension SplitMix {
  /// Uniform in `0..<count` up to 2⁻⁵³, always from one number, so that what is drawn next does not
  /// depend on luck.
  mutating func index(below count: Int) -> Int {
    min(Int(unit() * Double(count)), count - 1)
  }
}
