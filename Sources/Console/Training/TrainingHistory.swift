import Training

/// What a live view remembers of a run: its course, and the latest report whole.
package struct TrainingHistory: Sendable {
  package private(set) var firstStep: Int?
  package private(set) var last: TrainingReport?
  package private(set) var curve = LearningCurve()

  package init() {}

  package mutating func append(_ report: TrainingReport) {
    firstStep = firstStep ?? report.step
    last = report
    curve.append(report)
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
