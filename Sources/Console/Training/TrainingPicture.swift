import Media
import Pictures
import Training

/// A run as one looks at it: its curves, its numbers, and which picture resembles which text.
///
/// Drawn in whatever the cells can show, down to ASCII without colours; the numbers have the
/// colours of their curves.
package struct TrainingPicture: Sendable {
  let history: TrainingHistory
  let cells: CellRenderer

  package init(_ history: TrainingHistory, cells: CellRenderer) {
    self.history = history
    self.cells = cells
  }

  /// A part of the canvas.
  struct Frame {
    var row, column, rows, columns: Int
  }

  enum Ink {
    static let loss = RGB(0x1e, 0xd2, 0xff)
    static let batch = RGB(0x3c, 0xdc, 0x5a)
    static let heldOut = RGB(0xff, 0xd7, 0x5f)
    static let faint = RGB(0x8a, 0x8a, 0x8a)
  }

  /// What curves are drawn on: nearly black, where there are colours between.
  var ground: RGB { hasShades ? RGB(0x12, 0x12, 0x1c) : RGB(0, 0, 0) }

  /// Whether a tint is a tint, and not another colour altogether.
  var hasShades: Bool {
    cells.symbols != .ascii && (cells.colors == .trueColor || cells.colors == .indexed256)
  }

  static let numberColumns = 22
  /// Narrower than this, numbers would leave no room for anything else.
  private static let narrowest = 36

  /// The run within a number of columns and rows. What has no room is left out.
  package func draw(columns: Int, rows: Int) -> CellPicture {
    let columns = min(CellRenderer.canvasLimit, columns)
    let rows = min(CellRenderer.canvasLimit, rows)
    var canvas = CellPicture(columns: columns, rows: rows)
    guard let report = history.last else { return canvas }
    put(header(report, columns: columns), row: 0, column: 0, in: &canvas)
    let body = Frame(row: 1, column: 0, rows: max(0, rows - 1), columns: max(0, columns))
    if columns >= 3 * rows {
      drawWide(report, body, in: &canvas)
    } else {
      drawTall(report, body, in: &canvas)
    }
    return canvas
  }

  /// Curves, matrix and numbers side by side.
  private func drawWide(_ report: TrainingReport, _ body: Frame, in canvas: inout CellPicture) {
    var rest = body
    if body.columns >= 3 * Self.numberColumns {
      rest.columns -= Self.numberColumns + 1
      var numbers = body
      numbers.column = rest.columns + 1
      numbers.columns = Self.numberColumns
      draw(numbers: report, numbers, in: &canvas)
    }
    let size = matrixSize(
      report.similaritySide, columns: rest.columns / 2, rows: rest.rows - 1)
    if let size {
      rest.columns -= size.columns + 1
      var matrix = rest
      matrix.column = rest.columns + 1
      matrix.columns = size.columns
      draw(matrix: report, size, matrix, in: &canvas)
    }
    drawCharts(rest, in: &canvas)
  }

  /// Curves above, matrix and numbers below.
  private func drawTall(_ report: TrainingReport, _ body: Frame, in canvas: inout CellPicture) {
    let hasNumbers = body.columns >= Self.narrowest
    let size = matrixSize(
      report.similaritySide,
      columns: body.columns - (hasNumbers ? Self.numberColumns + 1 : 0), rows: body.rows * 3 / 5 - 1)
    let needed = max((size?.rows ?? -1) + 1, hasNumbers ? numbers(report).count : 0)
    var (above, below) = (body, body)
    below.rows = min(needed, body.rows * 3 / 5)
    above.rows -= below.rows
    below.row += above.rows
    drawCharts(above, in: &canvas)
    if let size { draw(matrix: report, size, below, in: &canvas) }
    guard hasNumbers else { return }
    below.column = body.columns - Self.numberColumns
    below.columns = Self.numberColumns
    draw(numbers: report, below, in: &canvas)
  }

  // MARK: Words

  /// Writes a text in a colour as far as there are colours, in ASCII where that is all there is.
  func put(
    _ text: String, row: Int, column: Int, color: RGB? = nil, in canvas: inout CellPicture
  ) {
    let text = cells.symbols == .ascii ? text.replacing("×", with: "x") : text
    canvas.put(text, row: row, column: column, color: color.flatMap { cells.colors.quantised($0) })
  }

  /// As much as fits of where the run is.
  private func header(_ report: TrainingReport, columns: Int) -> String {
    let share = Double(report.step) / Double(max(1, report.steps))
    let parts = [
      TrainingText.place(report), "\(Format.decimal(share * 100, 0)) %",
      TrainingText.timeLeft(report), "epoch \(Format.decimal(report.epoch, 1))",
    ]
    let counts = (1...parts.count).map { parts[..<$0].joined(separator: "  ") }
    return counts.last { $0.count <= columns } ?? counts[0]
  }

  private struct Number {
    let name: String
    let value: String
    var color: RGB?
  }

  /// The most important first: those at the end have no room in a small pane.
  private func numbers(_ report: TrainingReport) -> [Number] {
    var numbers = [
      Number(name: "loss", value: Format.decimal(report.loss, 4), color: Ink.loss),
      Number(
        name: "right in batch", value: TrainingText.percent(report.batchAccuracy), color: Ink.batch),
    ]
    if let found = report.heldOut {
      numbers += [
        Number(name: "held out", value: TrainingText.percent(found.top1), color: Ink.heldOut),
        Number(name: "  first five", value: TrainingText.percent(found.top5)),
      ]
    }
    numbers += [
      Number(name: "temperature", value: TrainingText.temperature(report)),
      Number(name: "learning rate", value: Format.scientific(report.learningRate)),
      Number(name: "pairs/s", value: Format.decimal(report.pairsPerSecond, 0)),
      Number(name: "gradient", value: Format.decimal(report.gradientNorm, 3)),
    ]
    if report.skippedFiles > 0 {
      numbers.append(Number(name: "skipped files", value: "\(report.skippedFiles)"))
    }
    for (name, language) in (report.heldOut?.byLanguage ?? [:]).sorted(by: { $0.key < $1.key }) {
      numbers.append(Number(name: "  \(name)", value: TrainingText.percent(language.top1)))
    }
    return numbers
  }

  private func draw(numbers report: TrainingReport, _ frame: Frame, in canvas: inout CellPicture) {
    for (index, number) in numbers(report).prefix(max(0, frame.rows)).enumerated() {
      let row = frame.row + index
      let room = frame.columns - number.value.count - 1
      put(
        String(number.name.prefix(max(0, room))), row: row, column: frame.column,
        color: number.color ?? Ink.faint, in: &canvas)
      put(
        number.value, row: row, column: frame.column + frame.columns - number.value.count,
        in: &canvas)
    }
  }
}
