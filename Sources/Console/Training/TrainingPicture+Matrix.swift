import Pictures
import Training

/// The cosines of the batch's pictures, down, with its texts, across: at first noise, later a
/// bright diagonal.
extension TrainingPicture {
  /// How many pairs are shown, and what they take.
  struct MatrixSize: Equatable {
    var pairs: Int
    var columns: Int
    var rows: Int
  }

  /// Half blocks tell two pairs in a cell apart by their colours. Without colours, or without
  /// blocks, a pair takes two columns of a row. Either way it looks square.
  private var hasHalves: Bool { cells.symbols != .ascii && cells.colors != .monochrome }

  /// As many pairs as fit, each as large as fits in whole cells or half cells; nil where not even
  /// two do.
  func matrixSize(_ side: Int, columns: Int, rows: Int) -> MatrixSize? {
    let room = hasHalves ? min(columns, 2 * rows) : min(columns / 2, rows)
    guard side >= 2, room >= 2 else { return nil }
    var scale = max(1, room / side)
    // Rather a few pairs less, each larger, than half of the room left empty.
    if room / (scale + 1) >= side * 3 / 4 { scale += 1 }
    var pairs = min(side, room / scale)
    // An odd number of halves would cut a cell.
    if hasHalves, scale * pairs % 2 == 1 { pairs -= 1 }
    guard pairs >= 2 else { return nil }
    let length = scale * pairs
    return hasHalves
      ? MatrixSize(pairs: pairs, columns: length, rows: length / 2)
      : MatrixSize(pairs: pairs, columns: 2 * length, rows: length)
  }

  func draw(
    matrix report: TrainingReport, _ size: MatrixSize, _ frame: Frame,
    in canvas: inout CellPicture
  ) {
    let title = size.columns >= 16 ? "pictures × texts" : "pairs"
    put(title, row: frame.row, column: frame.column, color: Ink.faint, in: &canvas)
    let scale = size.columns / size.pairs / (hasHalves ? 1 : 2)
    guard let map = TrainingPicture.matrix(of: report, pairs: size.pairs, scale: scale) else {
      return
    }
    let drawn = hasHalves ? map.halfBlocks(colors: cells.colors) : map.cells(colors: cells.colors)
    canvas.put(drawn, row: frame.row + 1, column: frame.column)
  }

  /// The first pairs' cosines, each row from its picture's least, 0, to its greatest, 1.
  ///
  /// - Parameter scale: rows and columns that a pair takes.
  static func matrix(of report: TrainingReport, pairs: Int, scale: Int = 1) -> HeatMap? {
    let side = report.similaritySide
    guard pairs > 0, pairs <= side, scale > 0, report.similarities.count == side * side else {
      return nil
    }
    let weights = (0..<pairs).flatMap { row -> [Float] in
      let cosines = report.similarities[row * side..<row * side + pairs]
        .map { $0.isFinite ? $0 : 0 }
      let low = cosines.min() ?? 0
      let range = (cosines.max() ?? 0) - low
      let line = cosines.flatMap { cosine -> [Float] in
        let share = range > 0 ? (cosine - low) / range : 0
        // Squared: what resembles a little stays dark, and what belongs together stands out.
        return [Float](repeating: share * share, count: scale)
      }
      return (0..<scale).flatMap { _ in line }
    }
    return try? HeatMap(rows: pairs * scale, columns: pairs * scale, weights: weights)
  }
}
