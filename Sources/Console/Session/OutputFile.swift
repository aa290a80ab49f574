import Foundation

/// A file that is being written, line by line, with nothing held back: what was said before a
/// crash is in it.
final class OutputFile {
  let path: String
  private let handle: FileHandle

  /// - Parameters:
  ///   - overwrites: whether a file that is there may be replaced.
  ///   - protected: files that must not be, whatever the user says.
  /// - Throws: ``CommandFailure`` naming the file and the remedy.
  init(_ path: String, overwrites: Bool, protecting protected: [String]) throws(CommandFailure) {
    guard !path.utf8.contains(0) else {
      throw CommandFailure(code: "file.write", "no path has a NUL")
    }
    if protected.contains(where: { OutputFile.isSame($0, path) }) {
      throw CommandFailure(
        code: "file.script", "\(path) is being read or written by this session",
        remedy: "choose another file")
    }
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (overwrites ? O_TRUNC : O_EXCL)
    let descriptor = open(path, flags, 0o666)
    guard descriptor >= 0 else {
      throw errno == EEXIST
        ? CommandFailure(
          code: "file.exists", "\(path) is there already", remedy: "add `force` to overwrite it")
        : CommandFailure(
          code: "file.write", "\(path) cannot be written: \(String(cString: strerror(errno)))",
          remedy: "does its folder exist, and may you write there?")
    }
    self.path = path
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// - Returns: whether all of it went through.
  func write(_ text: String) -> Bool {
    (try? handle.write(contentsOf: Data(text.utf8))) != nil
  }

  /// Whether two paths lead to one file.
  static func isSame(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard stat(a, &first) == 0, stat(b, &second) == 0 else { return a == b }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }
}

extension Session {
  /// Opens a file for output; scripts that run and files being written are refused.
  func outputFile(_ path: String, overwrites: Bool) throws(CommandFailure) -> OutputFile {
    let written = [log?.file.path, once?.path].compactMap { $0 }
    return try OutputFile(
      PathExpansion.expandingHome(path), overwrites: overwrites,
      protecting: scripts + options.scripts + written)
  }
}
