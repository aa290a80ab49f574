import Pictures
import Screen
import Testing

/// Repeatable pseudo-random numbers (Knuth's linear congruential generator, high bits).
private struct Repeatable: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 32 | state << 32
  }
}

@Suite struct GridTests {
  @Test func wideCharactersTakeTwoCells() {
    var grid = Grid(rows: 1, columns: 8)
    let next = grid.put("가a나", row: 0, in: grid.bounds)
    #expect(next == 5)
    #expect(grid.lines == ["가a나"])
    #expect(grid.row(0).map(\.width) == [2, 0, 1, 2, 0, 1, 1, 1])
  }

  @Test func aWideCharacterAtTheEdgeBecomesABlank() {
    var grid = Grid(rows: 1, columns: 4)
    grid.put("abc가", row: 0, in: grid.bounds)
    #expect(grid.lines == ["abc"])
    #expect(grid.row(0).allSatisfy { $0.width == 1 })
  }

  @Test func overwritingOneHalfBlanksTheOther() {
    var grid = Grid(rows: 2, columns: 6)
    for row in 0..<2 { grid.put("가나다", row: row, in: grid.bounds) }
    grid.put("x", row: 0, column: 1, in: grid.bounds)
    grid.put("x", row: 1, column: 2, in: grid.bounds)
    #expect(grid.lines == [" x나다", "가x 다"])
    let widths = Array(grid.row(0).map(\.width)) + Array(grid.row(1).map(\.width))
    #expect(widths == [1, 1, 2, 0, 2, 0, 2, 0, 1, 1, 2, 0])
  }

  @Test func nothingIsDrawnOutsideTheRectangle() {
    var grid = Grid(rows: 3, columns: 6)
    grid.fill(grid.bounds, with: Cell("."))
    let rect = Rect(row: 1, column: 2, rows: 1, columns: 2)
    for row in -1...2 { grid.put("한글한글", row: row, column: -2, in: rect) }
    grid.fill(Rect(row: -5, column: 5, rows: 6, columns: 9), with: Cell("#"))
    #expect(grid.lines == [".....#", "..글..", "......"])
  }

  @Test func controlsAreNeverInTheGrid() {
    var grid = Grid(rows: 1, columns: 20)
    grid.put("a\u{1b}[2Jb\u{7}", row: 0, in: grid.bounds)
    #expect(grid.lines == ["a\\u{1b}[2Jb\\u{7}"])
  }

  @Test func picturesKeepTheirColours() {
    var picture = CellPicture(columns: 2, rows: 1)
    picture[0, 0] = PictureCell("▀", foreground: RGB(1, 2, 3), background: RGB(4, 5, 6))
    var grid = Grid(rows: 1, columns: 3)
    grid.draw(picture, in: Rect(row: 0, column: 1, rows: 1, columns: 1))
    #expect(grid.lines == [" ▀"])
    #expect(grid[0, 1].style.foreground == .rgb(RGB(1, 2, 3)))
    #expect(grid[0, 1].style.background == .rgb(RGB(4, 5, 6)))
    #expect(grid[0, 2] == .blank)
  }

  /// The invariant about halves holds after any series of writes.
  @Test func halvesStayTogether() {
    var random = Repeatable(state: 7)
    var grid = Grid(rows: 3, columns: 9)
    let texts = ["가", "ab", "🙂x", "e\u{301}나", " "]
    for _ in 0..<2000 {
      let rect = Rect(
        row: .random(in: -1...2, using: &random), column: .random(in: -2...8, using: &random),
        rows: 2, columns: .random(in: 0...5, using: &random))
      grid.put(
        texts.randomElement(using: &random) ?? "", row: 0,
        column: .random(in: -1...3, using: &random), in: rect)
      let isWhole = (0..<3).allSatisfy { row in
        let widths = grid.row(row).map(\.width)
        return widths.last != 2 && widths.first != 0
          && zip(widths, widths.dropFirst()).allSatisfy { ($0 == 2) == ($1 == 0) }
      }
      #expect(isWhole, "\(grid.lines)")
    }
  }

  @Test func rectanglesSplitWithoutLosingCells() {
    let whole = Rect(row: 1, column: 2, rows: 10, columns: 20)
    let (top, rest) = whole.split(top: 3)
    #expect(top == Rect(row: 1, column: 2, rows: 3, columns: 20))
    #expect(rest == Rect(row: 4, column: 2, rows: 7, columns: 20))
    #expect(whole.split(bottom: 99).bottom == whole)
    #expect(whole.split(left: -1).left.isEmpty)
    #expect(whole.split(right: 5).right == Rect(row: 1, column: 17, rows: 10, columns: 5))
  }
}
