import Foundation

extension Session {
  /// Bytes of a shell command's output that are kept.
  private static let outputLimit = 1 << 20

  /// Runs a shell command, only when typed or allowed. An interrupt ends it.
  func runShell(_ command: String) throws(CommandFailure) -> Outcome {
    guard mayRunPrograms else {
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
      throw CommandFailure(code: "shell.failed", "the shell cannot be started: \(error)")
    }
    let (bytes, isCut) = collect(output.fileHandleForReading.fileDescriptor, of: process)
    // It may have closed its output and go on.
    while process.isRunning, !runtime.cancellation.isCancelled { usleep(10_000) }
    guard !runtime.cancellation.isCancelled else {
      end(process)
      throw CommandFailure(code: CommandFailure.interrupted, "interrupted")
    }
    process.waitUntilExit()
    let result = ShellResult(
      output: String(decoding: bytes, as: UTF8.self), status: process.terminationStatus)
    guard result.status == 0 else {
      throw CommandFailure(
        code: "shell.failed", "the command ended with \(result.status)\n\(result.output)")
    }
    return Outcome(
      result,
      warnings: isCut
        ? [Warning(code: "shell.cut", "only the first \(Format.bytes(Session.outputLimit)) are shown")]
        : [])
  }

  /// Reads until the process ends or the user interrupts.
  private func collect(_ descriptor: Int32, of process: Process) -> (bytes: [UInt8], isCut: Bool) {
    var bytes: [UInt8] = []
    var isCut = false
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while !runtime.cancellation.isCancelled {
      // Asked before looking: what an ended process said is in the pipe by then.
      let isOver = !process.isRunning
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, 50)
      if ready < 0, errno == EINTR { continue }
      if ready == 0 {
        // A process that it left behind may hold the pipe open for ever.
        if isOver { break } else { continue }
      }
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { break }
      isCut = isCut || bytes.count + count > Session.outputLimit
      bytes += chunk.prefix(min(count, Session.outputLimit - bytes.count))
    }
    return (bytes, isCut)
  }

  /// Asks the process to end, and makes it.
  private func end(_ process: Process) {
    process.terminate()
    for _ in 0..<10 where process.isRunning { usleep(10_000) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }
}

/// What a shell command printed.
struct ShellResult: CommandResult {
  let output: String
  let status: Int32

  var report: Report {
    // By `isNewline`: Swift holds CR LF to be one character, which is not "\n".
    let lines = output.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return Report(
      lines.dropLast(output.last?.isNewline == true ? 1 : 0).map {
        .line(StyledText(String($0)))
      })
  }
}
