#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads ordinary files up to a size that the caller is ready for.
enum BoundedFile {
  /// - Throws: ``Unusable`` unless there is an ordinary file of 1 to `limit` bytes.
  static func check(_ path: String, limit: Int) throws(Unusable) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .system("cannot be opened") }
    try check(status, limit: limit)
  }

  private static func check(_ status: stat, limit: Int) throws(Unusable) {
    guard status.st_mode & S_IFMT == S_IFREG else { throw Unusable("is not an ordinary file") }
    guard status.st_size > 0 else { throw Unusable("is empty") }
    guard Int(status.st_size) <= limit else {
      throw Unusable("has \(status.st_size) bytes, more than the limit of \(limit)")
    }
  }

  /// All bytes of a file.
  static func bytes(of path: String, limit: Int) throws(Unusable) -> [UInt8] {
    // Looked at before it is opened: opening some devices has effects, and FIFOs wait.
    try check(path, limit: limit)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system("cannot be opened") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system("cannot be examined") }
    try check(status, limit: limit)
    let count = Int(status.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count, let base = buffer.baseAddress {
        let got = read(descriptor, base + filled, count - filled)
        if got < 0, errno == EINTR { continue }
        if got <= 0 { break }
        filled += got
      }
    }
    guard bytes.count == count else { throw Unusable("ended while it was read") }
    return bytes
  }
}

extension Unusable {
  /// With the reason of the last system call.
  static func system(_ what: String) -> Unusable {
    Unusable("\(what): " + (strerror(errno).map { String(cString: $0) } ?? "unknown error"))
  }
}

/// Paths as text: nothing here looks at the file system.
enum FilePaths {
  static func absolute(_ path: String, relativeTo folder: String) -> String {
    path.hasPrefix("/") ? path : joined(folder, path)
  }

  static func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The folder that a file is in; `.` for a bare name.
  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// What follows the last full stop, in lower case; empty without one.
  static func pathExtension(_ path: String) -> String {
    let name = name(of: path)
    guard let stop = name.utf8.lastIndex(of: UInt8(ascii: ".")), stop != name.startIndex else { return "" }
    return name[name.utf8.index(after: stop)...].lowercased()
  }

  /// The name without its extension; all of it where there is none.
  static func stem(_ name: String) -> String {
    guard let stop = name.utf8.lastIndex(of: UInt8(ascii: ".")), stop != name.startIndex else { return name }
    return String(name[..<stop])
  }

  static let pictureExtensions: Set<String> = ["jpg", "jpeg", "png", "webp"]

  static func isPicture(_ path: String) -> Bool { pictureExtensions.contains(pathExtension(path)) }
}
