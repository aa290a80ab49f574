import Checkpoints
import Tensors
import Training

/// Trains by a recipe, on the engine's thread.
package actor TrainingJob {
  private nonisolated let runtime: EngineRuntime

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    runtime.executor.asUnownedSerialExecutor()
  }

  package init(runtime: EngineRuntime) { self.runtime = runtime }

  /// Trains until the schedule, `steps` or an interrupt ends it; an interrupt saves what there is
  /// and is said in the summary.
  ///
  /// - Parameters:
  ///   - recipe: the recipe's path.
  ///   - steps: stop after this many, whatever the schedule says.
  ///   - resumes: go on from what a run by the same recipe saved.
  ///   - locator: finds a checkpoint that the recipe goes on from.
  ///   - progress: called after each step, on the engine's thread: training waits for it.
  /// - Throws: ``EngineError/training(_:)``, or ``EngineError/cancelled`` when there was nothing to
  ///   save yet.
  package func run(
    recipe: String, steps: Int? = nil, resumes: Bool = false,
    locator: CheckpointLocator = CheckpointLocator(),
    progress: @Sendable (TrainingReport) -> Void = { _ in }
  ) throws(EngineError) -> TrainingSummary {
    // Buffers and packed weights are this run's own and go with it; the recipe says the precision.
    // Every step asks for the same buffers as the one before, so all are kept in between.
    let context = runtime.context(
      arena: Arena(idleLimit: .max), precision: .f32, packedWeights: PackedWeights())
    do {
      let trainer = try Trainer(
        recipePath: recipe, 
        options: Trainer.Options(steps: steps, resumes: resumes, locator: locator),
        context: context)
      return try trainer.run(report: progress)
    } catch {
      throw EngineError(error)
    }
  }
}
