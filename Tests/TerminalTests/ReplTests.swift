import Foundation
import Pictures
import Screen
import Synchronization
import Testing

@testable import Terminal

/// A session that records what it is asked.
private final class Probe {
  var submitted: [String] = []
  var interrupts = 0
  var ends = 0
  var steps: [StepperKey] = []

  func repl(rows: Int = 10, columns: Int = 60, history: String? = nil) -> Repl {
    Repl(
      host: TerminalHost(
        submit: { self.submitted.append($0) }, interrupt: { self.interrupts += 1 },
        complete: { text, cursor in
          [":load", ":log"].filter { $0.hasPrefix(text) }.map {
            Completion(range: 0..<cursor, replacement: $0)
          }
        },
        step: { self.steps.append($0) }, endInput: { self.ends += 1 },
        historyPath: history, prompt: "> "),
      rows: rows, columns: columns)
  }
}

extension Repl {
  fileprivate func type(_ text: String) {
    for scalar in text.unicodeScalars { handle(.key(.plain(scalar))) }
  }
  fileprivate func press(_ keys: KeyEvent...) { for key in keys { handle(.key(key)) } }
  fileprivate var lines: [String] { draw().grid.lines }
  fileprivate var statusText: String { lines[lines.count - 2].trimmingCharacters(in: .whitespaces) }
}

@Suite struct ReplTests {
  @Test func aLineIsShownAndSent() {
    let probe = Probe()
    let repl = probe.repl()
    repl.apply(.status([.init("emoji-clip")]))
    repl.type("안녕")
    repl.press(.plain(.enter))
    repl.apply(.lines([StyledLine("hello")]))
    repl.apply(.busy(false))
    #expect(probe.submitted == ["안녕"])
    #expect(repl.lines == ["> 안녕", "hello", "", "", "", "", "", "", " emoji-clip", ">"])
    #expect(repl.draw().cursor == Position(row: 9, column: 2))
  }

  @Test func linesSentWhileBusyWaitTheirTurn() {
    let probe = Probe()
    let repl = probe.repl()
    repl.type("one")
    repl.press(.plain(.enter))
    repl.type("two")
    repl.press(.plain(.enter))
    repl.type("thr")
    #expect(probe.submitted == ["one"])
    #expect(repl.statusText == "running  1 waiting")
    repl.apply(.progress("encoding 3/12"))
    #expect(repl.statusText == "encoding 3/12  1 waiting")
    repl.apply(.busy(false))
    #expect(probe.submitted == ["one", "two"])
    #expect(repl.isBusy)
    repl.apply(.busy(false))
    #expect(!repl.isBusy)
    #expect(repl.lines.last == "> thr")
  }

  @Test func controlCCancelsClearsOrHints() {
    let probe = Probe()
    let repl = probe.repl()
    repl.press(.control("c"))
    #expect(repl.statusText == "Ctrl-D or :quit leaves")
    repl.type("draft")
    #expect(repl.statusText == "")
    repl.press(.control("c"))
    #expect(repl.lines.last == ">")
    #expect(probe.interrupts == 0)
    repl.apply(.busy(true))
    repl.type("later")
    repl.press(.plain(.enter), .control("c"))
    #expect(probe.interrupts == 1)
    #expect(repl.statusText.hasPrefix("cancelling; 1 waiting dropped"))
    repl.apply(.busy(false))
    #expect(probe.submitted.isEmpty)
    #expect(repl.takeRequests().isEmpty)
  }

  @Test func controlDQuitsOnlyWhenEmptyAndIdle() {
    let probe = Probe()
    let repl = probe.repl()
    repl.type("a")
    repl.press(.plain(.home), .control("d"))
    #expect(repl.lines.last == ">")
    repl.apply(.busy(true))
    repl.press(.control("d"))
    #expect(probe.ends == 0)
    repl.apply(.busy(false))
    repl.press(.control("d"))
    #expect(probe.ends == 1)
    // The session knows with what code.
    #expect(repl.takeRequests().isEmpty)
    // What is typed behind it is not wanted any more.
    repl.type("late")
    repl.press(.plain(.enter), .control("d"))
    #expect(probe.ends == 1)
    #expect(probe.submitted.isEmpty)
    repl.apply(.quit(3))
    #expect(repl.takeRequests() == [.quit(3)])
  }

  @Test func requestsReachTheOwnerOfTheTerminal() {
    let repl = Probe().repl()
    repl.type("draft")
    repl.press(.control("l"), .control("g"), .control("z"))
    repl.apply(.quit(3))
    #expect(repl.takeRequests() == [.redraw, .edit("draft"), .suspend, .quit(3)])
    repl.finishEditing("edited")
    #expect(repl.lines.last == "> edited")
  }

