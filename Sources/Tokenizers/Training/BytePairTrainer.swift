/// Learns a byte-level BPE vocabulary from texts.
///
/// Gives the vocabulary and the merges, in order, of the `BpeTrainer` of the Hugging Face
/// `tokenizers` library:
///
///     let trained = try BytePairTrainer.clip(vocabulary: 5000).train(on: captions)
///     try Data(trained.json).write(to: folder.appending(path: "tokenizer.json"))
///
/// In one place that library has no order to agree with. The characters that end words get their
/// ids ("t</w>") as a hash map with a random seed gives the words out, and since of two pairs as
/// frequent the one of lower ids merges first, its merges change places from run to run. Here those
/// characters are numbered as they are in the alphabet, by their code points; told the same order,
/// the library gives the same merges. The same texts give the same bytes always.
package struct BytePairTrainer: Sendable {
  /// Which single characters are in the vocabulary.
  package enum Alphabet: Sendable {
    /// All 256, so that no text is outside the vocabulary. (Characters at the end of a word are
    /// tokens of their own where words end by a suffix, and of these only those that occur.)
    case allBytes
    /// Those of the texts.
    case occurring
  }

  /// How texts become words, and what goes around them.
  package var style: Tokenizer.Style
  /// How many tokens there should be: fewer come out if nothing is left to merge.
  package var vocabulary: Int
  /// How often a pair must occur to be merged.
  package var minimumCount = 2
  /// What the last character of a word has behind it: CLIP's "</w>".
  package var endOfWord: String?
  /// The first tokens of the vocabulary, which texts only contain by name.
  package var specials: [String] = []
  package var alphabet = Alphabet.allBytes
  /// Whether every byte may also end a word, as in OpenAI's vocabulary. The library gives an ending
  /// only to those that end one in the texts: another word is then unknown in part.
  package var coversAllEndings = false
  /// Tokens of three characters and more must stay shorter than this; the suffix does not count.
  ///
  /// Pairs of single characters are always merged: both are the library's reading of its
  /// `max_token_length`.
  package var lengthLimit: Int?

  package init(style: Tokenizer.Style, vocabulary: Int) {
    self.style = style
    self.vocabulary = vocabulary
  }

  /// What stands before and behind each text of a CLIP.
  package static let startOfText = TokenizerLayout.start
  package static let endOfText = TokenizerLayout.end

  private var endings: [[UInt8]] {
    guard coversAllEndings, let endOfWord, !endOfWord.isEmpty else { return [] }
    return ByteLevel.vocabularyOrder.map { $0 + Array(endOfWord.utf8) }
  }

  /// A trainer of CLIP's kind of tokenizer: NFC, runs of white space to one space, lower case;
  /// OpenAI's words, ended by "</w>"; `<|startoftext|>` and `<|endoftext|>` around each text.
  package static func clip(vocabulary: Int, minimumCount: Int = 2) -> BytePairTrainer {
    var trainer = BytePairTrainer(style: .clip, vocabulary: vocabulary)
    trainer.minimumCount = minimumCount
    trainer.endOfWord = "</w>"
    trainer.specials = [startOfText, endOfText]
    return trainer
  }

  /// Learns from texts.
  ///
  /// Special tokens that the texts spell out are read as ordinary text, as in the reference.
  /// - Parameter isCancelled: asked again and again whether to stop.
  /// - Throws: ``TokenizerError`` for texts without a word, a vocabulary without room for the
  ///   special tokens and characters, or settings that contradict each other; and when cancelled.
  package func train(
    on texts: some Sequence<String>, unless isCancelled: () -> Bool = { false }
  ) throws(TokenizerError) -> TrainedTokenizer {
    try checkSettings()
    let layout = TokenizerLayout(style: style, specials: specials, endOfWord: endOfWord)
    var tokens = Vocabulary(capacity: specials.count)
    for special in specials { tokens.append(Array(special.utf8)) }
    // A tokenizer that has no merges yet cuts the words: it knows how from the file to be written.
    let untrained = try layout.tokenizer(layout.json(tokens: tokens, merges: []))
    let words = try untrained.countWords(of: texts, unless: isCancelled)
    var learner = MergeLearner(
      words, tokens: tokens, alphabet: alphabet == .allBytes ? ByteLevel.vocabularyOrder : [],
      endings: endings, endOfWord: Array((endOfWord ?? "").utf8), lengthLimit: lengthLimit)
    guard learner.tokens.count <= vocabulary else {
      throw .vocabularyTooSmall(
        asked: vocabulary, specialTokens: specials.count,
        characters: learner.tokens.count - specials.count)
    }
    try learner.learn(upTo: vocabulary, minimumCount: minimumCount, unless: isCancelled)
    let json = layout.json(tokens: learner.tokens, merges: learner.merges)
    return TrainedTokenizer(tokenizer: try layout.tokenizer(json), json: json)
  }

  private func checkSettings() throws(TokenizerError) {
    guard vocabulary <= Vocabulary.idLimit else {
      throw .tooLarge(
        source: TokenizerLayout.source, path: "vocabulary", value: vocabulary,
        limit: Vocabulary.idLimit)
    }
    guard minimumCount >= 0 else { throw invalid("minimumCount", "\(minimumCount) is below 0") }
    if let lengthLimit, lengthLimit < 0 {
      throw invalid("lengthLimit", "\(lengthLimit) is below 0")
    }
    var seen = Set<[UInt8]>()
    for special in specials {
      guard !special.isEmpty else { throw invalid("specials", "a special token is empty") }
      guard seen.insert(Array(special.utf8)).inserted else {
        throw invalid("specials", "\"\(special)\" is there twice")
      }
    }
    guard style == .clip else { return }
    for needed in [TokenizerLayout.start, TokenizerLayout.end]
    where !seen.contains(Array(needed.utf8)) {
      throw invalid("specials", "CLIP's tokenizer needs \(needed); add it")
    }
  }

  private func invalid(_ setting: String, _ problem: String) -> TokenizerError {
    .invalid(source: TokenizerLayout.source, path: setting, problem: problem)
  }
}

/// What training gives.
package struct TrainedTokenizer: Sendable {
  /// Ready to encode; read back from `json`.
  package let tokenizer: Tokenizer
  /// A `tokenizer.json`, byte for byte as the `tokenizers` library would save it.
  package let json: [UInt8]

  /// A tokenizer that was read from `json`.
  package init(tokenizer: Tokenizer, json: [UInt8]) {
    self.tokenizer = tokenizer
    self.json = json
  }
}
