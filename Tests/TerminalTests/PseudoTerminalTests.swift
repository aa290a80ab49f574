import Foundation
import Testing

/// The demo session in a real pseudo-terminal. Each test starts its own server, so they are
/// serialised to spare small machines.
@Suite(.serialized, .enabled(if: Tmux.isAvailable, "tmux is not installed"))
struct PseudoTerminalTests {
  private func demo(
    columns: Int = 80, rows: Int = 24, _ environment: [String: String] = [:], shell: Bool = false
  ) throws -> Tmux {
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "TerminalDemo").path
    var variables = ["TERM": "tmux-256color", "LANG": "C.UTF-8", "DEMO_HISTORY": "history"]
    variables.merge(environment) { $1 }
    let command = shell ? "bash --norc -i" : "'\(program)'"
    let tmux = try Tmux(command, columns: columns, rows: rows, environment: variables)
    if shell {
      try tmux.type("'\(program)'")
      try tmux.press("Enter")
    }
    try tmux.wait(for: "demo>")
    return tmux
  }

  @Test func typingAndKoreanEditing() throws {
    let tmux = try demo()
    try tmux.type("안녕 세계")
    try tmux.wait(for: "demo> 안녕 세계")
    #expect(try tmux.cursor == "15,23")
    try tmux.press("BSpace", "Left", "Left", "BSpace", "Home")
    try tmux.type("아")
    try tmux.wait(for: "demo> 아안 세")
    #expect(try tmux.cursor == "8,23")
    try tmux.press("Enter")
    try tmux.wait(for: "<아안 세>")
    #expect(try tmux.lines[23] == "demo>")
  }

  @Test func longKoreanInputWraps() throws {
    let tmux = try demo(columns: 20, rows: 12)
    try tmux.type("가나다라마바사아자")
    try tmux.wait(for: "아자")
    #expect(try tmux.lines.suffix(3).prefix(2) == ["demo> 가나다라마바사", "아자"])
    #expect(try tmux.cursor == "4,11")
  }

  /// Sequences whose width terminals disagree about must not move what stands behind them.
  @Test func emojiDoNotMoveTheCursorAstray() throws {
    let tmux = try demo()
    try tmux.paste("👨‍👩‍👧|❤️|👍🏽|🇰🇷|e\u{301}|क्षि|")
    try tmux.wait(for: "demo> 👨👩👧|❤|👍|KR|")
    let row = try tmux.lines[23]
    #expect(row == "demo> 👨👩👧|❤|👍|KR|e\u{301}|क्षि|")
    #expect(try tmux.cursor == "27,23")
  }

  @Test func historySurvivesTheSession() throws {
    let tmux = try demo()
    for line in ["first", "둘째"] {
      try tmux.type(line)
      try tmux.press("Enter")
      try tmux.wait(for: "<\(line)>")
    }
    try tmux.press("Up", "Up")
    try tmux.wait(for: "first") { $0.contains("\ndemo> first\n") || $0.hasSuffix("demo> first\n") }
    try tmux.press("C-c", "C-r")
    try tmux.type("둘")
    try tmux.wait(for: "search `둘`: 둘째")
    try tmux.press("Escape")
    try tmux.wait(for: "the found line") { $0.hasSuffix("demo> 둘째\n") }
    let saved = try String(
      contentsOf: tmux.folder.appending(path: "history"), encoding: .utf8)
    #expect(saved == "first\n둘째\n")
  }

  @Test func tabCompletes() throws {
    let tmux = try demo()
    try tmux.type(":b")
    try tmux.press("Tab")
    try tmux.wait(for: ":bytes a verb")
    try tmux.press("Tab", "Tab", "Enter")
    try tmux.type(" 한")
    try tmux.press("Enter")
    try tmux.wait(for: "3a 62 79 74 65 73 20 ed 95 9c")
  }

  @Test func aPasteIsTextWhateverItHolds() throws {
    let tmux = try demo()
    try tmux.paste("one\ntwo 한글\n:quit")
    try tmux.wait(for: "… :quit")
    #expect(try tmux.lines.suffix(4) == ["demo> one", "… two 한글", "… :quit", ""])
    try tmux.press("Enter")
    try tmux.wait(for: "<one\\ntwo 한글\\n:quit>")
  }

  @Test func scrollbackAndResize() throws {
    let tmux = try demo()
    try tmux.type(":lines 100")
    try tmux.press("Enter")
    try tmux.wait(for: "line 100")
    try tmux.press("PPage")
    try tmux.wait(for: "scrolled: PageDown")
    #expect(try tmux.lines[0] == "line 58")
    try tmux.resize(columns: 200, rows: 60)
    try tmux.wait(for: "line 100") { $0.contains("line 100") && !$0.contains("line 40") }
    try tmux.press("NPage")
    try tmux.wait(for: "the bottom") { !$0.contains("scrolled") }
    try tmux.resize(columns: 30, rows: 8)
    try tmux.wait(for: "the small screen") { $0.hasPrefix("line 95\n") }
    #expect(try tmux.lines[5] == "line 100")
    #expect(try tmux.lines[7] == "demo>")
  }

  @Test func interruptKeepsTheSession() throws {
    let tmux = try demo()
    try tmux.type(":busy")
    try tmux.press("Enter")
    try tmux.wait(for: "working 1")
    try tmux.type("next")
    try tmux.press("C-c")
    try tmux.wait(for: "cancelled")
    #expect(try tmux.lines[23] == "demo> next")
    try tmux.press("C-c", "C-c")
    try tmux.wait(for: "Ctrl-D or :quit leaves")
    try tmux.press("C-d")
    try tmux.wait(for: "EXIT=0")
  }

  @Test func previewAndStepper() throws {
    let tmux = try demo(columns: 200, rows: 60)
    try tmux.type(":preview")
    try tmux.press("Enter")
    try tmux.wait(for: "고양이")
    #expect(try tmux.lines[10].contains("│"))
    try tmux.type(":step")
    try tmux.press("Enter")
    try tmux.wait(for: "n/p token")
    try tmux.press("n", "Left", "o", "q")
    try tmux.wait(for: "step quit")
    let screen = try tmux.screen()
    for step in ["step nextToken", "step previousHead", "step overlay"] {
      #expect(screen.contains(step))
    }
    try tmux.wait(for: "the prompt") { $0.hasSuffix("demo>\n") }
  }

  @Test(arguments: [
    ("tmux-256color", "truecolor", "38;2;"), ("screen-256color", "", "38;5;"),
    ("xterm-256color", "", "48;5;"), ("screen", "", "[4"), ("vt100", "", ".:"),
  ])
  func everyDepthOfColour(term: String, declared: String, sign: String) throws {
    let tmux = try demo(["TERM": term, "COLORTERM": declared])
    try tmux.type(":picture")
    try tmux.press("Enter")
    try tmux.wait(for: "the picture") { $0.contains("▀") || $0.contains("::--") }
    let screen = try tmux.screen(colors: true)
    #expect(screen.contains(sign))
    if declared.isEmpty { #expect(!screen.contains("38;2;")) }
    if term == "vt100" { #expect(!screen.contains("[3") || !screen.contains(";5;")) }
    #expect(try tmux.lines[23] == "demo>")
  }

  @Test func worksWithoutAnyLocale() throws {
    let tmux = try demo(["LANG": ""])
    try tmux.type("한글")
    try tmux.press("Enter")
    try tmux.wait(for: "<한글>")
    try tmux.wait(for: "utf-8")
  }

  /// 128 + SIGSEGV; a failed precondition is SIGILL or SIGTRAP; a call of exit() keeps its code.
  @Test(arguments: [(":crash", ["139"]), (":trap 3", ["132", "133"]), (":exit", ["7"])])
  func aCrashGivesTheTerminalBack(command: String, statuses: [String]) throws {
    let tmux = try demo()
    try tmux.type(command)
    try tmux.press("Enter")
    let screen = try tmux.wait(for: "EXIT=")
    #expect(statuses.contains { screen.contains("EXIT=\($0)\n") })
    try expectRestored(tmux)
  }

  @Test func theLineCanBeEditedInAnEditor() throws {
    let tmux = try demo(["EDITOR": "sed -i s/one/둘/"])
    try tmux.type("one two")
    try tmux.press("C-g")
    try tmux.wait(for: "demo> 둘 two")
    #expect(try tmux.cursor == "12,23")
    try tmux.press("Enter")
    try tmux.wait(for: "<둘 two>")
  }

  @Test func anEditorThatFailsLeavesTheLine() throws {
    let tmux = try demo(["EDITOR": "false"])
    try tmux.type("kept")
    try tmux.press("C-g")
    try tmux.wait(for: "false ended with status 1")
    #expect(try tmux.lines[23] == "demo> kept")
  }

  /// Ctrl-C in an editor, as for leaving vim's insert mode, is none of the session's business.
  @Test func anInterruptInTheEditorKeepsTheLine() throws {
    // The shell, unlike that of the other tests, gives the session a group of its own.
    let tmux = try demo(
      ["EDITOR": "trap \"exit 0\" INT; echo editing; sleep 60; true"], shell: true)
    try tmux.type("kept")
    try tmux.press("C-g")
    try tmux.wait(for: "editing")
    try tmux.press("C-c")
    try tmux.wait(for: "demo> kept")
    try tmux.press("!", "Enter")
    try tmux.wait(for: "<kept!>")
  }

  /// Ctrl-Z in an editor brings the shell back, and `fg` the editor and then the session.
  @Test func anEditorCanBeSuspended() throws {
    let tmux = try demo(
      ["EDITOR": "echo editing; until test -e done; do sleep 0.05; done; true"], shell: true)
    try tmux.type("draft")
    try tmux.press("C-g")
    try tmux.wait(for: "editing")
    try tmux.press("C-z")
    try tmux.wait(for: "the shell") { $0.contains("topped") }
    try Data().write(to: tmux.folder.appending(path: "done"))
    try tmux.type("fg")
    try tmux.press("Enter")
    try tmux.wait(for: "demo> draft")
  }

  /// `kill` ends a suspended session although it cannot have the terminal.
  @Test func aSuspendedSessionCanBeEnded() throws {
    let tmux = try demo(shell: true)
    try tmux.press("C-z")
    try tmux.wait(for: "the shell") { $0.contains("topped") }
    try tmux.type(
      "p=$(jobs -p %1); kill %1; while kill -0 $p 2>&-; do sleep 0.05; done; echo ENDED=$((1+1))")
    try tmux.press("Enter")
    try tmux.wait(for: "ENDED=2")
  }

  /// Ctrl-Z where a shell can continue the job.
  @Test func suspendingComesBack() throws {
    let tmux = try demo(shell: true)
    try tmux.type("draft")
    try tmux.press("C-z")
    try tmux.wait(for: "the shell") { $0.contains("topped") }
    #expect(try tmux.flags() == "1 0")
    try tmux.type("fg")
    try tmux.press("Enter")
    try tmux.wait(for: "demo> draft")
    try tmux.type("!")
    try tmux.press("Enter")
    try tmux.wait(for: "<draft!>")
  }

  /// Ctrl-Z where nobody could: nothing happens.
  @Test func suspendingWithoutAShellDoesNotHang() throws {
    let tmux = try demo()
    try tmux.press("C-z")
    try tmux.type("still here")
    try tmux.wait(for: "demo> still here")
  }

  @Test(arguments: [("TERM", 143), ("HUP", 129)])
  func aSignalGivesTheTerminalBack(name: String, status: Int) throws {
    let tmux = try demo()
    try tmux.type("kept")
    try tmux.press("Enter")
    try tmux.wait(for: "<kept>")
    let pid = try tmux.processID()
    kill(pid, name == "TERM" ? SIGTERM : SIGHUP)
    try tmux.wait(for: "EXIT=\(status)")
    try expectRestored(tmux)
    let saved = try String(contentsOf: tmux.folder.appending(path: "history"), encoding: .utf8)
    #expect(saved == "kept\n")
  }

  @Test func anUnknownTerminalIsAnErrorWithARemedy() throws {
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "TerminalDemo").path
    let tmux = try Tmux("'\(program)'", columns: 120, environment: ["TERM": "bogus"])
    let screen = try tmux.wait(for: "EXIT=2")
    #expect(screen.contains("nothing is known about a terminal called bogus"))
    #expect(screen.contains("--plain"))
  }

  /// The modes are what they were, the cursor shows, and the alternate screen is gone.
  private func expectRestored(_ tmux: Tmux) throws {
    try tmux.wait(for: "the modes") { _ in
      tmux.modes("after").utf8.count >= tmux.modes("before").utf8.count
    }
    #expect(tmux.modes("after") == tmux.modes("before"))
    #expect(try tmux.flags() == "1 0")
  }
}

extension Tmux {
  /// What `stty -a` said at a moment.
  func modes(_ name: String) -> String {
    (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
  }

  /// Whether the cursor shows and whether the alternate screen is on.
  func flags() throws -> String {
    try display("#{cursor_flag} #{alternate_on}")
  }

  /// The demo's process, a child of the pane's shell (or of `env` in between).
  func processID() throws -> pid_t {
    let shell = try display("#{pane_pid}")
    let children = try String(
      contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
    guard let child = children.split(separator: " ").first, let pid = pid_t(child) else {
      throw Failure(description: "no process under the shell \(shell)")
    }
    return pid
  }
}
