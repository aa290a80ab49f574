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
    let lines = try InputLines()
    let interrupts = watchInterrupts(of: session, lines, isTyped: launch.isTyped)
    let finished = DispatchSemaphore(value: 0)
    let code = Mutex<Int32>(0)
    Task {
      // What is typed is no script, and comes after all of them.
      await session.run(launch.steps) { launch.isTyped ? nil : lines.nextLine() }
      if launch.isTyped { await session.converse { ask(for: lines, isOpen: $0, on: streams) } }
      var state = await session.exitState
      state.settle()
      code.withLock { $0 = state.code }
      finished.signal()
    }
    finished.wait()
    interrupts.cancel()
    // A result that did not arrive is a failure, whatever the commands came to.
    return code.withLock { $0 == 0 && streams.hasFailed ? 1 : $0 }
  }

  /// Shows a prompt and waits for what is typed there.
  private static func ask(
    for lines: InputLines, isOpen: Bool, on streams: StandardStreams
  ) -> InputLines.Input? {
    // They were meant for what ran.
    lines.forgetInterrupts()
    streams.write(isOpen ? "… " : "> ")
    let input = lines.next()
    switch input {
    case .line: break
    case .interrupt: streams.write("\nCtrl-D or :quit leaves\n")
    case nil: streams.write("\n")
    }
    return input
  }

  /// Turns Ctrl-C into an interrupt of the session. Unless somebody types there, a second one ends
  /// the process, and so does one while it waits for input.
  private static func watchInterrupts(
    of session: Session, _ lines: InputLines, isTyped: Bool
  ) -> any DispatchSourceSignal {
    let count = Mutex(0)
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      let isFirst = count.withLock { count in
        count += 1
        return count == 1
      }
      if !isTyped, !isFirst { exit(130) }
      session.interrupt()
      lines.interrupt()
    }
    source.resume()
    return source
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
