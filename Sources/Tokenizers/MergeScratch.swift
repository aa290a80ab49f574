/// The symbols of one word while they merge, and the memory that merging needs.
///
/// Two ways to the same result. Scanning costs the square of the symbol count but touches little
/// memory; the heap costs n log n and is for words that are long, or that an adversary made long.
struct MergeScratch {
  typealias Symbol = BytePairEncoding.Symbol
  typealias Merge = MergeTable.Merge

  /// Before merging the characters of a word, afterwards its tokens.
  var symbols: [Symbol] = []

  private static let noRank = UInt32.max
  /// The merge of each symbol with its right neighbour; rank `noRank` if there is none.
  private var candidates: [Merge] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var heap: [Entry] = []

  // MARK: Short words

  mutating func mergeByScanning(_ merges: MergeTable) {
    var count = symbols.count
    guard count > 1 else { return }
    candidates.removeAll(keepingCapacity: true)
    for index in 0..<count - 1 {
      candidates.append(Self.candidate(symbols[index].id, symbols[index + 1].id, merges))
    }
    symbols.withUnsafeMutableBufferPointer { symbols in
      candidates.withUnsafeMutableBufferPointer { candidates in
        while let best = Self.best(candidates, count - 1) {
          symbols[best].id = candidates[best].result
          symbols[best].end = symbols[best + 1].end
          count -= 1
          // Close the gap left by the right half and by its candidate.
          for index in best + 1..<max(count, best + 1) { symbols[index] = symbols[index + 1] }
          for index in best..<max(count - 1, best) { candidates[index] = candidates[index + 1] }
          if best > 0 {
            candidates[best - 1] = Self.candidate(symbols[best - 1].id, symbols[best].id, merges)
          }
          if best < count - 1 {
            candidates[best] = Self.candidate(symbols[best].id, symbols[best + 1].id, merges)
          }
        }
      }
    }
    symbols.removeSubrange(count...)
  }

  @inline(__always)
  private static func candidate(_ left: Int32, _ right: Int32, _ merges: MergeTable) -> Merge {
    merges[left, right] ?? Merge(rank: noRank, result: 0)
  }

  /// The first of the candidates of lowest rank.
  @inline(__always)
  private static func best(
    _ candidates: UnsafeMutableBufferPointer<Merge>, _ count: Int
  ) -> Int? {
    var best: Int?
    var lowest = noRank
    for index in 0..<count where candidates[index].rank < lowest {
      lowest = candidates[index].rank
      best = index
    }
    return best
  }

  // MARK: Long words

  /// A possible merge of the symbol at `position` with its right neighbour.
  ///
  /// Entries are not removed when a neighbour merges; they are recognised as stale when their turn
  /// comes, because the pair at their position no longer gives their result.
  private struct Entry {
    /// Rank << 32 | position: the order in which merges happen.
    var order: UInt64
    var result: Int32

    init(_ merge: Merge, at position: Int32) {
      order = UInt64(merge.rank) << 32 | UInt64(UInt32(bitPattern: position))
      result = merge.result
    }

    var position: Int { Int(order & 0xFFFF_FFFF) }
  }

  /// Marks a symbol that was merged into its left neighbour.
  private static let gone: Int32 = -1

  mutating func mergeWithHeap(_ merges: MergeTable) {
    let count = Int32(symbols.count)
    guard count > 1 else { return }
    next = Array(1...count)
    previous = Array(-1..<count - 1)
    heap.removeAll(keepingCapacity: true)
    for index in 0..<Int(count) - 1 {
      if let merge = merges[symbols[index].id, symbols[index + 1].id] {
        heap.append(Entry(merge, at: Int32(index)))
      }
    }
    heapify()
    while let entry = popLowest() {
      let left = entry.position
      guard symbols[left].id != Self.gone, next[left] < count else { continue }
      let right = Int(next[left])
      guard let merge = merges[symbols[left].id, symbols[right].id], merge.result == entry.result
      else { continue }
      symbols[left].id = merge.result
      symbols[left].end = symbols[right].end
      symbols[right].id = Self.gone
      next[left] = next[right]
      if next[right] < count { previous[Int(next[right])] = Int32(left) }
      offer(previous[left], merges)
      offer(Int32(left), merges)
    }
    symbols.removeAll { $0.id == Self.gone }
  }

  /// Puts the merge of the symbol at `position` with its neighbour on the heap, if there is one.
  private mutating func offer(_ position: Int32, _ merges: MergeTable) {
    guard position >= 0, next[Int(position)] < symbols.count else { return }
    let right = symbols[Int(next[Int(position)])]
    guard let merge = merges[symbols[Int(position)].id, right.id] else { return }
    heap.append(Entry(merge, at: position))
    siftUp(heap.count - 1)
  }

  // MARK: A binary heap, lowest order first

  private mutating func heapify() {
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
  }

  private mutating func popLowest() -> Entry? {
    guard let lowest = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty {
      heap[0] = last
      siftDown(0)
    }
    return lowest
  }

  private mutating func siftUp(_ start: Int) {
    let entry = heap[start]
    var index = start
    while index > 0, heap[(index - 1) / 2].order > entry.order {
      heap[index] = heap[(index - 1) / 2]
      index = (index - 1) / 2
    }
    heap[index] = entry
  }

  private mutating func siftDown(_ start: Int) {
    let entry = heap[start]
    var index = start
    while 2 * index + 1 < heap.count {
      var child = 2 * index + 1
      if child + 1 < heap.count, heap[child + 1].order < heap[child].order { child += 1 }
      guard heap[child].order < entry.order else { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = entry
  }
}
