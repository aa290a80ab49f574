#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The history on disk: one entry a line, `\n` and `\` escaped, only ever appended to.
///
/// An entry is one `write` to a file opened for appending, made before the input runs, so a crash
/// loses nothing and two sessions do not mix their lines. When the file has grown to several times
/// what is kept, it is rewritten beside itself and renamed, under a lock that appending takes too.
package struct HistoryFile: Sendable {
  package let path: String

  /// Only this much at the end of a file is read.
  static let readLimit = 8 << 20

  package init(path: String) { self.path = path }

  /// The entries on disk, the oldest first; none when there is no file yet.
  ///
  /// Bytes that are not UTF-8 are repaired, a last line cut short by a full disk is kept as it is.
  package func load(limit: Int = 2000) throws(ScreenError) -> History {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return History(limit: limit) }
      throw .historyUnreadable(path: path, reason: reason())
    }
    defer { close(descriptor) }
    let (history, lineCount) = try entries(of: descriptor, limit: limit)
    guard lineCount > 2 * limit + 100 else { return history }
    // A folder that cannot be written to takes nothing from what has been read.
    return (try? rewrite(limit: limit)) ?? history
  }

  /// Appends one entry in one piece.
  package func append(_ entry: String) throws(ScreenError) {
    let descriptor = try openLocked()
    defer { close(descriptor) }
    var line = Self.escape(entry) + [UInt8(ascii: "\n")]
    // A line that a full disk cut short must not swallow this one.
    var last: UInt8 = 0
    let size = lseek(descriptor, 0, SEEK_END)
    if size > 0, pread(descriptor, &last, 1, size - 1) == 1, last != UInt8(ascii: "\n") {
      line.insert(UInt8(ascii: "\n"), at: 0)
    }
    try write(line, to: descriptor)
  }

  /// Replaces the file by its newest entries.
  private func rewrite(limit: Int) throws(ScreenError) -> History {
    let lock = try openLocked()
    defer { close(lock) }
    // Read again: another session may have appended since.
    let (history, _) = try entries(of: lock, limit: limit)
    let fresh = path + ".\(getpid()).new"
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .historyUnwritable(path: fresh, reason: reason()) }
    defer { close(descriptor) }
    do {
      let lines = history.entries.flatMap { Self.escape($0) + [UInt8(ascii: "\n")] }
      try write(lines, to: descriptor)
    } catch {
      unlink(fresh)
      throw error
    }
    guard fsync(descriptor) == 0, rename(fresh, path) == 0 else {
      let problem = reason()
      unlink(fresh)
      throw .historyUnwritable(path: path, reason: problem)
    }
    return history
  }

  /// The file, made with its folders if need be, locked against other sessions.
  private func openLocked() throws(ScreenError) -> Int32 {
    // A few attempts: whoever held the lock may have renamed another file into place.
    for _ in 0..<8 {
      var descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
      if descriptor < 0, errno == ENOENT {
        makeFolders()
        descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
      }
      guard descriptor >= 0 else { throw .historyUnwritable(path: path, reason: reason()) }
      flock(descriptor, LOCK_EX)
      var held = stat()
      var named = stat()
      if fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
        held.st_dev == named.st_dev
      {
        return descriptor
      }
      close(descriptor)
    }
    throw .historyUnwritable(path: path, reason: "other sessions keep replacing it")
  }

  private func makeFolders() {
    var folder = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
      folder += part + "/"
      mkdir(folder, 0o700)
    }
  }

  private func entries(
    of descriptor: Int32, limit: Int
  ) throws(ScreenError) -> (History, lineCount: Int) {
    let lines = try readEnd(of: descriptor).split(separator: UInt8(ascii: "\n"))
    return (History(lines.map { Self.unescape($0) }, limit: limit), lines.count)
  }

  /// The last ``readLimit`` bytes, from the first line that begins there.
  private func readEnd(of descriptor: Int32) throws(ScreenError) -> ArraySlice<UInt8> {
    let start = max(0, lseek(descriptor, 0, SEEK_END) - off_t(Self.readLimit))
    lseek(descriptor, start, SEEK_SET)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < Self.readLimit {
      let got = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .historyUnreadable(path: path, reason: reason()) }
      if got == 0 { break }
      bytes += chunk[..<got]
    }
    return start == 0 ? bytes[...] : bytes.drop { $0 != UInt8(ascii: "\n") }
  }

  private func write(_ bytes: [UInt8], to descriptor: Int32) throws(ScreenError) {
    var done = 0
    while done < bytes.count {
      let put = bytes.withUnsafeBytes { buffer in
        systemWrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
      }
      if put < 0, errno == EINTR { continue }
      guard put > 0 else { throw .historyUnwritable(path: path, reason: reason()) }
      done += put
    }
  }

  private func reason() -> String { String(cString: strerror(errno)) }

  /// A line's bytes: `\` doubled, line ends as `\n` and `\r`.
  static func escape(_ entry: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(entry.utf8.count + 8)
    for byte in entry.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes += [byte, byte]
      case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
      case UInt8(ascii: "\r"): bytes += Array("\\r".utf8)
      default: bytes.append(byte)
      }
    }
    return bytes
  }

  /// The entry of a line; an escape that is not known stands for itself.
  static func unescape(_ line: some Collection<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(line.count)
    var isEscaped = false
    for byte in line {
      guard isEscaped else {
        if byte == UInt8(ascii: "\\") { isEscaped = true } else { bytes.append(byte) }
        continue
      }
      isEscaped = false
      switch byte {
      case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
      case UInt8(ascii: "\\"): bytes.append(byte)
      default: bytes += [UInt8(ascii: "\\"), byte]
      }
    }
    if isEscaped { bytes.append(UInt8(ascii: "\\")) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

// The member named `write` above hides the function of the C library.
private func systemWrite(_ descriptor: Int32, _ from: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, from, count)
}
