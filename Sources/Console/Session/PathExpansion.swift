import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// `~` and globs, expanded by Gaze and sorted, so that a script means the same in any shell.
enum PathExpansion {
  /// The paths that a word stands for; a quoted word is taken as it is, but for its `~`.
  ///
  /// - Throws: ``CommandFailure`` when a glob matches nothing, or a name that is not UTF-8.
  static func paths(for word: Word) throws(CommandFailure) -> [String] {
    let path = expandingHome(word.text)
    guard !word.isQuoted, path.contains(where: { "*?[".contains($0) }),
      !FileManager.default.fileExists(atPath: path)
    else { return [path] }
    var matches = glob_t()
    defer { globfree(&matches) }
    guard glob(path, 0, nil, &matches) == 0 else {
      throw CommandFailure(
        code: "file.missing", "no file matches \(word.text)",
        remedy: "quote the word if it is a name and no pattern")
    }
    var paths: [String] = []
    for index in 0..<Int(matches.gl_pathc) {
      guard let match = matches.gl_pathv[index] else { continue }
      guard let path = String(validatingCString: match) else {
        throw CommandFailure(
          code: "file.name", "the name of \(String(cString: match)) is not UTF-8",
          remedy: "rename the file")
      }
      paths.append(path)
    }
    return paths.sorted()
  }

  static func expandingHome(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/") else { return path }
    let home = ProcessInfo.processInfo.environment["HOME"] ?? NSHomeDirectory()
    return home + path.dropFirst()
  }
}
