import Foundation

/// What lies behind transparent pixels and beyond the picture's edge: colours in 0...1 of an
/// `S`-sided square, in the first three lanes.
struct Backdrop {
  private let kind: Augmentation.Background
  private let side: Int
  /// Colours at the corners of `cells * cells` squares: `[cells + 1, cells + 1]`.
  private var corners: [SIMD4<Float>] = []

  private static let cells = 4

  init(_ kind: Augmentation.Background, side: Int) {
    self.kind = kind
    self.side = side
    guard case .noise(let seed) = kind else { return }
    var generator = SplitMix(seed: seed)
    let points = (Self.cells + 1) * (Self.cells + 1)
    corners = (0..<points).map { _ in SIMD4(generator.colour(), 1) }
  }

  /// Whether all rows are equal.
  var isUniform: Bool {
    switch kind {
    case .white, .flat: true
    case .gradient, .noise: false
    }
  }

  func fill(row: Int, into out: UnsafeMutablePointer<SIMD4<Float>>) {
    switch kind {
    case .white: (out).update(repeating: SIMD4(repeating: 1), count: side)
    case .flat(let colour): out.update(repeating: SIMD4(colour, 1), count: side)
    case .gradient(let from, let to, let angle): fill(row: row, from, to, angle: angle, into: out)
    case .noise: fillNoise(row: row, into: out)
    }
  }

  private func fill(
    row: Int, _ from: SIMD3<Float>, _ to: SIMD3<Float>, angle: Double,
    into out: UnsafeMutablePointer<SIMD4<Float>>
  ) {
    let (across, down) = (Float(cos(angle)), Float(sin(angle)))
    // The corners of the square in this direction are where the gradient begins and ends.
    let reach = (abs(across) + abs(down)) * Float(side)
    let (first, difference) = (SIMD4(from, 1), SIMD4(to - from, 0))
    let middle = Float(side - 1) / 2
    for column in 0..<side {
      let along = (Float(column) - middle) * across + (Float(row) - middle) * down
      out[column] = first + difference * (along / reach + 0.5)
    }
  }

  private func fillNoise(row: Int, into out: UnsafeMutablePointer<SIMD4<Float>>) {
    let (top, down) = Self.cell(of: row, side: side)
    let width = Self.cells + 1
    for column in 0..<side {
      let (left, across) = Self.cell(of: column, side: side)
      let place = top * width + left
      let above = corners[place] + (corners[place + 1] - corners[place]) * across
      let under = place + width
      let below = corners[under] + (corners[under + 1] - corners[under]) * across
      out[column] = above + (below - above) * down
    }
  }

  /// The cell that a pixel is in, and how far, eased so that no edges of cells show.
  private static func cell(of pixel: Int, side: Int) -> (index: Int, part: Float) {
    let place = (Float(pixel) + 0.5) * Float(cells) / Float(side)
    let index = min(Int(place), cells - 1)
    let part = place - Float(index)
    return (index, part * part * (3 - 2 * part))
  }
}
