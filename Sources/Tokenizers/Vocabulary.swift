/// Tokens and their ids, keyed by bytes: strings that are canonically equivalent stay apart.
struct Vocabulary: Sendable {
  /// Ids beyond this are refused: no vocabulary comes near, and tables are as long as the largest.
  static let idLimit = 1 << 22

  /// All tokens one after the other.
  private var arena: [UInt8] = []
  /// Start and length in the arena by id; length -1 where an id names no token.
  private var places: [(start: Int, count: Int)] = []
  /// Open addressing: an id, or -1 for a free slot. At most half are taken.
  private var slots: [Int32]
  private var mask: Int
  private(set) var count = 0

  /// - Parameter capacity: how many tokens to make room for.
  init(capacity: Int) {
    let size = Self.slotCount(for: capacity)
    slots = [Int32](repeating: -1, count: size)
    mask = size - 1
    places.reserveCapacity(capacity)
    arena.reserveCapacity(8 * capacity)
  }

  private static func slotCount(for capacity: Int) -> Int {
    var size = 16
    while size < 2 * capacity { size *= 2 }
    return size
  }

  /// One more than the largest id.
  var idEnd: Int { places.count }

  /// The bytes of a token.
  subscript(id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id < places.count, places[Int(id)].count >= 0 else { return nil }
    let place = places[Int(id)]
    return arena[place.start..<place.start + place.count]
  }

  func id(of token: Bytes) -> Int32? {
    let id = slots[slot(of: token)]
    return id < 0 ? nil : id
  }

  func id(of token: [UInt8]) -> Int32? {
    token.withUnsafeBufferPointer { id(of: $0) }
  }

  /// The slot that holds `token`, or the free one where it belongs.
  @inline(__always)
  private func slot(of token: Bytes) -> Int {
    var slot = Int(truncatingIfNeeded: ByteHash.shared(token)) & mask
    while slots[slot] >= 0, !holds(slots[slot], token) { slot = (slot + 1) & mask }
    return slot
  }

  @inline(__always)
  private func holds(_ id: Int32, _ token: Bytes) -> Bool {
    let place = places[Int(id)]
    guard place.count == token.count else { return false }
    return arena.withUnsafeBufferPointer { arena in
      for offset in 0..<place.count where arena[place.start + offset] != token[offset] {
        return false
      }
      return true
    }
  }

  enum Insertion { case done, duplicateToken, duplicateID, idOutOfRange }

  /// Adds a token under an id that is still free.
  mutating func insert(_ token: Bytes, id: Int) -> Insertion {
    guard id >= 0, id < Self.idLimit else { return .idOutOfRange }
    if id < places.count, places[id].count >= 0 { return .duplicateID }
    if 2 * (count + 1) > slots.count { grow() }
    let slot = slot(of: token)
    guard slots[slot] < 0 else { return .duplicateToken }
    while places.count <= id { places.append((0, -1)) }
    places[id] = (arena.count, token.count)
    arena.append(contentsOf: token)
    slots[slot] = Int32(id)
    count += 1
    return .done
  }

  private mutating func grow() {
    let size = 2 * slots.count
    mask = size - 1
    slots = [Int32](repeating: -1, count: size)
    arena.withUnsafeBufferPointer { arena in
      for (id, place) in places.enumerated() where place.count >= 0 {
        let token = Bytes(rebasing: arena[place.start..<place.start + place.count])
        var slot = Int(truncatingIfNeeded: ByteHash.shared(token)) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(id)
      }
    }
  }
}
