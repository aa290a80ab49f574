import JSONDocuments

/// Why a tokenizer could not be loaded or trained, or a text not be encoded with it.
///
/// Each case carries the thing at fault; `description` adds the limit and the remedy.
package enum TokenizerError: Error, Equatable {
  /// The file is not JSON, or a value has the wrong kind.
  case json(JSONError)
  /// A setting exists in the format but is not implemented: `path` is the field, `value` what it
  /// says.
  case unsupported(source: String, path: String, value: String, supported: String)
  /// A value contradicts the format or another value of the same file.
  case invalid(source: String, path: String, problem: String)
  /// A count or an identifier is beyond what is accepted.
  case tooLarge(source: String, path: String, value: Int, limit: Int)
  /// A line of a merges file is not two symbols.
  case mergesLine(source: String, line: Int, problem: String)
  /// The regular expression does not compile.
  case pattern(source: String, path: String, pattern: String, problem: String)
  /// The regular expression backtracks without end on this text.
  case patternGaveUp(pattern: String, problem: String)
  /// The text to encode is longer than offsets can address.
  case textTooLong(bytes: Int, limit: Int)
  /// The text has a character that the vocabulary lacks, and no unknown token stands in for it.
  case noUnknownToken(model: String, setting: String)
  /// The length to truncate to has no room for the special tokens.
  case noRoom(length: Int, specialTokens: Int)
  /// The user interrupted the learning of a vocabulary.
  case cancelled
  /// The texts to learn a vocabulary from have no word.
  case emptyCorpus(texts: Int)
  /// The texts to learn a vocabulary from have more different words than can be told apart.
  case tooManyWords(limit: Int)
  /// The vocabulary to be learnt has no room for what it must contain.
  case vocabularyTooSmall(asked: Int, specialTokens: Int, characters: Int)
}
