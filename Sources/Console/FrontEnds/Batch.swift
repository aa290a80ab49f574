import Dispatch
import Foundation
import Synchronization

/// The front end without a screen: scripts and lines in, text or JSON Lines out.
package enum Batch {
  /// Does everything that `launch` asks for and returns the process's exit code.
  ///
  /// Blocks the calling thread; the session works on the engine's.
  package static func run(_ launch: Launch) throws(LaunchError) -> Int32 {
    let streams = StandardStreams()
    let renderer = Mutex(
      PlainRenderer(
        to: streams, format: launch.format, isQuiet: launch.isQuiet,
        isStreaming: launch.isStreaming))
    let session = try launch.session { event in renderer.withLock { $0.show(event) } }
    let interrupts = InterruptWatch(session)
    let idleness = interrupts.state
    let lines = InputLines()
    let finished = DispatchSemaphore(value: 0)
    let code = Mutex<Int32>(0)
    Task {
      await session.run(launch.steps) { idleness.whileIdle { lines.next() } }
      var state = await session.exitState
      state.settle()
      code.withLock { $0 = state.code }
      finished.signal()
    }
    finished.wait()
    interrupts.stop()
    // A result that did not arrive is a failure, whatever the commands came to.
    return code.withLock { $0 == 0 && streams.hasFailed ? 1 : $0 }
  }
}

/// Standard output and standard error of the process.
package final class StandardStreams: OutputStreams, Sendable {
  private let failure = Atomic<Bool>(false)

  package init() {}

  /// Whether something could not be written: a full disk, a closed pipe.
  package var hasFailed: Bool { failure.load(ordering: .relaxed) }

  package func write(_ text: String) {
    guard !hasFailed else { return }
    do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch {
      failure.store(true, ordering: .relaxed)
      writeError("gaze: standard output cannot be written any more\n")
    }
  }

  package func writeError(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}

/// Turns Ctrl-C into an interrupt of the session. A second one ends the process, and so does one
/// while it waits for input.
private final class InterruptWatch {
  final class State: Sendable {
    fileprivate let count = Atomic<Int>(0)
    fileprivate let isIdle = Atomic<Bool>(false)

    func whileIdle<Value>(_ wait: () -> Value) -> Value {
      isIdle.store(true, ordering: .relaxed)
      defer { isIdle.store(false, ordering: .relaxed) }
      return wait()
    }
  }

  let state = State()
  private let source: any DispatchSourceSignal

  init(_ session: Session) {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { [state] in
      let count = state.count.add(1, ordering: .relaxed).newValue
      if count > 1 || state.isIdle.load(ordering: .relaxed) { exit(130) }
      session.interrupt()
    }
    source.resume()
  }

  func stop() { source.cancel() }
}
