import Foundation
import Synchronization

/// A line of standard input.
package struct InputLine: Sendable, Equatable {
  /// Without its newline; with U+FFFD for what is not UTF-8, which must not be performed.
  let text: String
  /// From 1.
  let number: Int
  let isUTF8: Bool
}

/// Cuts standard input into lines. Waiting for one can be interrupted.
final class InputLines: Sendable {
  enum Input {
    case line(InputLine)
    case interrupt
  }

  private struct State {
    /// What was read and is not part of a line yet, behind `start`.
    var bytes: [UInt8] = []
    var start = 0
    /// No newline stands before this, so that long lines are not searched again and again.
    var searched = 0
    var count = 0
    var isAtEnd = false
  }

  private let descriptor: Int32
  /// A pipe that a byte is written into for an interrupt, since only input ends a wait for input.
  private let readEnd: Int32
  private let writeEnd: Int32
  private let state = Mutex(State())

  init(_ descriptor: Int32 = STDIN_FILENO) throws(LaunchError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw LaunchError("there is no pipe to be had: \(String(cString: strerror(errno)))")
    }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (self.descriptor, readEnd, writeEnd) = (descriptor, ends[0], ends[1])
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  /// Waits for the next line, or for an interrupt; nil at the end.
  func next() -> Input? {
    state.withLock { state in
      while true {
        if let line = InputLines.takeLine(&state) { return .line(line) }
        guard !state.isAtEnd else { return nil }
        guard waitForMore() else {
          // What of a line had come is not wanted any more.
          state = State(count: state.count)
          return .interrupt
        }
        readMore(&state)
      }
    }
  }

  /// Waits for the next line; nil at the end, or when interrupted.
  func nextLine() -> InputLine? {
    if case .line(let line) = next() { line } else { nil }
  }

  /// Ends a wait, or the next one.
  func interrupt() {
    var byte: UInt8 = 1
    // A full pipe ends the wait already.
    while write(writeEnd, &byte, 1) < 0, errno == EINTR {}
  }

  /// Takes back interrupts that no wait has seen.
  func forgetInterrupts() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readEnd, &bytes, bytes.count) > 0 {}
  }

  /// Waits until there is something to read, false when interrupted.
  private func waitForMore() -> Bool {
    var requests = [descriptor, readEnd].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while poll(&requests, nfds_t(requests.count), -1) < 0, errno == EINTR {}
    guard requests[1].revents != 0 else { return true }
    forgetInterrupts()
    return false
  }

  private func readMore(_ state: inout State) {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &chunk, chunk.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    // What cannot be read any further ends there.
    state.isAtEnd = count <= 0
    state.bytes.removeFirst(state.start)
    (state.start, state.searched) = (0, state.bytes.count)
    state.bytes += chunk.prefix(max(0, count))
  }

  /// The next line if all of it is there.
  private static func takeLine(_ state: inout State) -> InputLine? {
    var line = state.bytes[state.start...]
    if let end = state.bytes[state.searched...].firstIndex(of: UInt8(ascii: "\n")) {
      line = line[..<end]
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      state.start = end + 1
    } else {
      guard state.isAtEnd, !line.isEmpty else { return nil }
      state.start = line.endIndex
    }
    state.searched = state.start
    state.count += 1
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    if state.count == 1, line.starts(with: mark) { line.removeFirst(mark.count) }
    let text = String(validating: line, as: UTF8.self)
    return InputLine(
      text: text ?? String(decoding: line, as: UTF8.self), number: state.count,
      isUTF8: text != nil)
  }
}

/// Joins lines of standard input to statements, as ``ScriptReader`` does those of a script.
struct InputReader {
  struct Statement {
    let text: String
    /// The number of its first line.
    let number: Int
    /// Why it cannot be performed.
    let failure: CommandFailure?
  }

  private var reader = ScriptReader()
  /// The number of the line that began an open statement.
  private(set) var unclosedLine: Int?
  /// The first line of the statement that is not UTF-8.
  private var damagedLine: Int?

  /// Takes the next line; gives a statement once it is whole.
  mutating func take(_ line: InputLine) -> Statement? {
    let number = unclosedLine ?? line.number
    if !line.isUTF8 { damagedLine = damagedLine ?? line.number }
    guard let whole = reader.take(line.text) else {
      unclosedLine = number
      return nil
    }
    defer { (unclosedLine, damagedLine) = (nil, nil) }
    let failure = damagedLine.map {
      CommandFailure(
        code: "file.encoding", "stdin:\($0): the line is not UTF-8", remedy: "send it as UTF-8")
    }
    return Statement(text: whole.text, number: number, failure: failure)
  }
}
