import Checkpoints
import Engine
import Foundation

/// A console without a screen: takes lines, performs commands one after another, and says what
/// came of them as ``Event`` values.
package actor Session {
  package nonisolated let runtime: EngineRuntime
  let loader: ModelLoader
  let locator: CheckpointLocator
  private let emit: @Sendable (Event) -> Void

  var settings = Settings()
  var models: [(alias: String, model: LoadedModel)] = []
  var currentAlias: String?
  var shelf = MediaShelf()
  /// The last finished command, for `:check`.
  var last: Record?
  /// The attention that was looked at last, for `:step` and `:export`.
  var tracing = TracingState()
  /// Options of the session that come from the command line.
  let allowsShell: Bool
  var exit = ExitState()
  /// Scripts being run, outermost first, to refuse endless recursion.
  var scripts: [String] = []
  private var sequence = 0
  /// Listed once: the cache is a folder that other programs fill.
  private lazy var checkpointNames = locator.listing().map(\.name)

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    runtime.executor.asUnownedSerialExecutor()
  }

  /// - Parameters:
  ///   - locator: where checkpoints are looked for.
  ///   - allowsShell: whether `!command` runs outside the prompt too.
  ///   - emit: takes every event, in order, on the engine's thread.
  package init(
    runtime: EngineRuntime, locator: CheckpointLocator, allowsShell: Bool = false,
    emit: @escaping @Sendable (Event) -> Void
  ) {
    self.runtime = runtime
    self.locator = locator
    self.allowsShell = allowsShell
    self.emit = emit
    loader = ModelLoader(runtime: runtime, locator: locator)
  }

  package var exitState: ExitState { exit }

  func send(_ event: Event) { emit(event) }

  /// A closure that reports progress from another isolation.
  var progressSink: @Sendable (StageProgress) -> Void {
    let emit = emit
    return { emit(.progress($0)) }
  }

  /// Interrupts whatever runs; the session goes on.
  package nonisolated func interrupt() { runtime.cancellation.cancel() }

  /// Tells the front end how things stand before anything has been done.
  package func announce() { send(.status(status(after: nil))) }

  // MARK: Lines

  /// Performs one line.
  ///
  /// - Parameter origin: abbreviations and `/verb` are understood at the prompt only.
  package func perform(
    _ line: String, origin: Statement.Origin, source: Source? = nil
  ) async {
    runtime.cancellation.reset()
    let statement = Statement(line, origin: origin)
    guard statement != .nothing else { return }
    send(.began(text: line, source: source))
    let start = ContinuousClock().now
    let (verb, outcome) = await outcome(of: statement, origin: origin)
    sequence += 1
    let record = Record(
      sequence: sequence, verb: verb, source: source,
      milliseconds: (ContinuousClock().now - start).milliseconds, outcome: outcome)
    exit.note(record, settling: last)
    // A check asks about the command before it, so it does not become the last result.
    if verb != Check.signature.name { last = record }
    send(.finished(record))
    send(.status(status(after: record)))
  }

  private func outcome(
    of statement: Statement, origin: Statement.Origin
  ) async -> (verb: String, Result<Outcome, CommandFailure>) {
    do throws(CommandFailure) {
      switch statement {
      case .nothing:
        return ("", .success(Outcome(Done())))
      case .text:
        throw CommandTable.failure(forAbility: "ask", session: currentModel?.information.name)
      case .shell(let command):
        return ("!", .success(try runShell(command, origin: origin)))
      case .command(let verb, let rest):
        let command = try CommandTable.find(verb, origin: origin, model: currentModel?.information)
        return (command.signature.name, await result(of: command, rest))
      }
    } catch {
      return (statement.verb, .failure(error))
    }
  }

  private func result(
    of command: any Command.Type, _ rest: String
  ) async -> Result<Outcome, CommandFailure> {
    do throws(CommandFailure) {
      let arguments = try Arguments(rest, for: command.signature)
      return .success(try await command.init(arguments).perform(in: self))
    } catch {
      return .failure(error)
    }
  }

  // MARK: Models

  var currentModel: LoadedModel? {
    models.first { $0.alias == currentAlias }?.model
  }

  /// The model in use.
  ///
  /// - Throws: ``CommandFailure`` when none is loaded.
  func requiredModel() throws(CommandFailure) -> LoadedModel {
    guard let model = currentModel else {
      throw CommandFailure(
        code: "model.none", "no model is loaded",
        remedy: ":load alone lists the checkpoints at hand")
    }
    return model
  }

  /// Pictures by name, or all of them when `names` is empty.
  ///
  /// - Throws: ``CommandFailure`` when a name is not staged, or nothing is.
  func pictures(named names: [String] = []) throws(CommandFailure) -> [StagedPicture] {
    guard !shelf.isEmpty else {
      throw CommandFailure(
        code: "media.none", "no picture is staged", remedy: "stage one with :image FILE")
    }
    var found: [StagedPicture] = []
    for name in names {
      guard let picture = shelf[name] else {
        let nearest = Suggestions.nearest(to: name, among: shelf.names).first
        throw CommandFailure(
          code: "media.unknown", "no picture is called \(name)",
          remedy: nearest.map { "did you mean \($0)?" } ?? ":media lists what is staged")
      }
      found.append(picture)
    }
    return names.isEmpty ? shelf.pictures : found
  }

  func status(after record: Record?) -> SessionStatus {
    let information = currentModel?.information
    var completion = CompletionContext()
    completion.media = shelf.names
    completion.aliases = models.map(\.alias)
    completion.checkpoints = checkpointNames
    return SessionStatus(
      model: currentAlias, family: information?.family,
      precision: information?.effective(settings.precision) ?? settings.precision.rawValue,
      threads: runtime.threads, isa: runtime.kernels.name, bytes: information?.bytes ?? 0,
      milliseconds: record?.milliseconds, completion: completion)
  }
}

extension Statement {
  /// What a record calls this statement when no verb was found.
  var verb: String {
    switch self {
    case .nothing: ""
    case .command(let verb, _): verb
    case .text: "ask"
    case .shell: "!"
    }
  }
}
