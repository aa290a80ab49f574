/// What a run came to.
package struct TrainingSummary: Sendable {
  /// Where the checkpoint lies.
  package var folder: String
  package var step: Int
  package var steps: Int
  /// Whether the user stopped it: what there was is saved, and `resume` goes on from there.
  package var isInterrupted: Bool
  package var seconds: Double
  package var last: TrainingReport?
  package var parameters: Int
  /// Every file that could not be used, and why.
  package var skipped: [SkippedFile]
  /// What was last measured on held-out pictures.
  package var heldOut: HeldOutAccuracy?
}

/// A file that training goes on without.
package struct SkippedFile: Sendable, Equatable {
  package var path: String
  package var problem: String
}
