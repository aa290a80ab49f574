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
    let process: ShellProcess
    do throws(ShellProcess.Problem) { process = try ShellProcess(command) } catch {
      throw CommandFailure(code: "shell.failed", "the shell cannot be started: \(error)")
    }
    let (bytes, isCut) = collect(from: process)
    // It may have closed its output and go on.
    while !process.isOver, !runtime.cancellation.isCancelled { usleep(10_000) }
    guard !runtime.cancellation.isCancelled else {
      process.end()
      throw CommandFailure(code: CommandFailure.interrupted, "interrupted")
    }
    let result = ShellResult(
      output: String(decoding: bytes, as: UTF8.self), status: process.wait())
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

  /// Reads until the shell ends or the user interrupts.
  private func collect(from process: borrowing ShellProcess) -> (bytes: [UInt8], isCut: Bool) {
    var bytes: [UInt8] = []
    var isCut = false
    // As much as a pipe holds.
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var isOver = false
    while !isOver, !runtime.cancellation.isCancelled {
      // Asked before looking: what an ended shell said is in the pipe by then. There is no looking
      // again, since a process that it left behind may write for ever, or hold the pipe open.
      isOver = process.isOver
      var request = pollfd(fd: process.output, events: Int16(POLLIN), revents: 0)
      let ready = poll(&request, 1, 50)
      if ready < 0, errno == EINTR { isOver = false }
      guard ready > 0 else { continue }
      let count = read(process.output, &chunk, chunk.count)
      guard count > 0 else { break }
      isCut = isCut || bytes.count + count > Session.outputLimit
      bytes += chunk.prefix(min(count, Session.outputLimit - bytes.count))
    }
    return (bytes, isCut)
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
