#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The few things that looking for checkpoints needs to know about paths.
enum Paths {
  enum Kind { case file, folder, other }

  /// `folder/name`, without a second slash.
  static func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.utf8.last == slash ? folder + name : folder + "/" + name
  }

  /// The folder that holds `path`: `.` for a bare name.
  static func parent(of path: String) -> String {
    let bytes = trimmed(path).utf8
    guard let last = bytes.lastIndex(of: slash) else { return "." }
    return last == bytes.startIndex ? "/" : String(Substring(bytes[..<last]))
  }

  /// The part of `path` after its last slash.
  static func name(of path: String) -> String {
    let bytes = trimmed(path).utf8
    guard let last = bytes.lastIndex(of: slash) else { return String(Substring(bytes)) }
    return String(Substring(bytes[bytes.index(after: last)...]))
  }

  private static func trimmed(_ path: String) -> Substring {
    var path = Substring(path)
    while path.utf8.count > 1, path.utf8.last == slash { path.removeLast() }
    return path
  }

  /// Whether `name` can only be a file directly inside a folder.
  static func isPlainName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
      && !name.utf8.contains { $0 == slash || $0 == UInt8(ascii: "\\") || $0 == 0 }
  }

  /// What lies at `path`, following symbolic links, or nil when nothing does.
  static func kind(of path: String) -> Kind? {
    var status = stat()
    guard !path.utf8.contains(0), stat(path, &status) == 0 else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    default: .other
    }
  }

  /// The names in a folder, sorted by bytes, without `.` and `..`; nil when it cannot be read.
  static func contents(of folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [WeightName] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(WeightName(name)) }
    }
    return names.sorted().map(\.text)
  }

  /// The text of a small file, such as a ref; nil when it is absent, too long or not UTF-8.
  static func text(of path: String, limit: Int = 4096) -> String? {
    guard let file = try? MappedFile(path: path), file.byteCount <= limit else { return nil }
    return String(validating: file.bytes.bindMemory(to: UInt8.self), as: UTF8.self)
  }

  private static let slash = UInt8(ascii: "/")
}
