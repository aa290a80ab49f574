import Foundation
import TestSupport
import Testing

/// `gaze` itself without a terminal: what it says and the code that it ends with.
@Suite struct CommandLineTests {
  private func run(
    _ arguments: [String], input: String = ""
  ) throws -> (code: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "gaze")
    process.arguments = arguments
    let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Short enough for the pipes to hold.
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    process.waitUntilExit()
    func text(_ pipe: Pipe) throws -> String {
      String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
    return (process.terminationStatus, try text(output), try text(errors))
  }

  @Test(
    arguments: [
      (["--bogus"], "Unknown option '--bogus'"), (["--threads", "0"], "--threads is 0"),
      (["-o", "precision"], "-o is \"precision\""), (["bench", "nothing"], "'nothing' is invalid"),
      (["train", "a.yaml", "--steps", "0"], "--steps is 0"),
      (["/nonexistent.gaze"], "/nonexistent.gaze"),
      (["-m", "nope", "-e", ":print on"], "no checkpoint 'nope'"),
    ])
  func endsWithTwoWhereItCannotBegin(_ arguments: [String], _ complaint: String) throws {
    let ended = try run(arguments)
    #expect(ended.code == 2)
    #expect(ended.output.isEmpty)
    #expect(ended.errors.contains(complaint), "\(ended.errors)")
  }

  @Test(
    arguments: [
      (":print hello", 0), (":load nope", 1), (":load emoji-clip\n:check family == x", 3),
      (":load nope\n:quit 7", 7), (":load nope\n:check error.code == \"checkpoint.invalid\"", 0),
    ])
  func endsWithWhatItsCommandsCameTo(_ lines: String, _ code: Int32) throws {
    #expect(try run([], input: lines).code == code)
  }

  @Test(arguments: [["--version"], ["--help"], ["help"], ["bench", "--help"]])
  func tellsAboutItself(_ arguments: [String]) throws {
    let ended = try run(arguments)
    #expect(ended.code == 0)
    #expect(ended.output.contains("gaze"))
    #expect(ended.errors.isEmpty)
  }

  /// What `--stream` adds to JSON Lines, and that it adds nothing to text.
  @Test(arguments: [(["--json"], 2), ([], 0), (["-e", ":mode json"], 2)])
  func tellsHowFarItIs(_ flags: [String], _ count: Int) throws {
    let pictures = Fixture.root.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "examples/pictures").path
    let arguments = flags + ["-e", ":image \(pictures)/red-apple.png \(pictures)/cat-face.png"]
    let ended = try run(["--stream"] + arguments)
    #expect(ended.code == 0)
    let lines = ended.output.split(separator: "\n")
    #expect(lines.count { $0.contains(#""partial":true"#) } == count, "\(ended.output)")
    #expect(try lines.count - count == run(arguments).output.split(separator: "\n").count)
  }

  @Test func performsSeveralCommandsOfOneFlag() throws {
    let ended = try run(["-e", ":print one\n:print two"])
    #expect(ended.output == "one\ntwo\n")
  }
}
