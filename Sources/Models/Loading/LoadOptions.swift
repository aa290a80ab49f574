import Checkpoints

/// What a user may say about how a checkpoint is to be loaded.
///
/// Not `Sendable`, like the conversion.
package struct LoadOptions {
  /// Where the tokenizer comes from instead of the checkpoint: a `tokenizer.json`, a `vocab.json`
  /// with its `merges.txt`, CLIP's `bpe_simple_vocab_16e6.txt`, or another checkpoint.
  package var tokenizer: String?
  /// Resolves names, and knows the cache in which files without a tokenizer look for one.
  package var locator: CheckpointLocator

  /// Brings matrices to another element type than their file's; nil leaves them.
  package var conversion: WeightConversion?

  package init(
    tokenizer: String? = nil, locator: CheckpointLocator = CheckpointLocator(),
    conversion: WeightConversion? = nil
  ) {
    self.tokenizer = tokenizer
    self.locator = locator
    self.conversion = conversion
  }
}
