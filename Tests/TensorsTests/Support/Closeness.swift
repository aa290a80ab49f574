import Testing

/// Expects every cell within its tolerance, and reports the worst one alone.
func expectClose(
  _ actual: [Float], _ expected: [Double], _ what: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation, tolerance: (Int) -> Double
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what()): \(actual.count) values, \(expected.count) expected", sourceLocation: sourceLocation)
    return
  }
  var worst = (excess: 0.0, cell: -1)
  for cell in actual.indices {
    let (a, e) = (Double(actual[cell]), expected[cell])
    // Equal infinities and two NaN agree; anything else that is not finite does not.
    if a == e || (a.isNaN && e.isNaN) { continue }
    let excess = abs(a - e) / tolerance(cell)
    if !(excess <= worst.excess) { worst = (excess.isNaN ? .infinity : excess, cell) }
  }
  guard worst.excess > 1 else { return }
  Issue.record(
    """
    \(what()): cell \(worst.cell) is \(actual[worst.cell]), \(expected[worst.cell]) expected, \
    \(worst.excess) times the tolerance
    """, sourceLocation: sourceLocation)
}

/// Expects agreement relative to the greatest expected magnitude.
func expectClose(
  _ actual: [Float], _ expected: [Double], relative: Double, _ what: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let scale = expected.reduce(0) { max($0, $1.isFinite ? abs($1) : 0) }
  expectClose(actual, expected, what(), sourceLocation: sourceLocation) { _ in
    max(relative * scale, .leastNonzeroMagnitude)
  }
}

extension [Float] {
  var doubles: [Double] { map(Double.init) }
}

/// Units in the last place between a result and the exact value.
func ulps(_ actual: Float, _ exact: Double) -> Double {
  let rounded = Float(exact)
  if actual == rounded || (actual.isNaN && exact.isNaN) { return 0 }
  guard actual.isFinite, rounded.isFinite else { return .infinity }
  return abs(Double(actual) - exact) / Double(max(rounded.ulp, .leastNormalMagnitude.ulp))
}
