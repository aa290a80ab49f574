import Foundation

/// A rectangle of whole rows and columns of a heat map, counted from 0.
package struct HeatRegion: Hashable, Sendable {
  package let rows: Range<Int>
  package let columns: Range<Int>
  /// The share of the map's mass inside, from 0 to 1.
  package let share: Double
}

extension HeatMap {
  /// The smallest rectangle of whole rows and columns that holds at least half of the mass, or nil
  /// when there is no mass.
  ///
  /// Mass is the sum of the positive weights. Of rectangles with equally few positions the one
  /// with the most mass wins, then the topmost, then the leftmost.
  ///
  /// For each range of rows a window slides over the columns, so the cost is rows² × columns.
  package var focus: HeatRegion? {
    let total = weights.reduce(0.0) { $0 + Double(max(0, $1)) }
    guard total > 0 else { return nil }
    // A hair less than half, lest the order of additions decide about an exact half.
    let half = total * (0.5 - 1e-9)
    var best: (rows: Range<Int>, columns: Range<Int>, mass: Double)?
    for top in 0..<rows {
      var sums = [Double](repeating: 0, count: columns)
      for bottom in top..<rows {
        for column in 0..<columns { sums[column] += Double(max(0, self[bottom, column])) }
        guard let window = shortestWindow(in: sums, holding: half) else { continue }
        let candidate = (rows: top..<bottom + 1, columns: window.columns, mass: window.mass)
        if let current = best {
          let size = candidate.rows.count * candidate.columns.count
          let currentSize = current.rows.count * current.columns.count
          let heavier = candidate.mass > current.mass + total * 1e-9
          guard size < currentSize || (size == currentSize && heavier) else { continue }
        }
        best = candidate
      }
    }
    return best.map { HeatRegion(rows: $0.rows, columns: $0.columns, share: $0.mass / total) }
  }

  /// The shortest run of `sums` with at least `least`; of equally short ones the heaviest, then
  /// the first.
  private func shortestWindow(
    in sums: [Double], holding least: Double
  ) -> (columns: Range<Int>, mass: Double)? {
    var best: (columns: Range<Int>, mass: Double)?
    var start = 0
    var mass = 0.0
    for end in sums.indices {
      mass += sums[end]
      while start < end, mass - sums[start] >= least {
        mass -= sums[start]
        start += 1
      }
      guard mass >= least else { continue }
      let length = end + 1 - start
      if let current = best {
        let heavier = mass > current.mass * (1 + 1e-9)
        guard length < current.columns.count || (length == current.columns.count && heavier) else {
          continue
        }
      }
      best = (start..<end + 1, mass)
    }
    return best
  }

  /// The map in words: `62 % in rows 2–4, columns 5–7; peak 0.18 at (3,6)`.
  ///
  /// The rectangle is ``focus``, the percentage its share of the map's own mass (what lies outside
  /// the map is reported elsewhere), the peak the largest weight as it is. Rows and columns count
  /// from 1, rows first.
  package var sentence: String {
    let peak = self.peak
    guard let focus else {
      return "no positive weight; peak \(Self.short(peak.weight)) at \(place(peak))"
    }
    let percent = Int((focus.share * 100).rounded())
    let rows = Self.interval("row", focus.rows)
    let columns = Self.interval("column", focus.columns)
    return "\(percent) % in \(rows), \(columns); peak \(Self.short(peak.weight)) at \(place(peak))"
  }

  private func place(_ peak: (row: Int, column: Int, weight: Float)) -> String {
    "(\(peak.row + 1),\(peak.column + 1))"
  }

  private static func interval(_ noun: String, _ range: Range<Int>) -> String {
    range.count == 1
      ? "\(noun) \(range.upperBound)" : "\(noun)s \(range.lowerBound + 1)–\(range.upperBound)"
  }

  /// A weight with two significant digits, without trailing zeros beyond them.
  static func short(_ value: Float) -> String {
    value == 0 ? "0" : String(format: "%.2g", value)
  }
}
