/// Byte strings with values, found by walking down from the root one byte at a time.
///
/// Children live in one hash table keyed by node and byte, so that a node costs no allocation.
struct ByteTrie: Sendable {
  static let root: Int32 = 0

  /// Node << 8 | byte, or the free mark; beside it the child's number.
  private var keys: [UInt64]
  private var children: [Int32]
  private var mask: Int
  /// The value that ends at each node, or -1.
  private var values: [Int32] = [-1]
  /// The children of the root, where every walk begins.
  private var firstChildren = [Int32](repeating: -1, count: 256)

  private static let free = UInt64.max

  init() {
    keys = [UInt64](repeating: Self.free, count: 256)
    children = [Int32](repeating: -1, count: 256)
    mask = 255
  }

  /// Sets the value of a string, replacing the one it had.
  /// - Returns: the value it had, or -1.
  @discardableResult
  mutating func insert(_ string: some Sequence<UInt8>, value: Int32) -> Int32 {
    var node = Self.root
    for byte in string {
      if let child = child(of: node, byte) {
        node = child
      } else {
        node = addChild(of: node, byte)
      }
    }
    let old = values[Int(node)]
    values[Int(node)] = value
    return old
  }

  @inline(__always)
  func child(of node: Int32, _ byte: UInt8) -> Int32? {
    if node == Self.root {
      let child = firstChildren[Int(byte)]
      return child < 0 ? nil : child
    }
    let key = UInt64(node) << 8 | UInt64(byte)
    var slot = Int(truncatingIfNeeded: ByteHash.shared(key)) & mask
    while keys[slot] != key {
      if keys[slot] == Self.free { return nil }
      slot = (slot + 1) & mask
    }
    return children[slot]
  }

  /// The value that ends at a node, or -1.
  @inline(__always)
  func value(at node: Int32) -> Int32 { values[Int(node)] }

  /// The longest string that starts at `position`: its value and its end.
  func longest(in text: Bytes, at position: Int) -> (value: Int32, end: Int)? {
    var node = Self.root
    var found: (value: Int32, end: Int)?
    var end = position
    while end < text.count, let child = child(of: node, text[end]) {
      node = child
      end += 1
      if values[Int(node)] >= 0 { found = (values[Int(node)], end) }
    }
    return found
  }

  private mutating func addChild(of node: Int32, _ byte: UInt8) -> Int32 {
    let child = Int32(values.count)
    values.append(-1)
    if node == Self.root {
      firstChildren[Int(byte)] = child
      return child
    }
    if 2 * values.count > keys.count { grow() }
    place(UInt64(node) << 8 | UInt64(byte), child)
    return child
  }

  private mutating func place(_ key: UInt64, _ child: Int32) {
    var slot = Int(truncatingIfNeeded: ByteHash.shared(key)) & mask
    while keys[slot] != Self.free { slot = (slot + 1) & mask }
    keys[slot] = key
    children[slot] = child
  }

  private mutating func grow() {
    let old = zip(keys, children).filter { $0.0 != Self.free }
    mask = 2 * keys.count - 1
    keys = [UInt64](repeating: Self.free, count: mask + 1)
    children = [Int32](repeating: -1, count: mask + 1)
    for (key, child) in old { place(key, child) }
  }
}
