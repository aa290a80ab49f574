#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The interpolation of a resize. Raw values are Pillow's, as checkpoints store them.
package enum ResampleFilter: Int, Sendable, CaseIterable {
  case nearest = 0
  case lanczos, bilinear, bicubic, box, hamming

  package var name: String { String(describing: self) }

  /// Half the width of the kernel, in source pixels of a picture that is not shrunk.
  var support: Double {
    switch self {
    case .nearest, .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The kernel at a distance `x` from its centre.
  func weight(_ x: Double) -> Double {
    switch self {
    case .nearest, .box:
      return x > -0.5 && x <= 0.5 ? 1 : 0
    case .bilinear:
      return max(1 - abs(x), 0)
    case .bicubic:
      return Self.cubic(abs(x))
    case .lanczos:
      return x >= -3 && x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
    case .hamming:
      // The window's constants are single precision in the reference.
      guard x != 0 else { return 1 }
      guard abs(x) < 1 else { return 0 }
      let angle = abs(x) * .pi
      return sin(angle) / angle * (Double(0.54 as Float) + Double(0.46 as Float) * cos(angle))
    }
  }

  /// Keys' cubic convolution kernel (1981) with a = -1/2.
  private static func cubic(_ x: Double) -> Double {
    let a = -0.5
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }

  private static func sinc(_ x: Double) -> Double {
    x == 0 ? 1 : sin(x * .pi) / (x * .pi)
  }
}

/// How one axis is resized: for every output, which source pixels count and how much.
///
/// The recipe is Pillow's, to the bit: weights are computed in double precision, normalised by
/// their sum, and rounded half away from zero to integers with 22 fractional bits.
struct ResampleAxis {
  let source: Int
  let target: Int
  let filter: ResampleFilter
  private let scale: Double
  private let filterScale: Double
  private let reach: Double

  /// Fractional bits of a weight: 32, less 8 for the result, less 2 for negative lobes and sums
  /// above one.
  static let precision: Int32 = 22

  init(source: Int, target: Int, filter: ResampleFilter) {
    self.source = source
    self.target = target
    self.filter = filter
    scale = Double(source) / Double(target)
    filterScale = max(scale, 1)
    reach = filter.support * filterScale
  }

  var isIdentity: Bool { source == target }

  /// The source pixels that output `index` is made of.
  func sources(of index: Int) -> Range<Int> {
    let center = (Double(index) + 0.5) * scale
    let first = max(Int(center - reach + 0.5), 0)
    return first..<max(first, min(Int(center + reach + 0.5), source))
  }

  /// The source pixels that any of these outputs is made of. If nothing is to be done on this
  /// axis, the outputs themselves.
  func sources(of outputs: Range<Int>) -> Range<Int> {
    guard !isIdentity else { return outputs }
    let (first, last) = (sources(of: outputs.lowerBound), sources(of: outputs.upperBound - 1))
    return first.lowerBound..<last.upperBound
  }

  /// Appends the weights of output `index`, one for each of its sources.
  func appendWeights(of index: Int, to weights: inout [Int32]) {
    let center = (Double(index) + 0.5) * scale
    let inverse = 1 / filterScale
    let sources = sources(of: index)
    var sum = 0.0
    for place in sources { sum += filter.weight((Double(place) - center + 0.5) * inverse) }
    for place in sources {
      var weight = filter.weight((Double(place) - center + 0.5) * inverse)
      if sum != 0 { weight /= sum }
      let scaled = weight * Double(1 << Self.precision)
      weights.append(Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5))
    }
  }

  /// The nearest source pixel of every output in a range, nil where there is none.
  ///
  /// Positions add up step by step, as in the reference; rounding errors are part of the result.
  func nearest(of outputs: Range<Int>) -> [Int?] {
    var position = scale * 0.5
    var found: [Int?] = []
    found.reserveCapacity(outputs.count)
    for index in 0..<outputs.upperBound {
      if index >= outputs.lowerBound {
        found.append(position < Double(source) ? Int(position) : nil)
      }
      position += scale
    }
    return found
  }
}
