/// How a run stands after a step: what a live view draws and a log keeps.
package struct TrainingReport: Sendable {
  /// Steps done, and to be done.
  package var step: Int
  package var steps: Int
  package var epoch: Double
  /// Of this step's batch.
  package var loss: Double
  package var learningRate: Double
  /// What logits are cosines times; 1 / temperature.
  package var logitScale: Double
  package var gradientNorm: Double
  /// Over the last steps, reading and augmenting included.
  package var pairsPerSecond: Double
  package var secondsLeft: Double
  /// The part of the batch's pictures whose own text is the most similar.
  package var batchAccuracy: Double
  /// Cosines of the batch's first pictures (rows) with their texts (columns), row by row, and how
  /// many there are of each: at most ``shownPairs``.
  package var similarities: [Float]
  package var similaritySide: Int
  /// What was last measured on held-out pictures, and at which step.
  package var heldOut: HeldOutAccuracy?
  /// Files that could not be used so far.
  package var skippedFiles: Int

  package static let shownPairs = 32
}

/// Zero-shot accuracy on pictures that training does not see, each between 0 and 1.
package struct HeldOutAccuracy: Sendable, Equatable, Codable {
  package var step: Int
  package var pictures: Int
  package var labels: Int
  package var top1: Double
  package var top5: Double
  /// By language, where captions say which.
  package var byLanguage: [String: Language]

  package struct Language: Sendable, Equatable, Codable {
    package var top1: Double
    package var top5: Double
  }
}
