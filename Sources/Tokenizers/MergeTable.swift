/// The merges of byte-pair encoding: a pair of ids to its rank and to what it becomes.
struct MergeTable: Sendable {
  struct Merge: Sendable {
    /// Lower ranks merge first.
    var rank: UInt32
    var result: Int32
  }

  private struct Slot {
    var pair: UInt64
    var merge: Merge
  }

  /// No pair: ids are never negative.
  private static let free = UInt64.max

  /// Open addressing; at most half are taken.
  private var slots: [Slot]
  private var mask: Int
  private var count = 0

  /// - Parameter capacity: how many pairs to make room for.
  init(capacity: Int) {
    var size = 16
    while size < 2 * capacity { size *= 2 }
    slots = [Slot](
      repeating: Slot(pair: Self.free, merge: Merge(rank: 0, result: 0)), count: size)
    mask = size - 1
  }

  @inline(__always)
  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// A pair that comes twice keeps its last rank, as in the reference.
  mutating func set(_ left: Int32, _ right: Int32, to merge: Merge) {
    if 2 * (count + 1) > slots.count { grow() }
    place(Slot(pair: Self.pair(left, right), merge: merge))
  }

  private mutating func place(_ new: Slot) {
    var slot = Int(truncatingIfNeeded: ByteHash.shared(new.pair)) & mask
    while slots[slot].pair != Self.free, slots[slot].pair != new.pair { slot = (slot + 1) & mask }
    if slots[slot].pair == Self.free { count += 1 }
    slots[slot] = new
  }

  private mutating func grow() {
    let old = slots
    self = MergeTable(capacity: old.count)
    for slot in old where slot.pair != Self.free { place(slot) }
  }

  @inline(__always)
  subscript(left: Int32, right: Int32) -> Merge? {
    let pair = Self.pair(left, right)
    return slots.withUnsafeBufferPointer { slots in
      var slot = Int(truncatingIfNeeded: ByteHash.shared(pair)) & mask
      while true {
        if slots[slot].pair == pair { return slots[slot].merge }
        if slots[slot].pair == Self.free { return nil }
        slot = (slot + 1) & mask
      }
    }
  }
}
