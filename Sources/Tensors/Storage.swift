import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The bytes under one or more tensors: owned and recycled through an ``Arena``, or lent by
/// somebody who keeps them alive, such as a mapped file.
///
/// `@unchecked Sendable`: the bytes of a lent storage are read-only; those of an owned one are
/// written only by the operation that makes the tensor, before anyone else holds it, and by
/// ``ExecutionContext`` operations documented as in-place, which their caller serialises.
package final class Storage: @unchecked Sendable {
  package let base: UnsafeMutableRawPointer
  package let byteCount: Int
  /// False for lent bytes: writing to a read-only mapping ends the process.
  package var isWritable: Bool { arena != nil }

  private let arena: Arena?
  private let lender: AnyObject?
  private let capacity: Int

  init(base: UnsafeMutableRawPointer, byteCount: Int, capacity: Int, arena: Arena) {
    self.base = base
    self.byteCount = byteCount
    self.capacity = capacity
    self.arena = arena
    lender = nil
  }

  /// Read-only bytes that `lender` keeps in place for as long as it lives.
  package init(
    lending bytes: UnsafeRawPointer, byteCount: Int, from lender: AnyObject
  ) {
    base = UnsafeMutableRawPointer(mutating: bytes)
    self.byteCount = byteCount
    capacity = 0
    arena = nil
    self.lender = lender
  }

  deinit { arena?.recycle(base, capacity: capacity) }
}

/// Recycles the buffers of activations, so that a steady computation asks the system for none.
package final class Arena: Sendable {
  private struct Idle {
    /// Addresses of free buffers by capacity.
    var buffers: [Int: [UInt]] = [:]
    var byteCount = 0

    /// Takes buffers out until at most `limit` bytes are left, those of `capacity` last.
    mutating func removeBuffers(exceeding limit: Int, except capacity: Int) -> [UInt] {
      var removed: [UInt] = []
      guard byteCount > limit else { return removed }
      for size in buffers.keys.sorted(by: >).filter({ $0 != capacity }) + [capacity] {
        while byteCount > limit, let address = buffers[size]?.popLast() {
          removed.append(address)
          byteCount -= size
        }
      }
      return removed
    }
  }

  private let idle = Mutex(Idle())
  /// Bytes of free buffers that are kept; what would exceed them goes back to the system.
  package let idleLimit: Int

  /// - Parameter idleLimit: 256 MB by default, which holds the activations of a few hundred
  ///   sequences of a large encoder.
  package init(idleLimit: Int = 256 << 20) { self.idleLimit = idleLimit }

  deinit { trim() }

  /// Bytes of free buffers kept at present.
  package var idleByteCount: Int { idle.withLock { $0.byteCount } }

  /// A buffer of at least `byteCount` bytes, aligned to a cache line, its contents undefined.
  package func allocate(byteCount: Int) -> Storage {
    let capacity = Arena.capacity(for: byteCount)
    let recycled = idle.withLock { idle -> UInt? in
      guard let address = idle.buffers[capacity]?.popLast() else { return nil }
      idle.byteCount -= capacity
      return address
    }
    let base = recycled.flatMap { UnsafeMutableRawPointer(bitPattern: $0) }
      ?? Arena.fresh(capacity)
    return Storage(base: base, byteCount: byteCount, capacity: capacity, arena: self)
  }

  /// Bytes from which a buffer asks for large pages: packed weights that are read once a pass
  /// would otherwise spend a fifth of that time on looking up pages.
  private static let largePageThreshold = 8 << 20

  private static func fresh(_ capacity: Int) -> UnsafeMutableRawPointer {
    guard capacity >= largePageThreshold else {
      return .allocate(byteCount: capacity, alignment: 64)
    }
    let base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 2 << 20)
    #if canImport(Glibc)
      // A wish: a system that grants none serves small pages as before.
      madvise(base, capacity, MADV_HUGEPAGE)
    #endif
    return base
  }

  /// Returns every buffer that nobody uses to the system.
  package func trim() {
    let buffers = idle.withLock { idle in
      defer { idle = Idle() }
      return idle.buffers.values.flatMap { $0 }
    }
    for address in buffers { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
  }

  func recycle(_ base: UnsafeMutableRawPointer, capacity: Int) {
    guard capacity <= idleLimit else {
      base.deallocate()
      return
    }
    let surplus = idle.withLock { idle in
      // The sizes of an earlier computation make room for those of this one.
      let surplus = idle.removeBuffers(exceeding: idleLimit - capacity, except: capacity)
      idle.buffers[capacity, default: []].append(UInt(bitPattern: base))
      idle.byteCount += capacity
      return surplus
    }
    for address in surplus { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
  }

  /// Capacities are powers of two cut in four, so that ragged sizes find each other's buffers
  /// and at most a fifth is wasted.
  private static func capacity(for byteCount: Int) -> Int {
    guard byteCount > 256 else { return 256 }
    let step = 1 << (Int.bitWidth - 3 - (byteCount - 1).leadingZeroBitCount)
    return (byteCount + step - 1) / step * step
  }
}
