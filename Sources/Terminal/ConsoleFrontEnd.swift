import Console
import Foundation
import Media
import Pictures
import Screen
import Synchronization

/// The REPL: a ``Session`` behind the terminal.
package enum ConsoleFrontEnd {
  /// Runs until the user leaves, on the main thread.
  ///
  /// - Returns: the exit code.
  /// - Throws: ``FrontEndError`` when the session or the terminal cannot be had.
  package static func run(_ launch: Launch) throws(FrontEndError) -> Int32 {
    let queue: WakeQueue<TerminalMessage>
    do { queue = try WakeQueue() } catch { throw .terminal(error) }
    let painter = EventPainter(queue: queue, isQuiet: launch.isQuiet)
    let session: Session
    var launch = launch
    // What is typed stands on the screen; what a script does has to be shown.
    launch.echoes = true
    let work = launch
    do { session = try launch.session(emit: { painter.show($0) }) } catch { throw .launch(error) }
    let (lines, submit) = AsyncStream.makeStream(of: String.self)
    var worker: Task<Void, Never>?
    defer {
      submit.finish()
      worker?.cancel()
    }
    let terminal = TerminalSession(queue: queue)
    do {
      return try terminal.run { colors, isUnicode in
        painter.use(colors, isUnicode: isUnicode)
        // Before the first key is read: what was typed ahead waits for what the command line asks.
        queue.push(.busy(true))
        // Only now: the painter has to know the terminal, and without one nothing is to run.
        worker = Task { await perform(work, lines: lines, in: session, queue: queue) }
        return TerminalHost(
          submit: { submit.yield($0) },
          isUnfinished: { isUnfinished($0) },
          interrupt: { session.interrupt() },
          complete: { painter.completions(of: $0, at: $1) },
          step: { submit.yield(painter.line(for: $0)) },
          endInput: { submit.finish() },
          historyPath: historyPath())
      }
    } catch {
      throw .terminal(error)
    }
  }

  /// Does what the command line asked for, then what is typed.
  private static func perform(
    _ launch: Launch, lines: AsyncStream<String>, in session: Session,
    queue: WakeQueue<TerminalMessage>
  ) async {
    await session.announce()
    // Without anything else to do the flags ask for standard input, which here is the user.
    queue.push(.lines(greeting(hasWork: launch.steps.contains { $0 != .standardInput })))
    if launch.readsStartUpFile {
      if !launch.isQuiet, let warning = Launch.strayStartUpFile() {
        queue.push(.lines([StyledLine("warning: " + warning, .warning)]))
      }
      if let path = Launch.startUpFile() { await session.run([.script(path)]) }
    }
    await session.run(launch.steps)
    if await quitIfAsked(session, queue) { return }
    queue.push(.busy(false))
    for await input in lines {
      for line in ScriptReader.statements(typed: input) {
        let record = await session.perform(line, origin: .prompt)
        if await quitIfAsked(session, queue) { return }
        // What was pasted behind it is not wanted either.
        if record?.isInterrupt == true { break }
      }
      queue.push(.busy(false))
    }
    var state = await session.exitState
    // The user has ended the input: what was interrupted before is over, as it is for `:quit`.
    state.forgetInterrupt()
    queue.push(.quit(state.code))
  }

  /// Whether a `"""` that a script would wait for the end of is open.
  private static func isUnfinished(_ text: String) -> Bool {
    var reader = ScriptReader()
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      _ = reader.take(String(line))
    }
    return reader.isOpen
  }

  private static func quitIfAsked(
    _ session: Session, _ queue: WakeQueue<TerminalMessage>
  ) async -> Bool {
    let state = await session.exitState
    guard state.isQuitting else { return false }
    queue.push(.quit(state.code))
    return true
  }

  private static func greeting(hasWork: Bool) -> [StyledLine] {
    guard !hasWork else { return [] }
    return [
      StyledLine([
        Span("gaze", .bold), Span("  a terminal lab for multimodal models", .plain),
      ]),
      StyledLine(":help lists the verbs, :load the checkpoints at hand; Ctrl-D leaves", .dim),
    ]
  }

  /// `$XDG_STATE_HOME/gaze/history`.
  private static func historyPath() -> String? {
    let environment = ProcessInfo.processInfo.environment
    let state = environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
      ?? environment["HOME"].map { $0 + "/.local/state" }
    return state.map { $0 + "/gaze/history" }
  }
}

/// Why the REPL did not start.
package enum FrontEndError: Error, CustomStringConvertible {
  case launch(LaunchError)
  case terminal(TerminalError)

  package var description: String {
    switch self {
    case .launch(let error): error.description
    case .terminal(let error): error.description
    }
  }
}
