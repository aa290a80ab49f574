import Foundation

/// Paths that go on from what is typed.
enum PathCompletion {
  /// Candidates shown at most: a folder of ten thousand photographs helps nobody as a list.
  private static let limit = 200

  /// - Parameters:
  ///   - prefix: as typed: perhaps with `~`, perhaps with an opening quote.
  ///   - endings: what the names of files end in; empty: anything.
  static func paths(
    for prefix: String, endings: [String] = []
  ) -> [(text: String, note: String)] {
    let typed = prefix.hasPrefix("\"") ? String(prefix.dropFirst()) : prefix
    let slash = typed.lastIndex(of: "/")
    let folder = slash.map { String(typed[...$0]) } ?? ""
    let stem = slash.map { String(typed[typed.index(after: $0)...]) } ?? typed
    let expanded = PathExpansion.expandingHome(folder.isEmpty ? "." : folder)
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: expanded) else { return [] }
    let matching = names.filter { $0.hasPrefix(stem) && (!$0.hasPrefix(".") || stem.hasPrefix(".")) }
    return matching.sorted().lazy.compactMap { name in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(
        atPath: (expanded as NSString).appendingPathComponent(name), isDirectory: &isFolder),
        isFolder.boolValue || endings.isEmpty || endings.contains(where: name.hasSuffix)
      else { return nil }
      let path = folder + name + (isFolder.boolValue ? "/" : "")
      return (CommandCompleter.quotedIfNeeded(path), "")
    }.prefix(limit).map { $0 }
  }
}
