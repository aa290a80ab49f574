import Foundation
import Media
import Pictures
import Training

/// The curves: the loss, and below it, where there is room, how much the model gets right.
extension TrainingPicture {
  /// A chart with what stands beside it.
  private struct Chart {
    var title: [(text: String, color: RGB)]
    /// What the top and the bottom stand for.
    var top: String
    var bottom: String
    var curves: [LineChart.Curve]
  }

  /// With fewer rows, one chart is better than two.
  private static let rowsForTwo = 16

  func drawCharts(_ frame: Frame, in canvas: inout CellPicture) {
    let curve = history.curve.points
    guard !curve.isEmpty else { return }
    guard frame.rows >= Self.rowsForTwo else {
      return draw(lossChart(curve), frame, in: &canvas)
    }
    var (above, below) = (frame, frame)
    above.rows = frame.rows * 3 / 5
    below.rows -= above.rows
    below.row += above.rows
    draw(lossChart(curve), above, in: &canvas)
    draw(accuracyChart(curve), below, in: &canvas)
  }

  /// Where a step stands between the first one that is known and the last.
  private func x(_ step: Int, in curve: [LearningCurve.Point]) -> Double {
    let (first, last) = (curve[0].step, curve[curve.count - 1].step)
    return last > first ? Double(step - first) / Double(last - first) : 0
  }

  private func lossChart(_ curve: [LearningCurve.Point]) -> Chart {
    let losses = curve.map(\.loss)
    let smooth = TrainingHistory.smoothed(losses)
    let (low, high) = (losses.min() ?? 0, losses.max() ?? 0)
    // Where the loss falls through orders of magnitude, a linear scale shows only its beginning.
    let isLog = low > 0 && high / low >= 10
    func y(_ loss: Double) -> Double {
      guard high > low else { return 0.5 }
      return isLog ? log(loss / low) / log(high / low) : (loss - low) / (high - low)
    }
    func points(_ values: [Double]) -> [LineChart.Point] {
      zip(curve, values).map { LineChart.Point(x: x($0.step, in: curve), y: y($1)) }
    }
    return Chart(
      title: [("loss", Ink.loss)] + (isLog ? [("log scale", Ink.faint)] : []),
      top: TrainingPicture.label(high), bottom: TrainingPicture.label(low),
      curves: [
        LineChart.Curve(
          points(losses), color: mixed(Ink.loss, 0.45), thickness: line / 2),
        LineChart.Curve(points(smooth), color: Ink.loss, thickness: line, shade: shade),
      ])
  }

  private func accuracyChart(_ curve: [LearningCurve.Point]) -> Chart {
    let batch = TrainingHistory.smoothed(curve.map(\.batchAccuracy))
    var curves = [
      LineChart.Curve(
        zip(curve, batch).map { LineChart.Point(x: x($0.step, in: curve), y: $1) },
        color: Ink.batch, thickness: line, shade: shade)
    ]
    let first = curve[0].step
    var held = history.curve.heldOut.filter { $0.step >= first }.map {
      LineChart.Point(x: x($0.step, in: curve), y: $0.top1)
    }
    // What was last measured holds until it is measured again, which also makes a single
    // measurement a line.
    if let last = held.last { held.append(LineChart.Point(x: 1, y: last.y)) }
    var title = [(text: "right in batch", color: Ink.batch)]
    if !held.isEmpty {
      curves.append(LineChart.Curve(held, color: Ink.heldOut, thickness: line))
      title.append(("held out", Ink.heldOut))
    }
    return Chart(title: title, top: "100 %", bottom: "0 %", curves: curves)
  }

  /// How thick a line is, in pixels.
  private var line: Double { cells.symbols == .ascii ? 1 : 2.5 }

  /// How much the ground below a curve is tinted.
  private var shade: Double { hasShades || cells.symbols == .ascii ? 0.12 : 0 }

  static func label(_ value: Double) -> String {
    Format.decimal(value, value < 0.995 ? 3 : value < 9.95 ? 2 : 1)
  }

  /// A colour with less of it.
  private func mixed(_ color: RGB, _ share: Double) -> RGB {
    func part(_ ink: UInt8, _ ground: UInt8) -> UInt8 {
      UInt8(Double(ink) * share + Double(ground) * (1 - share))
    }
    return RGB(
      part(color.red, ground.red), part(color.green, ground.green),
      part(color.blue, ground.blue))
  }

  // MARK: Drawing

  /// The title on the first row, the curves with their scale at the left, the steps on the last.
  private func draw(_ chart: Chart, _ frame: Frame, in canvas: inout CellPicture) {
    let gutter = max(6, chart.top.count, chart.bottom.count) + 1
    let isFramed = frame.rows >= 4
    var plot = frame
    plot.column += gutter
    plot.columns -= gutter
    if isFramed {
      plot.row += 1
      plot.rows -= 2
    }
    guard plot.rows > 0, plot.columns > 1 else { return }
    if let drawn = drawn(chart, columns: plot.columns, rows: plot.rows) {
      canvas.put(drawn, row: plot.row, column: plot.column)
    }
    for (text, row) in [(chart.top, plot.row), (chart.bottom, plot.row + plot.rows - 1)] {
      put(
        text, row: row, column: frame.column + gutter - 1 - text.count, color: Ink.faint,
        in: &canvas)
    }
    guard isFramed else { return }
    var column = plot.column
    for part in chart.title {
      put(
        String(part.text.prefix(max(0, frame.column + frame.columns - column))), row: frame.row,
        column: column, color: part.color, in: &canvas)
      column += part.text.count + 2
    }
    drawSteps(plot, in: &canvas)
  }

  private func drawSteps(_ plot: Frame, in canvas: inout CellPicture) {
    let curve = history.curve.points
    guard let first = history.firstStep, let last = curve.last?.step, last > first else { return }
    let row = plot.row + plot.rows
    let (left, right) = ("\(first)", "\(last)")
    guard plot.columns > left.count + right.count + 2 else { return }
    put(left, row: row, column: plot.column, color: Ink.faint, in: &canvas)
    put(
      right, row: row, column: plot.column + plot.columns - right.count, color: Ink.faint,
      in: &canvas)
  }

  private func drawn(_ chart: Chart, columns: Int, rows: Int) -> CellPicture? {
    // A character of the ramp is one pixel; a cell of blocks is matched to eight by eight.
    let scale = cells.symbols == .ascii ? 1 : 8
    let picture = LineChart(chart.curves, background: ground)
    guard let bitmap = try? picture.bitmap(width: columns * scale, height: rows * scale) else {
      return nil
    }
    return try? cells.stretch(bitmap, columns: columns, rows: rows)
  }
}
