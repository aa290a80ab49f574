/// Earlier inputs, the oldest first, each once, within a bound.
package struct History: Hashable, Sendable {
  package private(set) var entries: [String]
  package let limit: Int

  /// Entries longer than this are not worth remembering: they were pasted.
  package static let entryByteLimit = 64 << 10

  package init(_ entries: [String] = [], limit: Int = 2000) {
    self.limit = max(1, limit)
    self.entries = []
    // From the newest backwards, so that the last of equal entries is the one that stays.
    var seen: Set<[UInt8]> = []
    for entry in entries.reversed() where self.entries.count < self.limit {
      guard Self.isWorthy(entry), seen.insert(Array(entry.utf8)).inserted else { continue }
      self.entries.append(entry)
    }
    self.entries.reverse()
  }

  /// Whether an input is kept: not blank and not huge.
  package static func isWorthy(_ entry: String) -> Bool {
    !entry.allSatisfy(\.isWhitespace) && entry.utf8.count <= entryByteLimit
  }

  /// Adds an input as the newest; an equal older one leaves. False when it is not kept.
  @discardableResult
  package mutating func append(_ entry: String) -> Bool {
    guard Self.isWorthy(entry) else { return false }
    // By bytes: two spellings of the same Korean syllable are two inputs.
    entries.removeAll { $0.utf8.elementsEqual(entry.utf8) }
    entries.append(entry)
    if entries.count > limit { entries.removeFirst(entries.count - limit) }
    return true
  }

  /// The newest entry before `index` that contains `query`, ignoring case when the query has none.
  package func search(_ query: String, before index: Int) -> Int? {
    entries[..<min(max(0, index), entries.count)].lastIndex { matches($0, query) }
  }

  /// The oldest entry after `index` that contains `query`.
  package func search(_ query: String, after index: Int) -> Int? {
    let start = max(0, index + 1)
    guard start < entries.count else { return nil }
    return entries[start...].firstIndex { matches($0, query) }
  }

  private func matches(_ entry: String, _ query: String) -> Bool {
    guard !query.isEmpty else { return true }
    let hasCase = query.contains { $0.isUppercase }
    let text = hasCase ? entry : entry.lowercased()
    return text.contains(query)
  }
}
