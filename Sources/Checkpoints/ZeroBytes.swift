import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Read-only address space full of zeros, which takes no memory.
///
/// `@unchecked Sendable`: never written, and undone by the last owner.
final class ZeroBytes: @unchecked Sendable {
  let byteCount: Int
  private let base: UnsafeMutableRawPointer

  /// Nil when the system has not that much address space.
  init?(byteCount: Int) {
    self.byteCount = max(byteCount, 1)
    guard
      let base = mmap(nil, self.byteCount, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      base != MAP_FAILED
    else { return nil }
    self.base = base
  }

  deinit { munmap(base, byteCount) }

  /// These bytes as the storage of a tensor.
  var storage: Storage { Storage(lending: base, byteCount: byteCount, from: self) }
}
