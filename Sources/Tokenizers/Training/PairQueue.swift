/// Pairs waiting to be merged: the most frequent first, of those the one of the lowest ids.
struct PairQueue {
  struct Entry {
    var count: Int
    let pair: TokenPair
    /// Where the learner keeps the words; rises from entry to entry.
    let place: Int

    func precedes(_ other: Entry) -> Bool {
      if count != other.count { return count > other.count }
      return pair == other.pair ? place < other.place : pair < other.pair
    }
  }

  /// A binary heap.
  private var entries: [Entry] = []

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var index = entries.count - 1
    while index > 0, entry.precedes(entries[(index - 1) / 2]) {
      entries[index] = entries[(index - 1) / 2]
      index = (index - 1) / 2
    }
    entries[index] = entry
  }

  mutating func pop() -> Entry? {
    guard let first = entries.first, let entry = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return first }
    var index = 0
    while 2 * index + 1 < entries.count {
      var child = 2 * index + 1
      if child + 1 < entries.count, entries[child + 1].precedes(entries[child]) { child += 1 }
      guard entries[child].precedes(entry) else { break }
      entries[index] = entries[child]
      index = child
    }
    entries[index] = entry
    return first
  }
}
