@testable import Console
import Foundation
import Media
@testable import Pictures
import Testing
@testable import Training

@Suite struct TrainingPictureTests {
  private func history(_ steps: ClosedRange<Int>) -> TrainingHistory {
    var history = TrainingHistory()
    for step in steps { history.append(HandmadeRun.report(step)) }
    return history
  }

  private func luma(_ bitmap: Bitmap, _ x: Int, _ y: Int) -> Int {
    let at = (y * bitmap.width + x) * 3
    return RGB(bitmap.pixels[at], bitmap.pixels[at + 1], bitmap.pixels[at + 2]).luma
  }

  // MARK: History

  @Test(arguments: [1, 399, 400, 401, 12_345])
  func keepsABoundedCourse(_ count: Int) throws {
    var history = TrainingHistory()
    var report = HandmadeRun.report(1, side: 2)
    for step in 1...count {
      report.step = step
      report.loss = Double(step)
      report.heldOut = HandmadeRun.heldOut(at: step)
      history.append(report)
    }
    let curve = history.curve.points
    #expect(curve.count <= LearningCurve.limit && curve.count > min(count - 1, 190))
    #expect(curve.last?.step == count && history.last?.step == count)
    #expect(try #require(curve.first).loss < 40)
    #expect(zip(curve, curve.dropFirst()).allSatisfy { $0.step < $1.step && $0.loss < $1.loss })
    #expect(history.curve.heldOut.count <= LearningCurve.limit)
    #expect(history.curve.heldOut.last?.step == count)
  }

  @Test func smoothsWithoutMovingTheEnds() {
    #expect(TrainingHistory.smoothed([]) == [])
    #expect(TrainingHistory.smoothed([1, 5]) == [1, 5])
    let level = TrainingHistory.smoothed([Double](repeating: 3, count: 100))
    #expect(level.allSatisfy { abs($0 - 3) < 1e-12 })
  }

  @Test func looksAgainNowAndThen() {
    var view = TrainingView()
    let start = ContinuousClock.now
    let due = (1...1000).filter {
      view.take(HandmadeRun.report($0, side: 2), at: start + .milliseconds($0)).isDue
    }
    #expect(due == [1, 401, 801])
    #expect(view.history.last?.step == 1000)
  }

  // MARK: Drawing

  @Test func theDiagonalLightsUp() throws {
    let pairs = 16
    func brightness(_ step: Int) throws -> (diagonal: Double, rest: Double) {
      let cells = CellRenderer(symbols: .symbols, colors: .trueColor)
      let picture = TrainingPicture(history(step...step), cells: cells)
      // Two rows of pairs to a row of cells, below the title.
      let size = TrainingPicture.MatrixSize(pairs: pairs, columns: pairs, rows: pairs / 2)
      var canvas = CellPicture(columns: pairs, rows: pairs / 2 + 1)
      picture.draw(
        matrix: HandmadeRun.report(step), size, .init(row: 0, column: 0, rows: 9, columns: 16),
        in: &canvas)
      var (diagonal, rest) = (0, 0)
      for row in 0..<pairs {
        for column in 0..<pairs {
          let cell = canvas[row / 2 + 1, column]
          let value = try #require(row % 2 == 0 ? cell.foreground : cell.background).luma
          if row == column { diagonal += value } else { rest += value }
        }
      }
      return (Double(diagonal) / Double(pairs), Double(rest) / Double(pairs * (pairs - 1)))
    }
    let learned = try brightness(1000)
    #expect(learned.diagonal > 200 && learned.rest < 80, "\(learned)")
    let fresh = try brightness(0)
    #expect(fresh.diagonal < learned.diagonal && fresh.rest > learned.rest, "\(fresh)")
  }

  @Test func aMatrixThatIsNoneIsLeftOut() {
    var report = HandmadeRun.report(5)
    report.similarities.removeLast()
    #expect(TrainingPicture.matrix(of: report, pairs: 8) == nil)
    #expect(TrainingPicture.matrix(of: HandmadeRun.report(5), pairs: 33) == nil)
    report = HandmadeRun.report(5, side: 3)
    report.similarities = [.nan, .infinity, 1, 2, 2, 2, 0, 0, 1]
    #expect(TrainingPicture.matrix(of: report, pairs: 3) != nil)
  }

  @Test func theLossFallsFromLeftToRight() throws {
    let points = history(1...1000).curve.points.map {
      LineChart.Point(x: Double($0.step) / 1000, y: $0.loss / 6)
    }
    let chart = LineChart([.init(points, color: RGB(255, 255, 255))])
    let bitmap = try chart.bitmap(width: 60, height: 40)
    /// The brightest row of a column.
    func height(_ x: Int) -> Int {
      (0..<40).max { luma(bitmap, x, $0) < luma(bitmap, x, $1) } ?? 0
    }
    let heights = [3, 15, 30, 45, 58].map(height)
    #expect(heights == heights.sorted() && heights[0] < 15 && heights[4] > 35, "\(heights)")
  }

