@testable import Console
import Foundation
import Testing

/// `!command`: what it starts, what it leaves behind and what an interrupt ends.
@Suite struct ShellTests {
  /// The number that a command writes as soon as it runs.
  private func process(in folder: Scratch, _ name: String) async throws -> pid_t {
    for _ in 0..<1000 {
      let lines = (try? folder.text(name))?.split(separator: "\n")
      if let process = lines?.first.flatMap({ pid_t($0) }) { return process }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Failure(description: "\(name) was never written")
  }

  /// Whether a process has ended; what it leaves behind for a parent to read does not count.
  private func hasEnded(_ process: pid_t) async throws -> Bool {
    for _ in 0..<200 {
      let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
      if kill(process, 0) != 0 || state?.contains(") Z ") == true { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  /// Neither a process that holds the output open nor one that closed it is waited for.
  @Test(arguments: ["", ">/dev/null 2>&1"])
  func leavesWhatRunsInTheBackground(_ redirection: String) async throws {
    let folder = try Scratch()
    let test = TestSession()
    let record = try await test.run(
      "!echo said; sleep 600 \(redirection) & echo $! > '\(folder.path)/process'",
      origin: .prompt)
    #expect(record.failure == nil)
    #expect(test.transcript().output == "said\n")
    let left = try await process(in: folder, "process")
    // It would be gone, were it waited for.
    #expect(kill(left, 0) == 0)
    kill(left, SIGKILL)
  }

  @Test func doesNotReadForEverWhatIsLeftBehind() async throws {
    let folder = try Scratch()
    let test = TestSession()
    let record = try await test.run(
      "!yes & echo $! > '\(folder.path)/process'", origin: .prompt)
    #expect(record.failure == nil)
    let left = try await process(in: folder, "process")
    // Nobody reads what it writes any more.
    #expect(try await hasEnded(left))
  }

  /// One that asks to be ended and one that does not listen, neither of them the shell.
  @Test(arguments: ["sleep 600", "sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'"])
  func endsAllThatRunsWhenInterrupted(_ command: String) async throws {
    let folder = try Scratch()
    let test = TestSession()
    let line = "!\(command) & echo $! > '\(folder.path)/process'; wait; true"
    async let record = test.run(line, origin: .prompt)
    let started = try await process(in: folder, "process")
    test.session.interrupt()
    #expect(try await record.failure?.code == "interrupted")
    #expect(try await hasEnded(started))
  }

  @Test func saysHowItEnded() async throws {
    let test = TestSession()
    let exited = try await test.run("!echo out; echo err >&2; exit 3", origin: .prompt)
    #expect(exited.failure?.message == "the command ended with 3\nout\nerr\n")
    let killed = try await test.run("!kill -TERM $$", origin: .prompt)
    #expect(killed.failure?.message == "the command ended with 143\n")
  }

  /// Gaze ignores some signals and blocks others; what it starts does neither.
  @Test func startsWithSignalsAsTheyAre() async throws {
    let test = TestSession()
    signal(SIGUSR1, SIG_IGN)
    defer { signal(SIGUSR1, SIG_DFL) }
    try await test.run("!grep -E '^Sig(Blk|Ign)' /proc/self/status", origin: .prompt)
    let masks = test.transcript().output.split(separator: "\n").map {
      UInt64($0.suffix(16), radix: 16)
    }
    #expect(masks.count == 2)
    // Those of real time are not the system's to give back.
    #expect(masks.allSatisfy { $0.map { $0 & 0x7fff_ffff } == 0 })
  }

  @Test func cutsWhatIsTooLong() async throws {
    let test = TestSession()
    let record = try await test.run("!yes | head -c 3000000", origin: .prompt)
    guard case .success(let outcome) = record.outcome else {
      throw Failure(description: "the command failed")
    }
    #expect(outcome.warnings.map(\.code) == ["shell.cut"])
    #expect((outcome.result as? ShellResult)?.output.utf8.count == 1 << 20)
  }
}
