/// Pairs of one step, ready for the towers.
package struct Batch: Sendable {
  package var step: Int
  /// `[B, 3, S, S]`, normalised.
  package var pixels: PixelBuffer
  /// `[B]`: drawn captions in their templates. Equal ones are the caller's to find.
  package var texts: [String]
  /// `[B]`: the language of each text, empty where it is not known.
  package var languages: [String]
  /// `[B]`: pictures with equal numbers are not each other's negatives.
  package var groups: [Int]
  /// `[B]`: places in the catalogue.
  package var pictures: [Int]

  package var count: Int { texts.count }
}

/// Numbers in memory of their own, freed with the last owner.
///
/// `@unchecked Sendable`: the loader's threads write places that do not overlap before the batch is
/// handed out, with a lock in between; from then on nobody writes.
package final class PixelBuffer: @unchecked Sendable {
  package let count: Int
  let base: UnsafeMutablePointer<Float>

  init(count: Int) {
    self.count = count
    base = .allocate(capacity: max(count, 1))
    base.initialize(repeating: 0, count: count)
  }

  deinit { base.deallocate() }

  /// All numbers, valid while this object lives.
  package var values: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: base, count: count) }
}
