/// One way to complete an input.
package struct Completion: Hashable, Sendable {
  /// The UTF-8 offsets of what is replaced.
  package let range: Range<Int>
  package let replacement: String
  /// How the list shows it; the replacement by default.
  package let label: String
  /// A few words beside the label.
  package let note: String

  package init(range: Range<Int>, replacement: String, label: String? = nil, note: String = "") {
    self.range = range
    self.replacement = replacement
    self.label = label ?? replacement
    self.note = note
  }
}

/// A list of completions of which one is selected, or none before the first Tab on the list.
struct CompletionList: Hashable {
  var items: [Completion]
  var selected: Int?

  mutating func select(by delta: Int) {
    guard !items.isEmpty else { return }
    let start = selected ?? (delta > 0 ? -1 : 0)
    selected = (start + delta + items.count) % items.count
  }

  /// The longest beginning that all replacements share, if they replace the same range.
  static func commonPrefix(of items: [Completion]) -> String? {
    guard let first = items.first, items.allSatisfy({ $0.range == first.range }) else { return nil }
    var prefix = Array(first.replacement.unicodeScalars)
    for item in items.dropFirst() {
      let scalars = Array(item.replacement.unicodeScalars)
      let same = zip(prefix, scalars).prefix { $0 == $1 }.count
      prefix = Array(prefix[..<same])
    }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: prefix)
    return String(view)
  }
}
