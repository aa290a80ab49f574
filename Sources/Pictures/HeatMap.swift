/// Weights over a grid of positions, such as the attention that image patches receive.
package struct HeatMap: Hashable, Sendable {
  package let rows: Int
  package let columns: Int
  /// `rows` × `columns`, rows from the top.
  package let weights: [Float]

  /// The most rows or columns of a map.
  package static let sideLimit = 512

  /// Weights that are not finite count as 0 everywhere; negative ones (an occlusion map has them)
  /// are drawn but have no mass.
  package init(rows: Int, columns: Int, weights: [Float]) throws(PictureError) {
    guard rows > 0, columns > 0 else {
      throw .malformedHeatMap(rows: rows, columns: columns, weights: weights.count)
    }
    guard rows <= Self.sideLimit, columns <= Self.sideLimit else {
      throw .heatMapSize(rows: rows, columns: columns, limit: Self.sideLimit)
    }
    guard weights.count == rows * columns else {
      throw .malformedHeatMap(rows: rows, columns: columns, weights: weights.count)
    }
    self.rows = rows
    self.columns = columns
    self.weights = weights.map { $0.isFinite ? $0 : 0 }
  }

  package subscript(row: Int, column: Int) -> Float { weights[row * columns + column] }

  /// The largest weight and where it is (the first of equals), counted from 0.
  package var peak: (row: Int, column: Int, weight: Float) {
    var best = 0
    for index in weights.indices where weights[index] > weights[best] { best = index }
    return (best / columns, best % columns, weights[best])
  }

  /// The weights stretched so that the smallest is 0 and the largest 1; all 0 for a flat map.
  package var normalised: [Float] {
    let low = weights.min() ?? 0
    let range = (weights.max() ?? 0) - low
    guard range > 0, range.isFinite else { return weights.map { _ in 0 } }
    return weights.map { ($0 - low) / range }
  }
}