  @Test func spansFollowTheLine() {
    let line = [LineChart.Point(x: 0, y: 0), LineChart.Point(x: 1, y: 1)]
    #expect(LineChart.spans(of: line, columns: 4) == [0...0.25, 0.25...0.5, 0.5...0.75, 0.75...1])
    #expect(LineChart.spans(of: [], columns: 2) == [nil, nil])
    #expect(LineChart.spans(of: [.init(x: 0.6, y: 0.3)], columns: 2) == [nil, 0.3...0.3])
    // Out of range, and straight up.
    let steep = [LineChart.Point(x: 0.5, y: -3), LineChart.Point(x: 0.5, y: 9)]
    #expect(LineChart.spans(of: steep, columns: 1) == [0...1])
  }

  /// The picture draws at any size, at any stage and with whatever the cells can show.
  @Test func drawsWhateverTheRoom() {
    let histories = [TrainingHistory(), history(1...1), history(1...2), history(1...150)]
    let renderers = [
      CellRenderer(symbols: .ascii, colors: .monochrome),
      CellRenderer(symbols: .halfBlocks, colors: .named16),
      CellRenderer(symbols: .symbols, colors: .trueColor),
    ]
    for history in histories {
      for cells in renderers {
        for (columns, rows) in [
          (0, 0), (1, 1), (-3, 5), (2, 40), (9, 3), (40, 4), (40, 22), (80, 11), (60, 20), (300, 2),
        ] {
          let picture = TrainingPicture(history, cells: cells).draw(columns: columns, rows: rows)
          #expect(picture.columns == max(0, columns) && picture.rows == max(0, rows))
        }
      }
    }
  }

  @Test(arguments: [(40, 22), (80, 11), (80, 58)])
  func asciiIsASCIIAndWithoutColours(_ columns: Int, _ rows: Int) throws {
    let cells = CellRenderer(symbols: .ascii, colors: .monochrome)
    let picture = TrainingPicture(history(1...700), cells: cells).draw(columns: columns, rows: rows)
    #expect(picture.cells.allSatisfy { (0x20..<0x7f).contains($0.scalar.value) })
    #expect(picture.cells.allSatisfy { $0.foreground == nil && $0.background == nil })
    let text = picture.lines.joined(separator: "\n")
    #expect(text.hasPrefix("step 700/1000  70 %  1 min 33 s left"))
    for word in ["loss", "pictures x texts", "held out", "temperature", "812"] {
      #expect(text.contains(word), "\(word)")
    }
    // The pairs' own cells are the brightest that the ramp has.
    #expect(text.contains("@@"))
  }

  @Test func coloursAreThoseOfTheDepth() {
    for depth in ColorDepth.allCases {
      let cells = CellRenderer(symbols: .halfBlocks, colors: depth)
      let picture = TrainingPicture(history(1...500), cells: cells).draw(columns: 60, rows: 30)
      let colors = Set(picture.cells.flatMap { [$0.foreground, $0.background] }.compactMap { $0 })
      switch depth {
      case .monochrome: #expect(colors.isEmpty)
      case .named16: #expect(colors.isSubset(of: Palette.xterm256.prefix(16)))
      case .indexed256: #expect(colors.isSubset(of: Palette.xterm256))
      case .trueColor: #expect(colors.count > 30)
      }
    }
  }
}

/// Writes drawings with their colours where `GAZE_DRAWINGS` says, for eyes.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["GAZE_DRAWINGS"] != nil))
struct TrainingDrawings {
  @Test func writeThem() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["GAZE_DRAWINGS"])
    for step in [30, 400, 1000] {
      var history = TrainingHistory()
      for step in 1...step { history.append(HandmadeRun.report(step)) }
      for symbols in SymbolSet.allCases {
        for colors in ColorDepth.allCases {
          for (columns, rows) in [(40, 22), (80, 11), (80, 56)] {
            let picture = TrainingPicture(history, cells: .init(symbols: symbols, colors: colors))
              .draw(columns: columns, rows: rows)
            let name = "\(symbols.rawValue)-\(colors.rawValue)-\(columns)x\(rows)-\(step)"
            let lines = (0..<picture.rows).map { row in
              (0..<picture.columns).map { column -> String in
                let cell = picture[row, column]
                let ink = cell.foreground.map { "\u{1b}[38;2;\($0.red);\($0.green);\($0.blue)m" }
                let paper = cell.background.map { "\u{1b}[48;2;\($0.red);\($0.green);\($0.blue)m" }
                return "\u{1b}[0m" + (ink ?? "") + (paper ?? "") + String(Character(cell.scalar))
              }.joined() + "\u{1b}[0m\n"
            }
            try lines.joined().write(
              toFile: folder + "/" + name + ".txt", atomically: true, encoding: .utf8)
          }
        }
      }
    }
  }
}
