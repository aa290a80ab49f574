import Media
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
    let scale = hasHalves ? 1 : size.rows / size.pairs
    guard
      let map = TrainingPicture.matrix(of: report, pairs: size.pairs, scale: scale),
      let drawn = hasHalves
        ? blocks(map, columns: size.columns, rows: size.rows) : map.cells(colors: cells.colors)
    else { return }
    canvas.put(drawn, row: frame.row + 1, column: frame.column)
  }

  private func blocks(_ map: HeatMap, columns: Int, rows: Int) -> CellPicture? {
    var renderer = cells
    renderer.symbols = .halfBlocks
    // A cell is matched to eight by eight pixels: with just as many nothing is blurred.
    guard
      let blank = try? Bitmap(
        width: columns * 8, height: rows * 8, channels: 1,
        pixels: [UInt8](repeating: 0, count: columns * rows * 64)),
      let bitmap = try? map.overlay(on: blank, style: HeatOverlay(scaling: .blocks, opacity: 1))
    else { return nil }
    return try? renderer.stretch(bitmap, columns: columns, rows: rows)
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
