import Foundation

extension PictureGathering {
  /// Reads a source: a table, a folder, a tar shard, or a pattern of such files.
  ///
  /// - Throws: ``TrainingError/data(path:problem:remedy:)`` when there is nothing at the path, or
  ///   nothing that can be understood.
  mutating func read(source path: String) throws(TrainingError) {
    for file in try SourcePattern(path).files() { try read(file: file) }
  }

  private mutating func read(file path: String) throws(TrainingError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .data(
        path: path, problem: "there is no such file or folder",
        remedy: "see that the path is right; relative ones start from the recipe's folder")
    }
    if isFolder.boolValue { return try readFolder(path) }
    switch FilePaths.pathExtension(path) {
    case "tsv": try readTable(path, separator: .tab)
    case "csv": try readTable(path, separator: .comma)
    case "jsonl", "ndjson": try readLines(path)
    case "tar": try readShard(path)
    case "gz", "tgz", "zst", "bz2", "xz", "zip":
      throw .data(
        path: path, problem: "a compressed file cannot be read from the middle",
        remedy: "unpack it to a .tar, .tsv, .csv or .jsonl, or to a folder")
    default:
      throw .data(
        path: path, problem: "is no kind of source that is known",
        remedy: "name a folder, or a file that ends in .tsv, .csv, .jsonl or .tar")
    }
  }

  /// The bytes of a table, without a byte order mark.
  func tableBytes(_ path: String) throws(TrainingError) -> ArraySlice<UInt8> {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    do throws(Unusable) {
      let bytes = try BoundedFile.bytes(of: path, limit: Self.maximumTableBytes)
      return bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    } catch {
      throw .data(
        path: path, problem: "the table \(error.problem)",
        remedy: "a table is UTF-8 text with a row for each picture; large ones can be split")
    }
  }

  private static let maximumTableBytes = 4 << 30
}
