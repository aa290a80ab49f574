/// The words, options and flags of one line, checked against its verb's signature.
package struct Arguments: Sendable {
  package let signature: Signature
  /// Words that are neither options nor flags.
  package private(set) var words: [Word] = []
  /// Form `labels`: the words between separators.
  package private(set) var groups: [[Word]] = []
  /// Form `raw`: what follows the verb.
  package let rest: String
  private var options: [String: String] = [:]
  private var flags: Set<String> = []

  /// - Throws: ``CommandFailure`` naming the word that does not belong.
  package init(_ rest: String, for signature: Signature) throws(CommandFailure) {
    self.signature = signature
    self.rest = signature.form == .raw ? Fence.content(of: rest) ?? rest : rest
    guard signature.form != .raw else { return }
    var words: [Word]
    do {
      words = try Lexer.words(of: rest, separatesLabels: signature.form == .labels)
    } catch {
      throw .syntax(error, usage: signature.usage)
    }
    try takeTrailingOptions(from: &words)
    if signature.form == .labels {
      groups = words.split(omittingEmptySubsequences: false, whereSeparator: \.isSeparator)
        .map(Array.init)
      if words.isEmpty { groups = [] }
    } else {
      self.words = words
      try checkArity()
    }
  }

  /// Options and flags are the trailing run of words that the verb declares. Behind `--` every
  /// word is plain, so that the run is the one before it.
  private mutating func takeTrailingOptions(from words: inout [Word]) throws(CommandFailure) {
    let end = words.firstIndex { $0.text == "--" && !$0.isQuoted }
    let plain = end.map { words[($0 + 1)...] } ?? []
    if let end { words.removeSubrange(end...) }
    let declared = Set(signature.options.map(\.name))
    let flagNames = Set(signature.flags.map(\.name))
    while let word = words.last {
      if let (key, value) = word.assignment, declared.contains(key) {
        guard options.updateValue(value, forKey: key) == nil else {
          throw .usage("the option \(key)= is given twice", signature)
        }
      } else if flagNames.contains(word.text), !word.isQuoted {
        flags.insert(word.text)
      } else {
        break
      }
      words.removeLast()
    }
    if let key = unknownOption(in: words, declared: declared) {
      throw .usage(
        "\(signature.name) has no option \(key)=", signature,
        remedy: remedy(forUnknown: key, among: declared))
    }
    words += plain
  }

  /// The key of a last word that looks like an option and is none: a path or a label may hold
  /// `=`, and then `--` or quotes say so.
  private func unknownOption(in words: [Word], declared: Set<String>) -> String? {
    guard let (key, _) = words.last?.assignment,
      key.allSatisfy({ ("a"..."z").contains($0) || $0 == "-" })
    else { return nil }
    // Among labels only what is nearly an option is taken for a slip: `y=2` is a fine label.
    let isSlip = key.count > 2 && !Suggestions.nearest(to: key, among: declared.sorted()).isEmpty
    return signature.form == .words || isSlip ? key : nil
  }

  private func remedy(forUnknown key: String, among declared: Set<String>) -> String {
    let options = declared.sorted().map { $0 + "=" }.joined(separator: ", ")
    let nearest = Suggestions.nearest(to: key, among: declared.sorted()).first
    return (nearest.map { "did you mean \($0)=? " } ?? "")
      + (options.isEmpty ? "it takes no options" : "its options: \(options)")
      + "; quote the word, or put `--` before it, if it is none"
  }

  private func checkArity() throws(CommandFailure) {
    if words.count < signature.arity.lowerBound {
      let missing = signature.positionals[words.count].placeholder
      throw .usage("\(signature.name) needs \(missing)", signature)
    }
    if words.count > signature.arity.upperBound {
      let limit = signature.arity.upperBound
      let flags = signature.flags.map(\.name)
      // A flag is only a surplus word because of what stands behind it.
      let surplus = words[limit...].first { !flags.contains($0.text) } ?? words[limit]
      let nearest = Suggestions.nearest(to: surplus.text, among: flags).first
      throw .usage(
        "\(signature.name) takes at most \(limit) words; \"\(surplus.text)\" is one too many",
        signature, remedy: nearest.map { "did you mean \($0)? usage: \(signature.usage)" })
    }
  }

  // MARK: Typed access

  /// The value of an option, nil when it is not given.
  ///
  /// - Throws: ``CommandFailure`` when its text is not what the option takes.
  subscript<Value>(_ option: Option<Value>) -> Value? {
    get throws(CommandFailure) {
      guard let text = options[option.name] else { return nil }
      return try value(text, option.kind, called: "\(option.name)=")
    }
  }

  subscript(_ flag: Flag) -> Bool { flags.contains(flag.name) }

  /// The word at `index`, nil when there are fewer.
  func value<Value>(
    at index: Int, of positional: Positional<Value>
  ) throws(CommandFailure) -> Value? {
    guard index < words.count else { return nil }
    return try value(words[index].text, positional.kind, called: positional.kind.placeholder)
  }

  private func value<Value>(
    _ text: String, _ kind: ValueKind<Value>, called name: String
  ) throws(CommandFailure) -> Value {
    guard let value = kind.parse(text) else {
      throw .usage("\(name) is \"\(text)\"; it takes \(kind.expectation)", signature)
    }
    return value
  }
}
