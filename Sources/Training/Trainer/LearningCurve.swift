/// The course of a run, however long, in a bounded number of points.
package struct LearningCurve: Sendable, Codable, Equatable {
  /// One or several steps.
  package struct Point: Sendable, Codable, Equatable {
    /// The last of them.
    package var step: Int
    /// Means over them.
    package var loss: Double
    package var batchAccuracy: Double
    /// Of the last of them.
    package var learningRate: Double
    package var logitScale: Double
  }

  /// Points at most: more than a pane has columns.
  package static let limit = 400

  /// Every measurement on held-out pictures, or every other one, and so on.
  package private(set) var heldOut: [HeldOutAccuracy] = []
  private var closed: [Point] = []
  /// Steps that a point stands for.
  private var stride = 1
  /// The steps since the last point.
  private var open: [Point] = []

  package init() {}

  /// The course so far, the latest step included.
  package var points: [Point] { open.isEmpty ? closed : closed + [Self.mean(open)] }

  package mutating func append(_ report: TrainingReport) {
    if let found = report.heldOut { append(found) }
    guard report.loss.isFinite, report.batchAccuracy.isFinite else { return }
    open.append(
      Point(
        step: report.step, loss: report.loss, batchAccuracy: report.batchAccuracy,
        learningRate: report.learningRate, logitScale: report.logitScale))
    guard open.count == stride else { return }
    closed.append(Self.mean(open))
    open.removeAll(keepingCapacity: true)
    if closed.count == Self.limit {
      // Neighbours become one, so that the curve keeps its beginning.
      closed = Swift.stride(from: 0, to: Self.limit, by: 2).map { Self.mean(closed[$0..<$0 + 2]) }
      stride *= 2
    }
  }

  /// Adds a measurement, once.
  package mutating func append(_ found: HeldOutAccuracy) {
    guard heldOut.last?.step != found.step else { return }
    if heldOut.count == Self.limit {
      heldOut = heldOut.indices.filter { $0 % 2 == 1 }.map { heldOut[$0] }
    }
    heldOut.append(found)
  }

  private static func mean(_ points: some BidirectionalCollection<Point>) -> Point {
    guard var mean = points.last else {
      return Point(step: 0, loss: 0, batchAccuracy: 0, learningRate: 0, logitScale: 0)
    }
    let count = Double(points.count)
    mean.loss = points.reduce(0) { $0 + $1.loss / count }
    mean.batchAccuracy = points.reduce(0) { $0 + $1.batchAccuracy / count }
    return mean
  }
}

extension LearningCurve {
  /// Whether a run of so many steps can have had this course: what is read from a file may be
  /// anything.
  func isPossible(after step: Int) -> Bool {
    let steps = points.map(\.step)
    return closed.count < LearningCurve.limit && (1...1 << 40).contains(stride)
      && open.count < stride && steps.allSatisfy { (1...max(1, step)).contains($0) }
      && zip(steps, steps.dropFirst()).allSatisfy(<)
      && (closed + open).flatMap(\.numbers).allSatisfy { $0.magnitude < 1e50 }
      && heldOut.allSatisfy { $0.isPossible(after: step) }
  }
}

extension LearningCurve.Point {
  fileprivate var numbers: [Double] { [loss, batchAccuracy, learningRate, logitScale] }
}

extension HeldOutAccuracy {
  fileprivate func isPossible(after step: Int) -> Bool {
    let shares = [top1, top5] + byLanguage.values.flatMap { [$0.top1, $0.top5] }
    return (0...max(0, step)).contains(self.step) && pictures >= 0 && labels >= 0
      && shares.allSatisfy { (0...1).contains($0) }
  }
}
