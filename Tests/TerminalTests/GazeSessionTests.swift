import Foundation
import TestSupport
import Testing

/// `gaze` itself with the bundled checkpoint, typed into through a real pseudo-terminal.
@Suite(.serialized, .enabled(if: Tmux.isAvailable, "tmux is not installed"))
struct GazeSessionTests {
  private static let pictures = Fixture.root.deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "examples/pictures").path

  private func gaze(
    columns: Int, rows: Int, _ environment: [String: String]
  ) throws -> Tmux {
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "gaze").path
    var variables = ["LANG": "C.UTF-8", "XDG_STATE_HOME": "state"]
    variables.merge(environment) { $1 }
    let tmux = try Tmux("'\(program)'", columns: columns, rows: rows, environment: variables)
    try tmux.wait(for: "gaze>")
    return tmux
  }

  private func send(_ line: String, to tmux: Tmux) throws {
    try tmux.type(line)
    try tmux.press("Enter")
  }

  @Test(arguments: [
    (200, 60, ["TERM": "tmux-256color", "COLORTERM": "truecolor"]),
    (80, 24, ["TERM": "xterm-256color"]), (80, 24, ["TERM": "vt100"]),
  ])
  func fromLoadingToStepping(columns: Int, rows: Int, environment: [String: String]) throws {
    let tmux = try gaze(columns: columns, rows: rows, environment)
    try tmux.type(":loa")
    try tmux.press("Tab")
    try tmux.wait(for: "gaze> :load")
    try tmux.press("C-u")
    try send(":load emoji-clip", to: tmux)
    try tmux.wait(for: "can rank, embed, attend")
    try send(":image \"\(Self.pictures)/cat-face.png\" as 고양이", to: tmux)
    try tmux.wait(for: "256 × 256")
    try send(":rank 고양이 얼굴 | 자동차 | 집 on=고양이", to: tmux)
    try tmux.wait(for: "probability")
    try send(":attn on=고양이", to: tmux)
    try tmux.wait(for: "peak")
    try send(":step", to: tmux)
    try tmux.wait(for: "n/p token")
    try tmux.press("n")
    try tmux.wait(for: "token 1")
    try tmux.wait(for: "outside")
    let mine = tmux.folder.appending(path: "attention.png")
    try Data("mine".utf8).write(to: mine)
    try tmux.press("e")
    try tmux.wait(for: "wrote attention-2.png")
    #expect(try Data(contentsOf: mine) == Data("mine".utf8))
    try tmux.press("q")
    try tmux.wait(for: "the prompt") { $0.hasSuffix("gaze>\n") }
    try tmux.press("C-d")
    try tmux.wait(for: "EXIT=0")
    let saved = try String(
      contentsOf: tmux.folder.appending(path: "state/gaze/history"), encoding: .utf8)
    #expect(saved.hasSuffix(":attn on=고양이\n:step\n"))
  }

  /// What words are exported as has to suit them too.
  @Test func exportingWhileSteppingOverWords() throws {
    let tmux = try gaze(columns: 100, rows: 30, ["TERM": "tmux-256color"])
    try send(":load emoji-clip", to: tmux)
    try tmux.wait(for: "can rank, embed, attend")
    try send(":attn tower=text text=\"a cat\"", to: tmux)
    try tmux.wait(for: "off the words")
    try send(":step", to: tmux)
    try tmux.wait(for: "n/p token")
    try tmux.press("e")
    try tmux.wait(for: "wrote attention.svg")
    let drawing = try String(
      contentsOf: tmux.folder.appending(path: "attention.svg"), encoding: .utf8)
    #expect(drawing.contains("<svg"))
  }

  /// What a `"""` means at the prompt is what it means in a script.
  @Test func textsOfSeveralLines() throws {
    let tmux = try gaze(columns: 100, rows: 30, ["TERM": "tmux-256color"])
    try send(":print say \"\"\" here", to: tmux)
    try tmux.wait(for: "\nsay \"\"\" here\n")
    try send(":print \"\"\"one", to: tmux)
    try send("two\"\"\"", to: tmux)
    try tmux.wait(for: "the text") {
      $0.contains("\ngaze> :print \"\"\"one\n… two\"\"\"\n") && $0.hasSuffix("gaze>\n")
    }
  }

  @Test func anErrorKeepsTheSession() throws {
    let tmux = try gaze(columns: 100, rows: 30, ["TERM": "tmux-256color"])
    try tmux.wait(for: ":help lists the verbs")
    try send(":lod x", to: tmux)
    try tmux.wait(for: "error:")
    try send(":image /no/such/file.png", to: tmux)
    try tmux.wait(for: "/no/such/file.png")
    try send("!echo one; echo two; exit 3", to: tmux)
    try tmux.wait(for: "\none\ntwo\n")
    try send(":mode json", to: tmux)
    try send(":print x", to: tmux)
    try tmux.wait(for: #""data":{"text":"x"}"#)
    try send(":quit 5", to: tmux)
    try tmux.wait(for: "EXIT=5")
  }

  /// Ctrl-D leaves with the code that `:quit` does.
  @Test(
    arguments: [
      ([":print fine"], 0), ([":load nope"], 1), ([":load emoji-clip", ":check family == x"], 3),
      ([":load nope", ":check error.code == \"checkpoint.invalid\""], 0),
    ])
  func leavingSaysWhatItsCommandsCameTo(lines: [String], code: Int) throws {
    for key in ["C-d", ":quit"] {
      let tmux = try gaze(columns: 100, rows: 30, ["TERM": "tmux-256color"])
      for line in lines { try send(line, to: tmux) }
      try send(":print done", to: tmux)
      try tmux.wait(for: "the end") { $0.contains("\ndone\n") && !$0.contains("running") }
      if key == ":quit" { try send(key, to: tmux) } else { try tmux.press(key) }
      try tmux.wait(for: "EXIT=\(code)\n")
    }
  }
}
