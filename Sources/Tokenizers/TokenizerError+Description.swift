import JSONDocuments

extension TokenizerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .json(let error):
      error.description
    case .unsupported(let source, let path, let value, let supported):
      "\(source): \(path): \(value) is not supported; supported: \(supported)"
    case .invalid(let source, let path, let problem):
      "\(source): \(path): \(problem)"
    case .tooLarge(let source, let path, let value, let limit):
      "\(source): \(path): \(value) is beyond the limit of \(limit)"
    case .mergesLine(let source, let line, let problem):
      "\(source): line \(line): \(problem)"
    case .pattern(let source, let path, let pattern, let problem):
      "\(source): \(path): the regular expression \"\(excerpt(pattern))\" is not valid: \(problem)"
    case .patternGaveUp(let pattern, let problem):
      "the tokenizer's regular expression \"\(excerpt(pattern))\" was stopped on this text: "
        + "\(problem); shorten the text or use the checkpoint's original tokenizer file"
    case .textTooLong(let bytes, let limit):
      "the text, or what the file's rules make of it, has \(bytes) bytes or more; the limit is "
        + "\(limit); encode it in parts"
    case .noUnknownToken(let model, let setting):
      "the text has a character outside the \(model) vocabulary, and \(setting) names no token "
        + "for it; the tokenizer file is incomplete"
    case .noRoom(let length, let specialTokens):
      "a length of \(length) has no room for \(specialTokens) special tokens; "
        + "allow at least \(specialTokens)"
    case .cancelled:
      "interrupted"
    case .emptyCorpus(let texts):
      "no word to learn from in \(texts) texts; give at least one that is not white space"
    case .tooManyWords(let limit):
      "the texts have more than \(limit) different words; train on fewer of them"
    case .vocabularyTooSmall(let asked, let specialTokens, let characters):
      "a vocabulary of \(asked) has no room for \(specialTokens) special tokens and "
        + "\(characters) characters; ask for at least \(specialTokens + characters)"
    }
  }

  /// Enough of a pattern to recognise it.
  private func excerpt(_ pattern: String) -> String {
    pattern.unicodeScalars.count <= 80
      ? pattern : String(String.UnicodeScalarView(pattern.unicodeScalars.prefix(80))) + "…"
  }
}
