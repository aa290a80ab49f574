import Foundation

/// A path with `{000..012}`, `{a,b}`, `*` or `?` in it, as shards are named.
///
/// Braces may stand anywhere and each of their paths must exist; `*` and `?` match file names.
struct SourcePattern {
  let path: String

  init(_ path: String) { self.path = path }

  private static let maximumPaths = 100_000

  /// The paths meant, those of one `*` in the order of their bytes.
  func files() throws(TrainingError) -> [String] {
    // A file that is really called so is meant before any pattern.
    if FileManager.default.fileExists(atPath: path) { return [path] }
    var files: [String] = []
    for expanded in try Self.expandingBraces(path, limit: Self.maximumPaths) {
      let name = FilePaths.name(of: expanded)
      guard name.utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }),
        !FileManager.default.fileExists(atPath: expanded)
      else {
        files.append(expanded)
        continue
      }
      files += try matches(of: name, in: FilePaths.folder(of: expanded))
    }
    return files
  }

  private func matches(of pattern: String, in folder: String) throws(TrainingError) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let found = names.filter { Self.matches(Array($0.unicodeScalars), Array(pattern.unicodeScalars)) }
    guard !found.isEmpty else {
      throw .data(
        path: path, problem: "no file in \(folder) has a name like \(pattern)",
        remedy: "`*` stands for any characters of a file's name and `?` for one")
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
      FilePaths.joined(folder, $0)
    }
  }

  /// Linear in both but for the last `*`, to which alone it goes back.
  static func matches(_ name: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
    if name.first == "." && pattern.first != "." { return false }
    var (n, p) = (0, 0)
    var retry: (name: Int, pattern: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == "*" {
        retry = (n, p)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
        (n, p) = (n + 1, p + 1)
      } else if let last = retry {
        retry = (last.name + 1, last.pattern)
        (n, p) = (last.name + 1, last.pattern + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }

  /// `a{00..02}` to `a00`, `a01`, `a02`; braces that hold no list stay.
  static func expandingBraces(_ text: String, limit: Int) throws(TrainingError) -> [String] {
    var (done, rest) = ([""], text[...])
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      let inside = rest[rest.index(after: open)..<close]
      let choices = choices(inside, limit: limit) ?? ["{\(inside)}"]
      guard done.count * choices.count <= limit else {
        throw .data(
          path: text, problem: "the braces stand for more than \(limit) paths",
          remedy: "name fewer shards in one source")
      }
      let before = rest[..<open]
      done = done.flatMap { start in choices.map { start + before + $0 } }
      rest = rest[rest.index(after: close)...]
    }
    return done.map { $0 + rest }
  }

  /// Nil for braces that stand for themselves; one choice too many for a list that is too long.
  private static func choices(_ inside: Substring, limit: Int) -> [String]? {
    if inside.contains(",") {
      return inside.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    guard let dots = inside.range(of: ".."), let first = Int(inside[..<dots.lowerBound]),
      let last = Int(inside[dots.upperBound...]), first >= 0, last >= first
    else { return nil }
    let digits = inside[..<dots.lowerBound].count
    return (first...min(last, first + limit)).map { number in
      let plain = String(number)
      return String(repeating: "0", count: max(digits - plain.count, 0)) + plain
    }
  }
}
