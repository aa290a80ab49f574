/// Ids of words that were met before, keyed by the words' bytes.
///
/// A table of fixed size that is emptied when full: old words are cheap to encode again, and no
/// text can make it grow. Look-ups probe a few slots at most, so that collisions cost misses
/// rather than time.
struct WordCache {
  private struct Slot {
    var hash: UInt64 = 0
    var key: Int32 = 0
    var keyCount: Int32 = 0
    var ids: Int32 = 0
    var idCount: Int32 = -1
  }

  /// Longer words seldom come twice.
  static let wordLimit = 256
  private static let slotCount = 1 << 15
  private static let probes = 8
  private static let byteLimit = 1 << 20

  private var slots: [Slot] = []
  private var keys: [UInt8] = []
  private var ids: [Int32] = []
  private var count = 0

  /// Appends the ids of a word and returns true, or returns false if they are not known.
  @inline(__always)
  func append(_ word: Bytes, hash: UInt64, to output: inout [Int32]) -> Bool {
    guard !slots.isEmpty else { return false }
    for probe in 0..<Self.probes {
      let slot = slots[Int(truncatingIfNeeded: hash &+ UInt64(probe)) & (Self.slotCount - 1)]
      guard slot.idCount >= 0 else { return false }
      if slot.hash == hash, slot.keyCount == word.count, holds(slot, word) {
        let start = Int(slot.ids)
        if slot.idCount == 1 {
          output.append(ids[start])
        } else {
          output.append(contentsOf: ids[start..<start + Int(slot.idCount)])
        }
        return true
      }
    }
    return false
  }

  @inline(__always)
  private func holds(_ slot: Slot, _ word: Bytes) -> Bool {
    keys.withUnsafeBufferPointer { keys in
      for offset in 0..<word.count where keys[Int(slot.key) + offset] != word[offset] {
        return false
      }
      return true
    }
  }

  /// Remembers the ids of a word that is not in the cache.
  mutating func insert(_ word: Bytes, hash: UInt64, ids wordIDs: ArraySlice<Int32>) {
    guard word.count <= Self.wordLimit else { return }
    let isFull = 2 * count >= Self.slotCount || keys.count + ids.count > Self.byteLimit
    if slots.isEmpty || isFull {
      slots = [Slot](repeating: Slot(), count: Self.slotCount)
      keys.removeAll(keepingCapacity: true)
      ids.removeAll(keepingCapacity: true)
      count = 0
    }
    for probe in 0..<Self.probes {
      let index = Int(truncatingIfNeeded: hash &+ UInt64(probe)) & (Self.slotCount - 1)
      guard slots[index].idCount < 0 else { continue }
      slots[index] = Slot(
        hash: hash, key: Int32(keys.count), keyCount: Int32(word.count), ids: Int32(ids.count),
        idCount: Int32(wordIDs.count))
      keys.append(contentsOf: word)
      ids.append(contentsOf: wordIDs)
      count += 1
      return
    }
  }
}
