import Foundation

/// Reads files that a user names: whole, and only up to a limit.
enum InputFile {
  /// The bytes of a file.
  ///
  /// - Parameters:
  ///   - what: what errors call it: "the script".
  ///   - limit: bytes that it may have.
  ///   - takesStreams: whether a pipe will do, as shells make them for `<(…)`.
  /// - Throws: ``CommandFailure`` naming the file and what is wrong with it.
  static func bytes(
    of path: String, what: String, limit: Int, takesStreams: Bool = false
  ) throws(CommandFailure) -> [UInt8] {
    let called = what.isEmpty ? path : "\(what) \(path)"
    guard !path.utf8.contains(0) else {
      throw CommandFailure(code: "file.missing", "\(called) cannot be read: no path has a NUL")
    }
    var status = stat()
    guard stat(path, &status) == 0 else { throw unreadable(called, errno) }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || (takesStreams && kind != S_IFDIR) else {
      throw CommandFailure(
        code: "file.kind", "\(called) is \(kind == S_IFDIR ? "a folder" : "no ordinary file")")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(called, errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    // A stated size is only a hint: the file may grow, and a stream has none.
    bytes.reserveCapacity(min(limit, max(0, Int(status.st_size))) + 1)
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable(called, errno) }
      guard count > 0 else { return bytes }
      bytes += chunk.prefix(count)
      guard bytes.count <= limit else {
        throw CommandFailure(
          code: "file.size", "\(called) is larger than \(Format.bytes(limit))",
          remedy: "is it the file you mean?")
      }
    }
  }

  /// The text of a file, without a byte order mark.
  static func text(
    of path: String, what: String, limit: Int, takesStreams: Bool = false
  ) throws(CommandFailure) -> String {
    let bytes = try bytes(of: path, what: what, limit: limit, takesStreams: takesStreams)
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let body = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    guard let text = String(validating: body, as: UTF8.self) else {
      throw CommandFailure(
        code: "file.encoding", "\(what) \(path) is not UTF-8", remedy: "save it as UTF-8")
    }
    return text
  }

  private static func unreadable(_ called: String, _ code: Int32) -> CommandFailure {
    let remedy =
      switch code {
      case ENOENT, ENOTDIR:
        "there is no such file; paths are relative to the folder gaze was started in"
      case EACCES, EPERM: "check its permissions"
      default: String(cString: strerror(code))
      }
    return CommandFailure(code: "file.missing", "\(called) cannot be read", remedy: remedy)
  }
}
