import Dispatch
import Foundation
import Synchronization

/// Standard output and standard error of the process.
package struct StandardStreams: OutputStreams {
  package init() {}

  package func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
  package func writeError(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// The front end without a screen: scripts and lines in, text or JSON Lines out.
package enum Batch {
  /// Does everything that `launch` asks for and returns the process's exit code.
  ///
  /// Blocks the calling thread; the session works on the engine's.
  package static func run(_ launch: Launch) throws(LaunchError) -> Int32 {
    let renderer = Mutex(
      PlainRenderer(
        to: StandardStreams(), format: launch.format, echoes: launch.echoes,
        isQuiet: launch.isQuiet))
    let session = try launch.session { event in renderer.withLock { $0.show(event) } }
    let interrupts = InterruptWatch(session)
    let finished = DispatchSemaphore(value: 0)
    let code = Mutex<Int32>(0)
    Task {
      let result = await perform(launch, in: session, renderer: renderer)
      code.withLock { $0 = result }
      finished.signal()
    }
    finished.wait()
    interrupts.stop()
    return code.withLock { $0 }
  }

  private static func perform(
    _ launch: Launch, in session: Session, renderer: borrowing Mutex<PlainRenderer>
  ) async -> Int32 {
    for step in launch.steps {
      switch step {
      case .line(let line):
        await session.perform(line, origin: .script)
      case .script(let path):
        await session.perform(":source \(Launch.quoted(path))", origin: .script)
      case .standardInput:
        await performStandardInput(in: session, bails: launch.bails)
      }
      let state = await session.exitState
      if state.isQuitting || state.code == 130 || (launch.bails && state.hasFailed) { break }
    }
    var state = await session.exitState
    state.settle()
    return state.code
  }

  private static func performStandardInput(in session: Session, bails: Bool) async {
    var reader = ScriptReader()
    while let line = readLine(strippingNewline: true) {
      guard let statement = reader.take(line) else { continue }
      await session.perform(
        statement.text, origin: .script, source: Source(file: "stdin", line: statement.line))
      let state = await session.exitState
      if state.isQuitting || (bails && state.hasFailed) { return }
    }
  }
}

/// Turns Ctrl-C into an interrupt of the session; a second one within it ends the process.
private final class InterruptWatch {
  private let source: any DispatchSourceSignal

  init(_ session: Session) {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    let counter = Counter()
    source.setEventHandler {
      if counter.next() > 1 { exit(130) }
      session.interrupt()
    }
    source.resume()
  }

  func stop() { source.cancel() }

  private final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.add(1, ordering: .relaxed).newValue }
  }
}