  @Test func theFocusMovesWithAPrefixKey() {
    let repl = Probe().repl(rows: 6)
    for index in 1...9 { repl.apply(.lines([StyledLine("line \(index)")])) }
    _ = repl.draw()
    repl.press(.control("x"))
    #expect(repl.statusText == "Ctrl-X …")
    repl.press(.plain("o"), .plain(.up))
    #expect(repl.lines[0] == "line 5")
    #expect(repl.draw().cursor == nil)
    repl.press(.plain(.escape))
    repl.type("x")
    #expect(repl.lines.last == "> x")
    repl.press(.control("x"), .plain("z"))
    #expect(repl.statusText == "z does nothing after Ctrl-X")
  }

  @Test func typingAtAFocusedPaneIsNotLost() {
    let repl = Probe().repl()
    repl.press(.control("x"), .plain("o"))
    repl.type(":l")
    #expect(repl.lines.last == "> :l")
    #expect(repl.draw().cursor == Position(row: 9, column: 4))
  }

  /// The input line is hidden meanwhile: no key that leaves the pane is to act on it.
  @Test(arguments: [KeyEvent.plain(.enter), .plain("q"), .plain(.escape)])
  func leavingAFocusedPaneKeepsTheInput(key: KeyEvent) {
    let probe = Probe()
    let repl = probe.repl()
    repl.type("draft")
    repl.press(.control("x"), .plain("o"))
    #expect(repl.draw().cursor == nil)
    repl.press(key)
    #expect(probe.submitted.isEmpty)
    #expect(repl.lines.last == "> draft")
    #expect(repl.draw().cursor == Position(row: 9, column: 7))
  }

  @Test func pagesScrollWithoutFocus() {
    let repl = Probe().repl(rows: 6)
    for index in 1...9 { repl.apply(.lines([StyledLine("line \(index)")])) }
    _ = repl.draw()
    repl.press(.plain(.pageUp))
    #expect(repl.lines[0] == "line 3")
    repl.press(.plain(.pageDown))
    #expect(repl.lines[0] == "line 6")
  }

  @Test func theStepperTakesItsKeysAndSwallowsText() {
    let probe = Probe()
    let repl = probe.repl(columns: 100)
    repl.type("draft")
    repl.apply(.stepper(StyledLine("layer 8")))
    for key: KeyEvent in [.plain("n"), .plain(.left), .plain("x"), .plain(.enter)] {
      repl.press(key)
      repl.apply(.busy(false))
    }
    #expect(probe.steps == [.nextToken, .previousHead, .again])
    #expect(repl.lines.last?.hasPrefix("layer 8  n/p token ←/→ head") == true)
    repl.resize(rows: 10, columns: 80)
    #expect(repl.lines[8] == "layer 8")
    #expect(repl.lines[9].hasSuffix("q leave"))
    repl.press(.control("c"))
    #expect(probe.steps.last == .quit)
    repl.apply(.stepper(nil))
    #expect(repl.lines.last == "> draft")
  }

