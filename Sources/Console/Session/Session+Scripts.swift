import Foundation

extension Session {
  /// A script deep inside others is more likely to call itself than to mean it.
  private static let deepestScript = 16
  /// Bytes that a script may have.
  private static let largestScript = 16 << 20

  /// Does what a command line asks for, in order, until something ends it.
  ///
  /// - Parameter nextLine: the next line of standard input, nil at its end.
  package func run(
    _ steps: [Launch.Step], nextLine: @Sendable () async -> InputLine? = { nil }
  ) async {
    for step in steps {
      guard goesOn(before: step.statement) else { return }
      switch step {
      case .startUp(let line):
        let record = await perform(line, origin: .script)
        guard record?.failure == nil else { return exit.failToStart() }
      case .line(let input):
        for line in ScriptReader.statements(typed: input) {
          await perform(line, origin: .script)
        }
      case .script(let path):
        let line = ":source \(Launch.quoted(path))"
        let record = await perform(line, origin: .script, isEchoed: false)
        // What a script's own commands come to is not what `:source` itself does.
        if let failure = record?.failure, !failure.isInterrupt { return exit.failToStart() }
      case .standardInput:
        await runStandardInput(nextLine)
      }
    }
  }

  private func runStandardInput(_ nextLine: @Sendable () async -> InputLine?) async {
    var reader = InputReader()
    while let line = await nextLine() {
      guard let statement = reader.take(line) else { continue }
      // Not even a comment when it is damaged, since it fails.
      let next = Statement(statement.text, origin: .script)
      guard goesOn(before: statement.failure == nil ? next : nil) else { return }
      guard !refuses(statement) else { continue }
      let source = Source(file: "stdin", line: statement.number)
      await perform(statement.text, origin: .script, source: source)
    }
    guard !runtime.cancellation.isCancelled else { return exit.interrupt() }
    reportUnclosed(in: reader)
  }

  private func reportUnclosed(in reader: InputReader) {
    guard let line = reader.unclosedLine else { return }
    report(Session.unclosed(at: "stdin", line), for: .text(Fence.mark))
  }

  /// Performs what is typed, until its end or `:quit`.
  ///
  /// - Parameter next: asks for a line, of a text that is open or of its own; nil at the end.
  func converse(_ next: @Sendable (_ isOpen: Bool) async -> InputLines.Input?) async {
    var reader = InputReader()
    while !exit.isQuitting, let input = await next(reader.unclosedLine != nil) {
      guard case .line(let line) = input else {
        // An interrupt drops what was begun.
        reader = InputReader()
        continue
      }
      guard let statement = reader.take(line), !refuses(statement) else { continue }
      await perform(statement.text, origin: .prompt)
    }
    reportUnclosed(in: reader)
  }

  /// Whether a statement cannot be performed, which is said then. Its repaired text goes nowhere.
  private func refuses(_ statement: InputReader.Statement) -> Bool {
    guard let failure = statement.failure else { return false }
    report(failure, for: .text(""))
    return true
  }

  /// Whether a script may go on with this statement.
  func goesOn(before next: Statement?) -> Bool {
    if exit.isQuitting || next == .nothing { return !exit.isQuitting }
    if runtime.cancellation.isCancelled {
      exit.interrupt()
      return false
    }
    return !(options.bails && exit.bails(before: next))
  }

  /// Runs the statements of a script one after another. All of it is read before anything runs.
  ///
  /// - Returns: how many commands it performed, and how many of them failed.
  /// - Throws: ``CommandFailure`` when the file cannot be read, a `"""` stays open or the user
  ///   interrupts.
  func run(script path: String) async throws(CommandFailure) -> (commands: Int, failures: Int) {
    guard scripts.count < Session.deepestScript else {
      throw CommandFailure(
        code: "script.depth", "scripts are nested \(Session.deepestScript) deep at \(path)",
        remedy: "does a script source itself?")
    }
    let text = try InputFile.text(
      of: path, what: "the script", limit: Session.largestScript, takesStreams: true)
    let lines: [ScriptReader.Line]
    do { lines = try ScriptReader.lines(of: text) } catch {
      throw Session.unclosed(at: path, error.line)
    }
    scripts.append(path)
    defer { scripts.removeLast() }
    let before = (commands: commandCount, failures: failureCount)
    for line in lines {
      guard goesOn(before: Statement(line.text, origin: .script)) else { break }
      await perform(
        line.text, origin: .script, source: Source(file: path, line: line.number))
    }
    guard !runtime.cancellation.isCancelled else {
      throw CommandFailure(code: CommandFailure.interrupted, "\(path) was interrupted")
    }
    return (commandCount - before.commands, failureCount - before.failures)
  }

  private static func unclosed(at path: String, _ line: Int) -> CommandFailure {
    CommandFailure(
      code: "syntax", "\(path):\(line): the \"\"\" opened here is not closed",
      remedy: "end a line with \"\"\"")
  }
}

extension Launch.Step {
  /// What it will do, where one statement says so.
  fileprivate var statement: Statement? {
    switch self {
    case .startUp(let line), .line(let line): Statement(line, origin: .script)
    case .script, .standardInput: nil
    }
  }
}
