/// What some checkpoints do to a text before their tokenizer file's own rules apply: their
/// authors' code, which no tokenizer file records.
package struct TextCleaning: Equatable, Sendable {
  /// "_" becomes a space.
  package var spacesUnderscores = false
  /// The ASCII punctuation !"#$%&'()*+,-./:;<=>?@[\]^_`{|}~ is left out.
  package var removesPunctuation = false
  package var lowercases = false
  /// Runs of white space become one space, and none stays at the ends.
  package var collapsesSpace = false

  package init(
    spacesUnderscores: Bool = false, removesPunctuation: Bool = false, lowercases: Bool = false,
    collapsesSpace: Bool = false
  ) {
    self.spacesUnderscores = spacesUnderscores
    self.removesPunctuation = removesPunctuation
    self.lowercases = lowercases
    self.collapsesSpace = collapsesSpace
  }
}

extension Tokenizer {
  /// The same tokenizer over cleaned texts; places still count in the text as it was given.
  ///
  /// Repairs of mis-decoded text and HTML entities, which the same code makes, are not among the
  /// steps; ordinary text has nothing to repair. Nor does a sigma at the end of a word become a
  /// final one, as in Python's lower case. Added tokens are found before cleaning.
  package func cleaning(_ cleaning: TextCleaning) throws(TokenizerError) -> Tokenizer {
    var steps: [Normalizer] = []
    func replace(_ pattern: String, with text: [UInt8]) throws(TokenizerError) {
      let expression = try RegularExpression(pattern, source: "text cleaning", path: "$")
      steps.append(.replace(.expression(expression), with: text))
    }
    if cleaning.spacesUnderscores { try replace("_", with: [0x20]) }
    if cleaning.removesPunctuation { try replace(#"[!-/:-@\[-`{-~]"#, with: []) }
    if cleaning.lowercases { steps.append(.lowercase) }
    if cleaning.collapsesSpace {
      try replace(#"\s+"#, with: [0x20])
      steps.append(.strip(left: true, right: true))
    }
    guard !steps.isEmpty else { return self }
    var parts = parts
    if let own = parts.normalizer { steps.append(own) }
    parts.normalizer = .sequence(steps)
    return Tokenizer(parts)
  }
}
