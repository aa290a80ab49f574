/// Names near to a mistyped one.
enum Suggestions {
  /// At most three of `names` within a third of their length, nearest first.
  static func nearest(to name: String, among names: [String]) -> [String] {
    // Nothing is near to a paragraph, and comparing one would take its time.
    guard name.utf8.count <= 256 else { return [] }
    let target = Array(name.lowercased())
    let scored = names.compactMap { candidate -> (name: String, distance: Int)? in
      let letters = Array(candidate.lowercased())
      let distance = editDistance(target, letters)
      let limit = max(1, max(target.count, letters.count) / 3)
      let isPrefix = target.count >= 2 && letters.starts(with: target)
      return distance <= limit || isPrefix ? (candidate, isPrefix ? 0 : distance) : nil
    }
    return scored.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
  }

  /// Insertions, deletions, replacements and swaps of neighbours (Damerau–Levenshtein, in its
  /// restricted form).
  static func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1] + [Int](repeating: 0, count: b.count)
      for j in b.indices {
        let cost = a[i] == b[j] ? 0 : 1
        row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + cost)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
        }
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
