import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file's bytes, mapped read-only: nothing is read until it is touched.
///
/// **A file that shrinks after it was mapped.** Touching a page beyond the new end raises
/// `SIGBUS`, which no read can turn into an error. Gaze does three things about that:
/// ``verifyUnchanged()`` is called before each use that can be refused, so that a shortened or
/// rewritten file is an ordinary error; ``installFaultReporter()`` makes a fault in between name
/// the file before the process ends; and no value is ever made up for the lost page. Programs
/// that replace a file the usual way, by renaming a new one over it, are harmless: the mapping
/// keeps the old one.
///
/// `@unchecked Sendable`: the mapping is read-only, its address and length never change, and it
/// is undone by the last owner.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let byteCount: Int
  let base: UnsafeRawPointer
  private let identity: FileIdentity
  private let faultSlot: Int?

  /// Maps the regular file at `path`, following symbolic links.
  ///
  /// - Throws: ``CheckpointError/cannotRead(path:operation:reason:)`` with the system's reason,
  ///   ``CheckpointError/notARegularFile(path:kind:)``, or
  ///   ``CheckpointError/empty(path:)``.
  package init(path: String) throws(CheckpointError) {
    // Looked at before it is opened: opening some devices has effects, and FIFOs wait.
    _ = try FileIdentity(path: path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path, "open") }
    defer { close(descriptor) }
    identity = try FileIdentity(descriptor: descriptor, path: path)
    guard identity.byteCount > 0 else { throw .empty(path: path) }
    guard
      let mapping = mmap(nil, identity.byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0),
      mapping != MAP_FAILED
    else { throw .system(path, "map") }
    self.path = path
    byteCount = identity.byteCount
    base = UnsafeRawPointer(mapping)
    faultSlot = FaultTable.shared.add(base, byteCount: byteCount, path: path)
  }

  deinit {
    if let faultSlot { FaultTable.shared.remove(faultSlot) }
    munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
  }

  /// All bytes, valid while this object lives.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: byteCount)
  }

  /// Checks that the file at the path is still the one that was mapped, as long and as old.
  ///
  /// - Throws: ``CheckpointError/changed(path:)``. A file that was deleted or replaced by
  ///   renaming is no error: the mapping still holds what was loaded.
  package func verifyUnchanged() throws(CheckpointError) {
    guard let now = try? FileIdentity(path: path), now.isSameFile(as: identity) else { return }
    guard now == identity else { throw .changed(path: path) }
  }

  /// Lets go of the whole pages within `range`; they are read again from the file when touched.
  package func release(_ range: Range<Int>? = nil) {
    guard let pages = pages(within: range ?? 0..<byteCount) else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + pages.lowerBound), pages.count, MADV_DONTNEED)
  }

  private static let pageSize = Int(getpagesize())

  private func pages(within range: Range<Int>) -> Range<Int>? {
    let (range, size) = (range.clamped(to: 0..<byteCount), MappedFile.pageSize)
    let start = (range.lowerBound + size - 1) / size * size
    // The last page of the file is whole although the file ends within it.
    let end = range.upperBound == byteCount ? byteCount : range.upperBound / size * size
    return start < end ? start..<end : nil
  }
}

/// What tells one state of one file from another.
private struct FileIdentity: Equatable {
  let device: UInt64
  let inode: UInt64
  let byteCount: Int
  let seconds: Int
  let nanoseconds: Int

  init(path: String) throws(CheckpointError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .system(path, "open") }
    try self.init(status, path: path)
  }

  init(descriptor: CInt, path: String) throws(CheckpointError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(path, "examine") }
    try self.init(status, path: path)
  }

  private init(_ status: stat, path: String) throws(CheckpointError) {
    let kind: String? =
      switch status.st_mode & S_IFMT {
      case S_IFREG: nil
      case S_IFDIR: "a folder"
      case S_IFIFO: "a FIFO"
      case S_IFSOCK: "a socket"
      case S_IFCHR, S_IFBLK: "a device"
      default: "a special file"
      }
    if let kind { throw .notARegularFile(path: path, kind: kind) }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    #if canImport(Glibc)
      let modified = status.st_mtim
    #else
      let modified = status.st_mtimespec
    #endif
    seconds = Int(modified.tv_sec)
    nanoseconds = Int(modified.tv_nsec)
  }

  func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && inode == other.inode
  }
}

extension CheckpointError {
  /// The failure that the system just reported for `path`.
  static func system(_ path: String, _ operation: String) -> CheckpointError {
    .cannotRead(path: path, operation: operation, reason: reason(errno))
  }
}
