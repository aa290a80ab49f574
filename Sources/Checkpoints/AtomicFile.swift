#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that takes its place only once it is whole and on the disk.
///
/// Until ``commit()`` an earlier file of that name stays as it is; when that does not come, because
/// of an error here or of the caller's, nothing is left behind.
///
///     var file = try AtomicFile(replacing: "model.safetensors")
///     try file.append(header)
///     try file.commit()
///
/// A process that is killed in between cannot tidy up: what it left is taken away by the next one
/// that writes the same file.
package struct AtomicFile: ~Copyable {
  private let path: String
  /// In the same folder, since only there a file can be renamed without being copied.
  private let temporary: String
  private let descriptor: CInt
  private var isCommitted = false

  /// - Throws: ``CheckpointError/cannotWrite(path:operation:code:)``.
  package init(replacing path: String) throws(CheckpointError) {
    let (folder, name) = (Paths.parent(of: path), Paths.name(of: path))
    guard Paths.isPlainName(name), !path.utf8.contains(0) else {
      throw .cannotWrite(path: path, operation: "create", code: EINVAL)
    }
    AtomicFile.removeRemains(of: name, in: folder)
    let temporary = Paths.joined(folder, AtomicFile.start(of: name) + "\(getpid())")
    let descriptor = open(
      temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(path, "create") }
    self.path = path
    self.temporary = temporary
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(temporary) }
  }

  /// Writes `bytes` behind those before them.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(AtomicFile.longestWrite))
      let count = write(descriptor, part.baseAddress, part.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .unwritable(path, "write") }
      rest = rest.dropFirst(count)
    }
  }

  package mutating func append(_ bytes: [UInt8]) throws(CheckpointError) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(CheckpointError) in try append(bytes) }
    }
    try result.get()
  }

  package mutating func append(_ text: String) throws(CheckpointError) {
    try append(Array(text.utf8))
  }

  /// Puts the file in its place.
  ///
  /// - Throws: ``CheckpointError/cannotWrite(path:operation:code:)``; some disks tell only now that
  ///   they are full.
  package consuming func commit() throws(CheckpointError) {
    guard fsync(descriptor) == 0 else { throw .unwritable(path, "write") }
    guard rename(temporary, path) == 0 else { throw .unwritable(path, "replace") }
    isCommitted = true
    try AtomicFile.flush(folder: Paths.parent(of: path), of: path)
  }

  /// Writes `bytes` as the whole of the file at `path`.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(CheckpointError) {
    var file = try AtomicFile(replacing: path)
    try file.append(bytes)
    try file.commit()
  }

  package static func replace(_ path: String, with text: String) throws(CheckpointError) {
    try replace(path, with: Array(text.utf8))
  }

  /// The system writes at most 2 GB at once.
  private static let longestWrite = 1 << 30

  /// Makes sure that a power cut does not bring the earlier name back. Not every file system can;
  /// the file itself is whole in any case.
  private static func flush(folder: String, of path: String) throws(CheckpointError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno != EIO else { throw .unwritable(path, "replace") }
  }

  private static func start(of name: String) -> String { ".\(name).tmp-" }

  /// Takes away what processes that no longer run were writing.
  private static func removeRemains(of name: String, in folder: String) {
    let start = start(of: name)
    for other in Paths.contents(of: folder) ?? [] where other.utf8.starts(with: start.utf8) {
      guard let process = pid_t(other.dropFirst(start.count)), process > 0,
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      unlink(Paths.joined(folder, other))
    }
  }
}

extension CheckpointError {
  /// The failure to write that the system just reported.
  fileprivate static func unwritable(_ path: String, _ operation: String) -> CheckpointError {
    .cannotWrite(path: path, operation: operation, code: errno)
  }
}
