/// Names that somebody may have meant.
package enum NearestNames {
  /// Up to three of `names`, nearest first: by Levenshtein distance without regard to case, or
  /// because one holds the other.
  package static func of(_ name: String, among names: [String]) -> [String] {
    let wanted = folded(name)
    let close = names.compactMap { candidate -> (name: String, distance: Int)? in
      let bytes = folded(candidate)
      let last = bytes.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? bytes
      let nearest = min(distance(wanted, bytes), distance(wanted, last))
      if nearest <= max(2, wanted.count / 4) { return (candidate, nearest) }
      let holds = wanted.count >= 3 && candidate.lowercased().contains(name.lowercased())
      return holds ? (candidate, nearest) : nil
    }
    return close.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
      .prefix(3).map(\.name)
  }

  private static func folded(_ text: String) -> [UInt8] {
    Array(text.lowercased().utf8.prefix(256))
  }

  /// The fewest insertions, deletions and replacements that turn `a` into `b`.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let replaced = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
