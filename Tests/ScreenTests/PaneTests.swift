import Pictures
import Screen
import Testing

@Suite struct SessionPaneTests {
  private func pane(_ count: Int) -> SessionPane {
    let pane = SessionPane()
    for index in 1...count { pane.append(StyledLine("line \(index)")) }
    return pane
  }

  @Test func followsTheBottom() {
    let pane = pane(10)
    #expect(draw(pane, rows: 3, columns: 20).lines == ["line 8", "line 9", "line 10"])
    pane.append(StyledLine("new"))
    #expect(draw(pane, rows: 3, columns: 20).lines == ["line 9", "line 10", "new"])
  }

  @Test func shortSessionsStartAtTheTop() {
    #expect(draw(pane(2), rows: 4, columns: 20).lines == ["line 1", "line 2", "", ""])
  }

  @Test func aScrolledViewStaysPutWhileOutputArrives() {
    let pane = pane(10)
    _ = draw(pane, rows: 4, columns: 40)
    #expect(pane.perform(.scrollPageUp))
    #expect(draw(pane, rows: 4, columns: 40).lines.prefix(3) == ["line 4", "line 5", "line 6"])
    pane.append(StyledLine("new"))
    let lines = draw(pane, rows: 4, columns: 40).lines
    #expect(lines.prefix(3) == ["line 4", "line 5", "line 6"])
    #expect(lines[3].hasSuffix("more below: PageDown"))
    _ = pane.perform(.scrollPageDown)
    _ = pane.perform(.scrollPageDown)
    #expect(draw(pane, rows: 4, columns: 40).lines.last == "new")
    #expect(pane.scrollback.isAtBottom)
  }

  @Test func scrollingStopsAtBothEnds() {
    let pane = pane(10)
    _ = draw(pane, rows: 4, columns: 40)
    for _ in 0..<9 { _ = pane.perform(.scrollPageUp) }
    #expect(draw(pane, rows: 4, columns: 40).lines[0] == "line 1")
    _ = pane.perform(.scrollDown)
    #expect(draw(pane, rows: 4, columns: 40).lines[0] == "line 2")
    _ = pane.perform(.scrollToTop)
    #expect(draw(pane, rows: 4, columns: 40).lines[0] == "line 1")
    _ = pane.perform(.scrollToBottom)
    #expect(draw(pane, rows: 4, columns: 40).lines[3] == "line 10")
  }

  @Test func resizingReflowsAndKeepsTheTopLine() {
    let pane = SessionPane()
    for index in 0..<20 { pane.append(StyledLine("\(index) 한국어 문장 하나")) }
    _ = draw(pane, rows: 5, columns: 40)
    _ = pane.perform(.scrollPageUp)
    #expect(draw(pane, rows: 5, columns: 40).lines[0] == "11 한국어 문장 하나")
    #expect(draw(pane, rows: 5, columns: 12).lines.prefix(2) == ["11 한국어", "문장 하나"])
    #expect(draw(pane, rows: 5, columns: 40).lines[0] == "11 한국어 문장 하나")
  }

  @Test func streamedTextGrowsOneLine() {
    let pane = SessionPane()
    pane.extend("two ")
    pane.extend("cats\nand")
    pane.extend(" a dog")
    #expect(draw(pane, rows: 3, columns: 20).lines == ["two cats", "and a dog", ""])
    #expect(pane.scrollback.count == 2)
  }

  @Test func picturesScrollByRow() {
    let pane = SessionPane()
    var picture = CellPicture(columns: 3, rows: 3)
    for row in 0..<3 { picture[row, row] = PictureCell("#") }
    pane.append(picture)
    pane.append(StyledLine("below"))
    #expect(draw(pane, rows: 3, columns: 10).lines == [" #", "  #", "below"])
    _ = pane.perform(.scrollUp)
    #expect(draw(pane, rows: 3, columns: 40).lines.prefix(2) == ["#", " #"])
  }

  @Test func picturesWiderThanThePaneAreCut() {
    let pane = SessionPane()
    var picture = CellPicture(columns: 3, rows: 3)
    for row in 0..<3 { picture[row, row] = PictureCell("#") }
    pane.append(picture)
    #expect(draw(pane, rows: 3, columns: 2).lines == ["#", " #", ""])
  }

  @Test func memoryIsBounded() {
    var back = Scrollback(blockLimit: 100, byteLimit: 50_000)
    for index in 0..<5000 { back.append(.line(StyledLine("\(index)"))) }
    #expect(back.count == 100)
    back.append(.line(StyledLine(String(repeating: "x", count: 49_000))))
    #expect(back.count < 20)
    back.append(.line(StyledLine(String(repeating: "y", count: 90_000))))
    #expect(back.count == 1)
    #expect(back.visibleRows(width: 10, height: 2).count == 2)
  }

  @Test func aViewWhoseBlockLeftMovesToTheOldest() {
    var back = Scrollback(blockLimit: 10)
    for index in 0..<10 { back.append(.line(StyledLine("\(index)"))) }
    back.scrollToTop(width: 10, height: 3)
    for index in 10..<15 { back.append(.line(StyledLine("\(index)"))) }
    #expect(back.visibleRows(width: 10, height: 3)[0] == Cell.cells(of: "5"))
  }

