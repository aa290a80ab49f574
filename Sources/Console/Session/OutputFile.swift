import Foundation

/// A file that is being written, line by line, with nothing held back: what was said before a
/// crash is in it.
final class OutputFile {
  let path: String
  private let handle: FileHandle

  /// - Parameter overwrites: whether a file that is there may be replaced.
  /// - Throws: ``CommandFailure`` naming the file and the remedy.
  fileprivate init(_ path: String, overwrites: Bool) throws(CommandFailure) {
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (overwrites ? O_TRUNC : O_EXCL)
    let descriptor = open(path, flags, 0o666)
    guard descriptor >= 0 else {
      let code = errno
      throw code == EEXIST
        ? OutputFile.exists(path)
        : CommandFailure(
          code: "file.write", "\(path) cannot be written: \(String(cString: strerror(code)))",
          remedy: "does its folder exist, and may you write there?")
    }
    self.path = path
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// - Returns: whether all of it went through.
  func write(_ text: String) -> Bool {
    (try? handle.write(contentsOf: Data(text.utf8))) != nil
  }

  fileprivate static func exists(_ path: String) -> CommandFailure {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      return CommandFailure(
        code: "file.kind", "\(path) is a folder", remedy: "name a file in it")
    }
    return CommandFailure(
      code: "file.exists", "\(path) is there already", remedy: "add `force` to overwrite it")
  }

  /// Whether two paths lead to one file.
  fileprivate static func isSame(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard stat(a, &first) == 0, stat(b, &second) == 0 else { return a == b }
    return isSame(first, second)
  }

  /// Whether a path leads to the file that standard input is read from.
  fileprivate static func isStandardInput(_ path: String) -> Bool {
    var (input, file) = (stat(), stat())
    guard fstat(STDIN_FILENO, &input) == 0, input.st_mode & S_IFMT == S_IFREG,
      stat(path, &file) == 0
    else { return false }
    return isSame(input, file)
  }

  private static func isSame(_ a: stat, _ b: stat) -> Bool {
    a.st_dev == b.st_dev && a.st_ino == b.st_ino
  }
}

extension Session {
  /// Opens a file for output; scripts that run and files being written are refused.
  func outputFile(_ path: String, overwrites: Bool) throws(CommandFailure) -> OutputFile {
    let path = PathExpansion.expandingHome(path)
    try protect(path)
    return try OutputFile(path, overwrites: overwrites)
  }

  /// Writes a whole file, or leaves what was there; refuses what ``outputFile(_:overwrites:)`` does.
  func write(
    _ bytes: [UInt8], to path: String, overwrites: Bool
  ) throws(CommandFailure) {
    try protect(path)
    var status = stat()
    // A link that leads nowhere is there too.
    guard overwrites || lstat(path, &status) != 0 else { throw OutputFile.exists(path) }
    do {
      try Data(bytes).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw CommandFailure(
        code: "file.write", "\(path) cannot be written",
        remedy: "does its folder exist, and may you write there?")
    }
  }

  /// - Throws: ``CommandFailure`` for files that must not be replaced, whatever the user says.
  private func protect(_ path: String) throws(CommandFailure) {
    guard !path.utf8.contains(0) else {
      throw CommandFailure(code: "file.write", "no path has a NUL")
    }
    let written = [log?.file.path, once?.path].compactMap { $0 }
    let isTaken = (scripts + options.scripts + written).contains { OutputFile.isSame($0, path) }
    if isTaken || OutputFile.isStandardInput(path) {
      throw CommandFailure(
        code: "file.script", "\(path) is being read or written by this session",
        remedy: "choose another file")
    }
  }
}