  @Test func theStepperShowsAllOfItsCaption() {
    let repl = Probe().repl(rows: 24, columns: 40)
    repl.apply(.status([.init("emoji-clip")]))
    repl.apply(
      .stepper(
        StyledLine(
          "vision, layer 5 of 0–5, mean of 6 heads, token 0  62 % in rows 2–4, columns 5–7; "
            + "31.0 % outside")))
    #expect(
      repl.lines[19..<23] == [
        " emoji-clip", "vision, layer 5 of 0–5, mean of 6 heads,",
        "token 0  62 % in rows 2–4, columns 5–7;", "31.0 % outside",
      ])
    #expect(repl.lines[23].hasPrefix("n/p token ←/→ head"))
    // Never more than three rows of it.
    repl.apply(.stepper(StyledLine(String(repeating: "word ", count: 200))))
    #expect(repl.lines[19] == " emoji-clip")
    #expect(repl.lines[22].hasPrefix("word word"))
    #expect(repl.lines[23].hasPrefix("n/p token ←/→ head"))
    // Nor more than the screen can spare.
    repl.resize(rows: 6, columns: 40)
    #expect(repl.lines[3] == " emoji-clip")
    #expect(repl.lines[4].hasPrefix("word word"))
    #expect(repl.lines[5].hasPrefix("n/p token ←/→ head"))
  }

  /// A step may take long on a large model: it waits its turn and can be cancelled.
  @Test func stepsCountAsRunning() {
    let probe = Probe()
    let repl = probe.repl(columns: 100)
    repl.apply(.stepper(StyledLine("layer 8")))
    repl.press(.plain("n"), .plain("n"), .plain("n"))
    #expect(probe.steps == [.nextToken])
    #expect(repl.lines[8] == " running  2 waiting")
    repl.press(.control("c"))
    #expect(probe.interrupts == 1)
    repl.apply(.busy(false))
    #expect(probe.steps == [.nextToken])
    repl.press(.plain("p"), .plain("q"))
    repl.apply(.busy(false))
    #expect(probe.steps == [.nextToken, .previousToken, .quit])
  }

  @Test func everyStepperKeyIsReachable() {
    let probe = Probe()
    let repl = probe.repl()
    repl.apply(.stepper(StyledLine("x")))
    for binding in Keymap.standard(.stepper).bindings {
      repl.press(binding.keys[0])
      repl.apply(.busy(false))
    }
    #expect(Set(probe.steps) == Set(StepperKey.allCases))
  }

  @Test func thePreviewStandsAtTheRightAboveOrNowhere() {
    let probe = Probe()
    let picture = ScalablePicture { columns, rows in
      var picture = CellPicture(columns: min(columns, 4), rows: min(rows, 2))
      for row in 0..<picture.rows {
        for column in 0..<picture.columns { picture[row, column] = PictureCell("#") }
      }
      return picture
    }
    let repl = probe.repl(rows: 20, columns: 120)
    repl.apply(.preview(picture, caption: StyledLine("cat")))
    #expect(repl.lines[8].hasSuffix("####"))
    #expect(repl.lines[3].filter { $0 == "│" }.count == 1)
    repl.resize(rows: 20, columns: 60)
    #expect(repl.lines[0].trimmingCharacters(in: .whitespaces) == "####")
    #expect(repl.lines[2].trimmingCharacters(in: .whitespaces) == "cat")
    repl.resize(rows: 10, columns: 60)
    #expect(!repl.lines.joined().contains("#"))
    repl.apply(.placement(.above))
    #expect(repl.lines.joined().contains("#"))
    repl.apply(.placement(.hidden))
    #expect(!repl.lines.joined().contains("#"))
  }

  /// No size makes drawing fail, and the cursor never leaves the screen.
  @Test func anySizeCanBeDrawn() {
    let repl = Probe().repl()
    let picture = ScalablePicture { CellPicture(columns: $0, rows: $1) }
    repl.apply(.preview(picture, caption: StyledLine("그림")))
    repl.apply(.lines([StyledLine("한국어 줄"), StyledLine("another line of text")]))
    repl.type("긴 입력 줄 with 여러 words :l")
    repl.press(.plain(.tab))
    for caption in [nil, StyledLine("층 8, a caption of several words")] {
      repl.apply(.stepper(caption))
      for rows in 0...12 {
        for columns in [0, 1, 2, 3, 5, 9, 40, 99, 100, 200] {
          repl.resize(rows: rows, columns: columns)
          let (grid, cursor) = repl.draw()
          #expect(grid.rows == rows && grid.columns == columns)
          if let cursor { #expect(grid.bounds.contains(row: cursor.row, column: cursor.column)) }
        }
      }
    }
  }

  @Test func completionsOpenAboveTheStatusLine() {
    let repl = Probe().repl()
    repl.type(":l")
    repl.press(.plain(.tab))
    #expect(repl.lines[6...] == [" :load", " :log", "", "> :lo"])
    repl.press(.plain(.tab), .plain(.enter))
    #expect(repl.lines.last == "> :load")
  }

  @Test func historyIsOnDiskBeforeTheLineRuns() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let repl = Probe().repl(history: path)
    repl.type("one")
    repl.press(.plain(.enter))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "one\n")
    let next = Probe().repl(history: path)
    next.press(.plain(.up))
    #expect(next.lines.last == "> one")
  }

  @Test func aHistoryThatCannotBeWrittenIsOnlyARemark() {
    let probe = Probe()
    let repl = probe.repl(columns: 120, history: "/dev/null/history")
    repl.type("one")
    repl.press(.plain(.enter))
    #expect(probe.submitted == ["one"])
    #expect(repl.statusText.hasPrefix("cannot write the history /dev/null/history"))
  }

  @Test func hostileTextIsShownEscaped() {
    let repl = Probe().repl()
    repl.apply(.lines([StyledLine("a\u{1b}]0;title\u{7}b\u{202e}")]))
    #expect(repl.lines[0] == "a\\u{1b}]0;title\\u{7}b\\u{202e}")
  }
}
