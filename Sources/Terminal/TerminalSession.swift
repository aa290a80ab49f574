import CCurses
import Foundation
import Screen

/// The terminal from start to end: it owns the screen, the signals and the loop.
package struct TerminalSession {
  private let queue: WakeQueue<TerminalMessage>

  /// - Parameter queue: where the session behind the terminal pushes its messages, from any thread.
  package init(queue: WakeQueue<TerminalMessage>) { self.queue = queue }

  /// Runs on the calling thread, which must be the main one, until the user leaves.
  ///
  /// `makeHost` is told what the terminal can show. A signal that ends the process (SIGTERM,
  /// SIGHUP) first gives the terminal back and then ends it as it would have without a handler.
  ///
  /// - Returns: the exit code.
  package func run(
    makeHost: (_ colors: TerminalColors, _ isUnicode: Bool) -> TerminalHost
  ) throws(TerminalError) -> Int32 {
    // The loop first: curses installs handlers of its own only where there are none.
    let loop = try EventLoop(queue: queue)
    let backend = try CursesBackend()
    let size = backend.size
    let repl = Repl(
      host: makeHost(backend.colors, backend.isUnicode), rows: size.rows, columns: size.columns)
    let outcome = serve(repl, on: backend, with: loop)
    backend.close()
    switch outcome {
    case .code(let code): return code
    case .signal(let number):
      signal(number, SIG_DFL)
      raise(number)
      return 128 + number
    }
  }

  private enum Outcome {
    case code(Int32)
    case signal(Int32)
  }

  private func serve(
    _ repl: Repl, on backend: CursesBackend, with loop: EventLoop<TerminalMessage>
  ) -> Outcome {
    while true {
      if repl.needsDrawing {
        let (grid, cursor) = repl.draw()
        backend.present(grid, cursor: cursor)
      }
      let ready = loop.wait()
      for number in ready.signals {
        if let end = handle(number, repl, backend) { return end }
      }
      for message in ready.values { repl.apply(message) }
      if ready.hasInput { for event in backend.readEvents() { repl.handle(event) } }
      if ready.isHungUp { return .signal(SIGHUP) }
      for request in repl.takeRequests() {
        if case .quit(let code) = request { return .code(code) }
        perform(request, repl, backend)
      }
    }
  }

  private func handle(_ number: Int32, _ repl: Repl, _ backend: CursesBackend) -> Outcome? {
    switch number {
    case SIGWINCH:
      backend.adoptSize()
      backend.invalidate()
      adopt(repl, backend)
    case SIGCONT:
      // Whoever had the terminal since, such as the shell after a SIGSTOP, left it as it likes it.
      backend.reclaim()
      adopt(repl, backend)
    case SIGINT: repl.interrupt()
    case SIGTSTP: suspend(repl, backend)
    case SIGTERM, SIGHUP: return .signal(number)
    default: break
    }
    return nil
  }

  private func perform(_ request: Repl.Request, _ repl: Repl, _ backend: CursesBackend) {
    switch request {
    case .redraw: backend.invalidate()
    case .suspend: suspend(repl, backend)
    case .edit(let text):
      backend.lend {
        switch ExternalEditor.edit(text) {
        case .success(let edited): repl.finishEditing(edited)
        case .failure(let problem): repl.remark(problem.description)
        }
      }
      adopt(repl, backend)
    case .quit: break
    }
  }

  /// Stops the process as Ctrl-Z in a shell does, and goes on when it is continued.
  private func suspend(_ repl: Repl, _ backend: CursesBackend) {
    backend.lend { gaze_signals_stop() }
    adopt(repl, backend)
  }

  private func adopt(_ repl: Repl, _ backend: CursesBackend) {
    let size = backend.size
    repl.resize(rows: size.rows, columns: size.columns)
  }
}
