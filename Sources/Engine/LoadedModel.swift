import Checkpoints
import Media
import Models
import Tensors
import Tokenizers

/// A checkpoint ready for use, and the only way to its weights.
package actor LoadedModel {
  package nonisolated let information: ModelInformation
  nonisolated let runtime: EngineRuntime
  let bundle: ModelBundle
  private let arena = Arena()
  private let packedWeights = PackedWeights()
  var cache = EmbeddingCache()
  var traces = TraceCache()

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    runtime.executor.asUnownedSerialExecutor()
  }

  init(_ bundle: sending ModelBundle, runtime: EngineRuntime) {
    information = ModelInformation(bundle)
    self.runtime = runtime
    self.bundle = bundle
    let store = bundle.store
    packedWeights.onPacked = { store.release($0) }
  }

  /// A context for one computation at `precision`.
  ///
  /// - Throws: ``EngineError/checkpoint(_:)`` when a weight file was changed since it was loaded.
  func context(_ precision: Precision) throws(EngineError) -> ExecutionContext {
    try verifyWeights()
    return runtime.context(arena: arena, precision: precision, packedWeights: packedWeights)
  }

  /// Checks that the mapped weight files are what they were: also after a computation, before
  /// anybody sees what it came to.
  func verifyWeights() throws(EngineError) {
    do { try bundle.store.verifyUnchanged() } catch { throw .checkpoint(error) }
  }

  /// Forgets converted weights and idle buffers, which another precision does not need.
  package func releaseMemory() {
    packedWeights.removeAll()
    traces.removeAll()
    arena.trim()
  }
}

/// What a loaded model is, for the user.
package struct ModelInformation: Sendable {
  package let name: String
  package let family: String
  package let path: String
  package let parameters: Int
  package let bytes: Int
  /// How most of the weights are stored.
  package let elementType: ElementType
  package let embeddingWidth: Int
  package let towers: [TowerDescription]
  package let notes: [String]

  init(_ bundle: ModelBundle) {
    name = bundle.name
    family = bundle.family
    path = bundle.path
    parameters = bundle.parameters
    bytes = bundle.bytes
    elementType = bundle.elementType
    embeddingWidth = bundle.model.embeddingWidth
    towers = bundle.model.towers
    notes = bundle.notes
  }

  /// What can be done with it, in the words of records and messages.
  package var abilities: [String] { ["rank", "embed", "attend"] }

  /// What `precision` comes to for this model's weights.
  package func effective(_ precision: Precision) -> String {
    precision == .file ? elementType.rawValue : precision.rawValue
  }
}

/// Turns what a user names into a loaded model, on the engine's thread.
package actor ModelLoader {
  private nonisolated let runtime: EngineRuntime
  let locator: CheckpointLocator

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    runtime.executor.asUnownedSerialExecutor()
  }

  package init(runtime: EngineRuntime, locator: CheckpointLocator) {
    self.runtime = runtime
    self.locator = locator
  }

  /// Loads a folder, a file, a name in the Hugging Face cache or a bundled name.
  ///
  /// - Parameters:
  ///   - tokenizer: where the tokenizer comes from, for files that carry none.
  ///   - elementType: what matrices are held in; nil: what their files have.
  /// - Throws: ``EngineError``; nothing is left half-loaded.
  package func load(
    _ name: String, tokenizer: String? = nil, elementType: ElementType? = nil
  ) throws(EngineError) -> LoadedModel {
    let folder: CheckpointFolder
    do { folder = try locator.locate(name) } catch { throw .checkpoint(error) }
    let arena = Arena()
    // What was in between goes back to the system; what was made stays with the model.
    defer { arena.trim() }
    let context = runtime.context(
      arena: arena, precision: .file, packedWeights: PackedWeights())
    let options = LoadOptions(
      tokenizer: tokenizer, locator: locator,
      conversion: elementType.map { WeightConversion(to: $0, in: context) })
    do {
      return LoadedModel(try ModelRegistry.load(folder, options), runtime: runtime)
    } catch {
      throw context.cancellation.isCancelled ? .cancelled : .model(error)
    }
  }
}
