import Foundation
import TestSupport
import Testing

/// One script, three front ends: the logs, which hold every command with what came of it, agree to
/// the byte.
@Suite(.serialized, .enabled(if: Tmux.isAvailable, "tmux is not installed"))
struct TranscriptTests {
  private static let root = Fixture.root.deletingLastPathComponent().deletingLastPathComponent()
  private static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "gaze").path

  /// What a plain run writes on its standard output.
  @discardableResult
  private func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: Self.program)
    process.arguments = arguments
    process.currentDirectoryURL = Self.root
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(arguments)")
    return String(decoding: data, as: UTF8.self)
  }

  @Test(arguments: ["tour", "rank", "attention", "korean"])
  func aScriptDoesTheSameInEveryFrontEnd(_ name: String) throws {
    let script = "examples/\(name).gaze"
    let tmux = try Tmux(
      """
      sh -c 'here="$PWD"; cd "\(Self.root.path)" && \
      "\(Self.program)" --no-init --log "$here/terminal.gaze" \(script)'
      """, columns: 100, rows: 30, environment: ["TERM": "tmux-256color", "LANG": "C.UTF-8"])
    let folder = tmux.folder
    let log = { (kind: String) in folder.appending(path: kind + ".gaze").path }
    let plain = try run(["--log", log("plain"), script])
    let records = try run(["--json", "--log", log("json"), script])
    // A log, run, writes itself.
    try run(["--log", log("again"), log("plain")])
    let expected = try String(contentsOfFile: log("plain"), encoding: .utf8)
    #expect(!plain.isEmpty && expected.contains("\n:"))
    try tmux.wait(for: "the script's end") { _ in
      (try? String(contentsOfFile: log("terminal"), encoding: .utf8)).map {
        $0.utf8.count >= expected.utf8.count
      } ?? false
    }
    try tmux.wait(for: "the prompt") { $0.contains("gaze>") }
    try tmux.press("C-d")
    try tmux.wait(for: "EXIT=")
    for kind in ["json", "terminal", "again"] {
      #expect(try String(contentsOfFile: log(kind), encoding: .utf8) == expected, "\(kind)")
    }
    // One record for each command, those of the log and of the script itself among them.
    let commands = expected.split(separator: "\n").count { $0.hasPrefix(":") }
    #expect(records.split(separator: "\n").count == commands + 2)
  }
}
