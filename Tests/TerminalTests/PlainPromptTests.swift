import Foundation
import TestSupport
import Testing

/// `gaze --plain` in a terminal: a prompt without a screen of its own.
@Suite(.serialized, .enabled(if: Tmux.isAvailable, "tmux is not installed"))
struct PlainPromptTests {
  private func gaze(_ arguments: String = "") throws -> Tmux {
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "gaze").path
    let tmux = try Tmux(
      "'\(program)' --plain \(arguments)", columns: 80, rows: 24,
      environment: ["LANG": "C.UTF-8", "TERM": "dumb"])
    try tmux.wait(for: "the prompt") { $0.contains("\n>\n") || $0.hasPrefix(">") }
    return tmux
  }

  private func send(_ line: String, to tmux: Tmux) throws {
    try tmux.type(line)
    try tmux.press("Enter")
  }

  @Test func understandsWhatIsTyped() throws {
    let tmux = try gaze()
    try send("!echo from the shell", to: tmux)
    try tmux.wait(for: "\nfrom the shell\n>")
    try send(":pri abbreviated", to: tmux)
    try tmux.wait(for: "\nabbreviated\n>")
    try send("/print slashed", to: tmux)
    try tmux.wait(for: "\nslashed\n>")
    try send(":print \"\"\"one", to: tmux)
    try tmux.wait(for: "\n…")
    try send("two\"\"\"", to: tmux)
    try tmux.wait(for: "\n… two\"\"\"\none\ntwo\n>")
    try tmux.press("C-d")
    try tmux.wait(for: "EXIT=0")
  }

  /// Failures keep the session, and the code tells of them.
  @Test func endsWithWhatItsCommandsCameTo() throws {
    let tmux = try gaze()
    try send(":load nope", to: tmux)
    try tmux.wait(for: "error:")
    try send(":quit 7", to: tmux)
    try tmux.wait(for: "EXIT=7")
  }

  @Test func anInterruptAtThePromptHints() throws {
    let tmux = try gaze()
    try tmux.press("C-c")
    try tmux.wait(for: "\nCtrl-D or :quit leaves\n>")
    try send("\"\"\"begun", to: tmux)
    try tmux.wait(for: "\n…")
    try tmux.press("C-c")
    try send(":print next", to: tmux)
    try tmux.wait(for: "> :print next\nnext\n>")
    try tmux.press("C-d")
    try tmux.wait(for: "EXIT=0")
  }

  /// However often it is pressed.
  @Test func anInterruptEndsOnlyWhatRuns() throws {
    let tmux = try gaze()
    try send("!touch started; sleep 600; true", to: tmux)
    let started = tmux.folder.appending(path: "started").path
    try tmux.wait(for: "the command") { _ in FileManager.default.fileExists(atPath: started) }
    try tmux.press("C-c", "C-c", "C-c")
    try tmux.wait(for: "error: interrupted")
    try send(":print alive", to: tmux)
    try tmux.wait(for: "\nalive\n>")
    try tmux.press("C-d")
    try tmux.wait(for: "EXIT=")
  }

  @Test func staysAfterItsScripts() throws {
    let tmux = try gaze("-e ':print first'")
    try tmux.wait(for: "first\n>")
    try tmux.press("C-d")
    try tmux.wait(for: "EXIT=0")
  }
}
