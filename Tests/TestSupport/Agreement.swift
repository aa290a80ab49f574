import Testing

/// The project's measure of parity: max|actual − expected| within 3e-5 of max|expected|.
package func expectAgreement(
  _ actual: [Float], _ expected: [Float], tolerance: Float = 3e-5, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what): \(actual.count) values, \(expected.count) expected", sourceLocation: sourceLocation)
    return
  }
  var greatest: Float = 0
  var worst: (difference: Float, index: Int) = (0, 0)
  // Values below -1e30 stand for masked scores, which implementations choose freely.
  for (index, (a, e)) in zip(actual, expected).enumerated() where e > -1e30 {
    greatest = max(greatest, e.magnitude)
    let difference = (a - e).magnitude
    if difference > worst.difference || difference.isNaN { worst = (difference, index) }
    if difference.isNaN { break }
  }
  #expect(
    worst.difference <= tolerance * greatest,
    "\(what)[\(worst.index)]: \(actual[worst.index]), expected \(expected[worst.index])",
    sourceLocation: sourceLocation)
}
