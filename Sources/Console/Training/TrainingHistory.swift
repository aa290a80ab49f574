import Training

/// The course of a run, however long, in a bounded number of points.
package struct TrainingHistory: Sendable {
  /// One or several steps.
  package struct Point: Sendable, Equatable {
    /// The last of them.
    package var step: Int
    /// Means over them.
    package var loss: Double
    package var batchAccuracy: Double
  }

  /// Points at most: more than a pane has columns.
  package static let limit = 400

  package private(set) var firstStep: Int?
  package private(set) var last: TrainingReport?
  /// Every measurement on held-out pictures, or every other one, and so on.
  package private(set) var heldOut: [HeldOutAccuracy] = []
  private var points: [Point] = []
  /// Steps that a point stands for.
  private var stride = 1
  /// The steps since the last point.
  private var open: [Point] = []

  package init() {}

  package mutating func append(_ report: TrainingReport) {
    firstStep = firstStep ?? report.step
    last = report
    if let found = report.heldOut, heldOut.last?.step != found.step {
      if heldOut.count == Self.limit {
        heldOut = heldOut.indices.filter { $0 % 2 == 1 }.map { heldOut[$0] }
      }
      heldOut.append(found)
    }
    guard report.loss.isFinite, report.batchAccuracy.isFinite else { return }
    open.append(
      Point(step: report.step, loss: report.loss, batchAccuracy: report.batchAccuracy))
    guard open.count == stride else { return }
    points.append(Self.mean(open))
    open.removeAll(keepingCapacity: true)
    if points.count == Self.limit {
      // Neighbours become one, so that the curve keeps its beginning.
      points = Swift.stride(from: 0, to: Self.limit, by: 2).map { Self.mean(points[$0..<$0 + 2]) }
      stride *= 2
    }
  }

  /// The course so far, the latest step included.
  package var curve: [Point] { open.isEmpty ? points : points + [Self.mean(open)] }

  private static func mean(_ points: some Collection<Point>) -> Point {
    var sum = Point(step: 0, loss: 0, batchAccuracy: 0)
    for point in points {
      sum.step = point.step
      sum.loss += point.loss / Double(points.count)
      sum.batchAccuracy += point.batchAccuracy / Double(points.count)
    }
    return sum
  }

  /// The means of `values` over a twentieth of them to either side.
  static func smoothed(_ values: [Double]) -> [Double] {
    let reach = values.count / 20
    var sums = [0.0]
    for value in values { sums.append(sums[sums.count - 1] + value) }
    return values.indices.map { index in
      let (low, high) = (max(0, index - reach), min(values.count, index + reach + 1))
      return (sums[high] - sums[low]) / Double(high - low)
    }
  }
}
