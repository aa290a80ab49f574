/// The course of a run so far, thinned out as it grows: what a curve is drawn from.
package struct LearningCurve: Sendable, Codable, Equatable {
  /// Some steps, each standing for those since the point before.
  package struct Point: Sendable, Codable, Equatable {
    package var step: Int
    /// Means over those steps.
    package var loss: Double
    package var accuracy: Double
    package var learningRate: Double
    package var logitScale: Double
  }

  package private(set) var points: [Point] = []
  package private(set) var heldOut: [HeldOutAccuracy] = []
  /// Steps that one point stands for.
  private var stride = 1
  /// Steps since the last point, and their sums.
  private var pending = 0
  private var lossSum = 0.0
  private var accuracySum = 0.0

  private static let limit = 400

  package init() {}

  mutating func add(_ report: TrainingReport) {
    pending += 1
    lossSum += report.loss
    accuracySum += report.batchAccuracy
    guard pending >= stride else { return }
    points.append(
      Point(
        step: report.step, loss: lossSum / Double(pending),
        accuracy: accuracySum / Double(pending), learningRate: report.learningRate,
        logitScale: report.logitScale))
    (pending, lossSum, accuracySum) = (0, 0, 0)
    if points.count > LearningCurve.limit { halve() }
  }

  mutating func add(_ accuracy: HeldOutAccuracy) { heldOut.append(accuracy) }

  /// Two points become one.
  private mutating func halve() {
    stride *= 2
    points = Swift.stride(from: 1, to: points.count, by: 2).map { index in
      var point = points[index]
      point.loss = (point.loss + points[index - 1].loss) / 2
      point.accuracy = (point.accuracy + points[index - 1].accuracy) / 2
      return point
    }
  }
}
