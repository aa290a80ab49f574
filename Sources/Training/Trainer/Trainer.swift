import Tensors

/// One training run: reads its data, takes its steps, saves its checkpoint.
package final class Trainer {
  /// What the caller may ask beyond the recipe.
  package struct Options: Sendable {
    /// Stop after this many steps, whatever the schedule says; nil: at its end.
    package var steps: Int?
    /// Go on from the saved state in the output folder instead of refusing to write over it.
    package var resumes = false

    package init(steps: Int? = nil, resumes: Bool = false) {
      self.steps = steps
      self.resumes = resumes
    }
  }

  package let recipe: Recipe
  private let context: ExecutionContext
  private let options: Options

  /// - Parameter recipePath: the recipe file; its folder is what relative paths start from.
  /// - Throws: ``TrainingError`` before anything is computed or written.
  package init(
    recipePath: String, options: Options, context: ExecutionContext
  ) throws(TrainingError) {
    throw .recipe(file: recipePath, line: nil, problem: "there is no trainer yet", remedy: nil)
  }

  /// Trains until the schedule, the caller or the user ends it. An interrupt saves the state and
  /// returns a summary that says so.
  ///
  /// - Parameter report: called after each step, on the training thread.
  package func run(
    report: (TrainingReport) -> Void
  ) throws(TrainingError) -> TrainingSummary {
    throw .cancelled
  }
}
