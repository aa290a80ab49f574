import Foundation
import Tensors

/// The picture files under a folder.
enum PictureFolder {
  /// Files that one search looks at.
  static let limit = 100_000
  private static let endings: Set<String> = ["jpg", "jpeg", "png", "webp"]

  /// Paths in byte order, subfolders included, and those that no text can hold. What begins with a
  /// dot, and links to folders, are left out: a link may lead back to where it is.
  ///
  /// - Throws: ``CommandFailure`` when there is no such folder, it holds too many, or the user
  ///   interrupts.
  static func files(
    in folder: String, unless cancellation: Cancellation
  ) throws(CommandFailure) -> (paths: [String], unnamed: [String]) {
    var status = stat()
    guard !folder.utf8.contains(0), stat(folder, &status) == 0 else {
      throw CommandFailure(
        code: "file.missing", "there is no folder \(folder)",
        remedy: "paths are relative to the folder gaze was started in")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw CommandFailure(
        code: "file.kind", "\(folder) is no folder", remedy: "stage one picture with :image")
    }
    var (found, unnamed): ([String], [String]) = ([], [])
    var waiting = [folder]
    while let next = waiting.popLast() {
      // A folder may be as large as the system's root.
      guard !cancellation.isCancelled else {
        throw CommandFailure(code: CommandFailure.interrupted, "interrupted")
      }
      for (name, isText) in names(in: next) where !name.hasPrefix(".") {
        let path = next.hasSuffix("/") ? next + name : next + "/" + name
        let isPicture = name.lastIndex(of: ".").map {
          endings.contains(name[name.index(after: $0)...].lowercased())
        } ?? false
        guard isText else {
          if isPicture { unnamed.append(path) }
          continue
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR {
          waiting.append(path)
        } else if isPicture {
          found.append(path)
        }
      }
      guard found.count <= limit else {
        throw CommandFailure(
          code: "search.size", "\(folder) holds more than \(limit) pictures",
          remedy: "search one of its folders")
      }
    }
    return (found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, unnamed.sorted())
  }

  /// What a folder holds; none where it cannot be read. A name that is not UTF-8 comes repaired.
  private static func names(in folder: String) -> [(name: String, isText: Bool)] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [(String, Bool)] = []
    while let entry = readdir(stream) {
      withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        let bytes = bytes.prefix { $0 != 0 }
        let text = String(validating: bytes, as: UTF8.self)
        names.append((text ?? String(decoding: bytes, as: UTF8.self), text != nil))
      }
    }
    return names
  }
}
