import Engine
import Foundation
import Training

/// `:train`: contrastive training by a recipe.
struct Train: Command {
  private static let recipe = Positional(
    ValueKind<String>.path("RECIPE", endings: [".yaml", ".yml"]),
    "a YAML file that says what to learn from, the model's sizes and the schedule")
  private static let steps = Option(
    "steps", .integer(1...Int.max), "stop after this many steps, whatever the schedule says")
  private static let resume = Flag("resume", "go on from what the recipe's last run saved")

  // A log repeats what was seen; to train again would take hours and be refused, for the
  // checkpoint is there.
  static let signature = Signature(
    "train", "train a CLIP on captioned pictures, and watch it learn", footprint: .none,
    [recipe.parameter, steps.parameter, resume.parameter],
    examples: [
      ":train recipe.yaml", ":train recipe.yaml steps=20", ":train recipe.yaml resume",
    ])

  /// Bytes that a recipe may have.
  private static let largestRecipe = 1 << 20

  let recipe: String
  let steps: Int?
  let resumes: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    recipe = PathExpansion.expandingHome(try arguments.value(at: 0, of: Train.recipe) ?? "")
    steps = try arguments[Train.steps]
    resumes = arguments[Train.resume]
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    // Read here only to be missed in the words that are used for any other file.
    _ = try InputFile.text(of: recipe, what: "the recipe", limit: Train.largestRecipe)
    let job = TrainingJob(runtime: session.runtime)
    do throws(EngineError) {
      let summary = try await job.run(
        recipe: recipe, steps: steps, resumes: resumes, locator: session.locator,
        progress: session.trainingSink)
      return Train.outcome(summary, recipe: recipe)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// What is shown of a run that ended, by itself or by the user.
  static func outcome(_ summary: TrainingSummary, recipe: String) -> Outcome {
    let result = TrainResult(summary, recipe: recipe)
    let warnings = summary.isInterrupted
      ? [
        Warning(
          code: CommandFailure.interrupted,
          "interrupted at step \(summary.step) of \(summary.steps), which is saved; "
            + "\(result.resumption) goes on")
      ] : []
    return Outcome(result, warnings: warnings, isInterrupted: summary.isInterrupted)
  }
}