  @Test func onlyAFocusedPaneTakesArrows() {
    let pane = pane(10)
    _ = draw(pane, rows: 4, columns: 40)
    #expect(pane.type("<up>") == [false])
    pane.isFocused = true
    #expect(pane.type("<up>") == [true])
    #expect(draw(pane, rows: 4, columns: 40).lines[0] == "line 6")
  }

  @Test(arguments: ["<enter>", "q", "<esc>"]) func aFocusedPaneGivesTheFocusBack(key: String) {
    let pane = pane(10)
    #expect(pane.type(key) == [false])
    pane.isFocused = true
    #expect(pane.type(key) == [true])
    #expect(!pane.isFocused)
  }
}

@Suite struct StatusLineTests {
  private let line = StatusLine([
    .init("emoji-clip", priority: 9), .init("151 MB", priority: 3), .init("2 threads", priority: 1),
    .init("12 ms", priority: 5, trailing: true),
  ])

  @Test func everythingWhenWide() {
    #expect(
      draw(line, rows: 1, columns: 50).lines
        == [" emoji-clip  151 MB  2 threads" + String(repeating: " ", count: 14) + "12 ms"])
  }

  @Test func theLeastImportantGoesFirst() {
    #expect(draw(line, rows: 1, columns: 30).lines == [" emoji-clip  151 MB     12 ms"])
    #expect(draw(line, rows: 1, columns: 20).lines == [" emoji-clip   12 ms"])
    #expect(draw(line, rows: 1, columns: 14).lines == [" emoji-clip"])
    #expect(draw(line, rows: 1, columns: 6).lines == [" emoji"])
  }
}

@Suite struct PreviewPaneTests {
  @Test func theCaptionStandsBelowTheCentredPicture() {
    let pane = PreviewPane()
    var picture = CellPicture(columns: 2, rows: 1)
    picture[0, 0] = PictureCell("#")
    picture[0, 1] = PictureCell("#")
    pane.show(ScalablePicture(picture), caption: StyledLine("고양이"))
    #expect(draw(pane, rows: 4, columns: 8).lines == ["", "   ##", "", " 고양이"])
  }

  @Test func aPictureIsDrawnOncePerSize() {
    let counter = Counter()
    let pane = PreviewPane()
    pane.show(
      ScalablePicture { columns, rows in
        counter.count += 1
        return CellPicture(columns: columns, rows: rows)
      })
    for _ in 0..<3 { _ = draw(pane, rows: 4, columns: 8) }
    #expect(counter.count == 1)
    _ = draw(pane, rows: 5, columns: 8)
    #expect(counter.count == 2)
  }

  /// Only ever touched from one test.
  private final class Counter: @unchecked Sendable { var count = 0 }
}

@Suite struct CompositorTests {
  private final class Probe: Component {
    let name: String
    let takes: Bool
    var seen = 0
    init(_ name: String, takes: Bool) {
      self.name = name
      self.takes = takes
    }
    func handle(_ event: InputEvent) -> Bool {
      seen += 1
      return takes
    }
    func render(into grid: inout Grid, in rect: Rect) { grid.put(name, row: 0, in: rect) }
    func cursor(in rect: Rect) -> Position? { takes ? Position(row: 0, column: name.count) : nil }
  }

  @Test func paintsBackToFrontAndOffersFrontToBack() {
    let back = Probe("back", takes: true)
    let front = Probe("fr", takes: false)
    let hidden = Probe("hidden", takes: true)
    let compositor = Compositor([
      .init(back) { $0 }, .init(front) { $0 }, .init(hidden) { _ in nil },
    ])
    var grid = Grid(rows: 1, columns: 10)
    compositor.render(into: &grid)
    #expect(grid.lines == ["frck"])
    #expect(compositor.handle(.key(.plain("a")), screen: grid.bounds))
    #expect(back.seen == 1)
    #expect(front.seen == 1)
    #expect(hidden.seen == 0)
    #expect(compositor.cursor(screen: grid.bounds) == Position(row: 0, column: 4))
  }
}

@Suite struct KeymapTests {
  @Test(arguments: KeyContext.allCases) func noKeyIsBoundTwice(context: KeyContext) {
    #expect(Keymap.standard(context).duplicates.isEmpty)
  }

  @Test func aDuplicateWouldBeFound() {
    let inner: Keymap = [.plain("a"): .action(.yank), .plain("a"): .action(.redraw)]
    let map: Keymap = [.control("x"): .prefix("window", inner)]
    #expect(map.duplicates == [.plain("a")])
  }

  /// Actions that no key reaches would be dead code, and help would not show them.
  @Test func everyActionHasAKeyAndHelp() {
    let bound = Set(KeyContext.allCases.flatMap { Keymap.standard($0).bindings.map(\.action) })
    #expect(Set(Action.allCases).subtracting(bound).isEmpty)
    #expect(Action.allCases.allSatisfy { !$0.help.isEmpty })
  }

  @Test func namesReadAsInHelp() {
    let focus = Keymap.standard(.everywhere).bindings.first { $0.action == .focusNext }
    #expect(focus?.keys.map(\.name) == ["Ctrl-X", "o"])
    #expect(KeyEvent.alt(.left).name == "Alt-Left")
    #expect(KeyEvent.plain("G").name == "G")
  }
}
