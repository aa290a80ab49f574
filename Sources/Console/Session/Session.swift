import Checkpoints
import Engine
import Foundation
import Tensors
import Training

/// A console without a screen: takes lines, performs commands one after another, and says what
/// came of them as ``Event`` values.
package actor Session {
  /// What a session is started with and keeps.
  package struct Options: Sendable {
    /// Whether `!command` runs outside the prompt too.
    package var allowsShell = false
    /// Whether the first failure ends a script.
    package var bails = false
    /// Whether lines of scripts are shown before their results.
    package var echoes = false
    package var format = OutputFormat.text
    /// Scripts that the command line names, which no output may overwrite.
    package var scripts: [String] = []

    package init() {}
  }

  package nonisolated let runtime: EngineRuntime
  let loader: ModelLoader
  let locator: CheckpointLocator
  let options: Options
  private let emit: @Sendable (Event) -> Void

  var settings = Settings()
  var models: [(alias: String, model: LoadedModel)] = []
  var currentAlias: String?
  /// What the user named to load each model, by alias.
  var origins: [String: ModelOrigin] = [:]
  var shelf = MediaShelf()
  /// The last command that had a result or failed, for `:check`.
  var last: Record?
  /// The same for `:export`, whose own failures leave it: another name may do.
  var exportable: Record?
  /// The attention that was looked at last, for `:step` and `:export`.
  var tracing = TracingState()
  var exit = ExitState()
  /// Scripts being run, outermost first, to refuse endless recursion.
  var scripts: [String] = []
  /// Where the line that is being performed comes from.
  private var origin = Statement.Origin.script
  var echoes: Bool
  var format: OutputFormat
  var showsTime = false
  var log: SessionLog?
  /// Takes the next result in place of the front end.
  var once: OutputFile?
  private(set) var commandCount = 0
  private(set) var failureCount = 0
  /// Every setting as a session has it by itself, for `:reset` and the preamble of a log: threads
  /// are the machine's, whatever number it was started with.
  private(set) lazy var initialSettings = settingItems().map { item in
    item.name == "threads"
      ? .init(name: item.name, value: "\(ThreadPool.processorCount)", summary: item.summary) : item
  }
  /// Listed once: the cache is a folder that other programs fill.
  private lazy var checkpointNames = locator.listing().map(\.name)

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    runtime.executor.asUnownedSerialExecutor()
  }

  /// - Parameters:
  ///   - locator: where checkpoints are looked for.
  ///   - emit: takes every event, in order, on the engine's thread.
  package init(
    runtime: EngineRuntime, locator: CheckpointLocator, options: Options = Options(),
    emit: @escaping @Sendable (Event) -> Void
  ) {
    self.runtime = runtime
    self.locator = locator
    self.options = options
    self.emit = emit
    echoes = options.echoes
    format = options.format
    loader = ModelLoader(runtime: runtime, locator: locator)
  }

  package var exitState: ExitState { exit }

  func send(_ event: Event) { emit(event) }

  /// A closure that reports progress from another isolation.
  var progressSink: @Sendable (StageProgress) -> Void {
    let emit = emit
    return { emit(.progress($0)) }
  }

  /// The same for the steps of training.
  var trainingSink: @Sendable (TrainingReport) -> Void {
    let emit = emit
    return { emit(.training($0)) }
  }

  /// Interrupts whatever runs; the session goes on.
  package nonisolated func interrupt() { runtime.cancellation.cancel() }

  /// Tells the front end how things stand before anything has been done.
  package func announce() { send(.status(status(after: nil))) }

  // MARK: Lines

  /// Performs one line.
  ///
  /// - Parameters:
  ///   - origin: abbreviations and `/verb` are understood at the prompt only.
  ///   - isEchoed: false for what the user did not write as a line.
  /// - Returns: its record; nil for blank lines and comments.
  @discardableResult
  package func perform(
    _ line: String, origin: Statement.Origin, source: Source? = nil, isEchoed: Bool = true
  ) async -> Record? {
    if origin == .prompt {
      runtime.cancellation.reset()
      exit.forgetInterrupt()
    }
    self.origin = origin
    // Kept before any command can change them.
    _ = initialSettings
    let statement = Statement(line, origin: origin)
    guard statement != .nothing else { return nil }
    let task = SessionTask(statement, origin: origin, model: currentModel?.information.name)
    let isSilent = task.footprint == .speaksForItself || !isEchoed
    send(
      .began(
        Invocation(
          sequence: commandCount + 1, verb: task.verb, text: line, source: source,
          isEchoed: origin == .script && echoes && !isSilent)))
    let start = ContinuousClock().now
    let outcome = await outcome(of: task)
    return finish(
      task, outcome, source: source, milliseconds: (ContinuousClock().now - start).milliseconds)
  }

  /// Says that a statement failed before it could be performed.
  func report(_ failure: CommandFailure, for statement: Statement) {
    let task = SessionTask(statement, origin: .script, model: nil)
    _ = finish(task, .failure(failure), source: nil, milliseconds: 0)
  }

  private func finish(
    _ task: SessionTask, _ outcome: Result<Outcome, CommandFailure>, source: Source?,
    milliseconds: Double
  ) -> Record {
    commandCount += 1
    let result = Record(
      sequence: commandCount, verb: task.verb, source: source, milliseconds: milliseconds,
      outcome: outcome)
    let shown = diverting(result)
    // A result that its file did not take is a failure like any other.
    let record = shown.failure == nil ? result : shown
    if record.failure != nil { failureCount += 1 }
    exit.note(record)
    // A check asks about the command before it, and `:print` has no result to ask about.
    if !task.isCheck, record.failure != nil || record.isAnswer {
      last = record
      if !task.isExport { exportable = record }
    }
    if task.footprint.isLogged(record) { writeLog(task.statement.line, record) }
    send(.finished(shown))
    if showsTime { send(.time(milliseconds: milliseconds)) }
    send(.status(status(after: record)))
    return record
  }

  private func outcome(of task: SessionTask) async -> Result<Outcome, CommandFailure> {
    switch task.action {
    case .refuse(let failure):
      return .failure(failure)
    case .shell(let command):
      do throws(CommandFailure) { return .success(try runShell(command)) } catch {
        return .failure(error)
      }
    case .command(let command, let rest):
      do throws(CommandFailure) {
        let arguments = try Arguments(rest, for: command.signature)
        return .success(try await command.init(arguments).perform(in: self))
      } catch {
        return .failure(error)
      }
    }
  }

  /// Whether the present line may start another program: it was typed, or scripts are trusted.
  var mayRunPrograms: Bool { origin == .prompt || options.allowsShell }

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
      milliseconds: record?.milliseconds, renderer: settings.renderer, color: settings.color,
      completion: completion)
  }
}
