import Foundation

extension Session {
  /// A script deep inside others is more likely to call itself than to mean it.
  private static let deepestScript = 16

  /// Runs the statements of a script one after another.
  ///
  /// - Parameter bails: stop at the first failure.
  /// - Throws: ``CommandFailure`` when the file cannot be read or a `"""` stays open.
  package func run(script path: String, bails: Bool) async throws(CommandFailure) {
    guard scripts.count < Session.deepestScript else {
      throw CommandFailure(
        code: "script.depth", "scripts are nested \(Session.deepestScript) deep at \(path)",
        remedy: "does a script source itself?")
    }
    let text: String
    do {
      text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    } catch {
      throw CommandFailure(
        code: "file.missing", "the script \(path) cannot be read", remedy: nil)
    }
    scripts.append(path)
    defer { scripts.removeLast() }
    var reader = ScriptReader()
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard let statement = reader.take(line.last == "\r" ? String(line.dropLast()) : String(line))
      else { continue }
      await perform(
        statement.text, origin: .script, source: Source(file: path, line: statement.line))
      if exit.isQuitting || (bails && exit.hasFailed) { return }
    }
    if let line = reader.unclosedLine {
      throw CommandFailure(
        code: "syntax", "\(path):\(line): the \"\"\" opened here is not closed", remedy: nil)
    }
  }

  /// Runs a shell command, only when typed or allowed.
  func runShell(_ command: String, origin: Statement.Origin) throws(CommandFailure) -> Outcome {
    guard origin == .prompt || allowsShell else {
      throw CommandFailure(
        code: "shell.refused", "a script may not run shell commands",
        remedy: "start gaze with --allow-shell if you trust it")
    }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw CommandFailure(code: "shell.failed", "\(error)", remedy: nil)
    }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let result = ShellResult(output: text, status: process.terminationStatus)
    guard result.status == 0 else {
      throw CommandFailure(
        code: "shell.failed", "the command ended with \(result.status)\n\(text)", remedy: nil)
    }
    return Outcome(result)
  }
}

/// What a shell command printed.
struct ShellResult: CommandResult {
  let output: String
  let status: Int32

  var report: Report {
    Report(output.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
      output.hasSuffix("\n") ? 1 : 0
    ).map { .line(StyledText(String($0))) })
  }
}
