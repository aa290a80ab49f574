import Tensors

extension Reference {
  /// `[H, W, D]` at the points of another grid, each output summed over all input points with
  /// the product of two one-dimensional weights.
  static func resized<T: ReferenceNumber>(
    _ x: [T], rows: Int, columns: Int, height: Int, width: Int, _ filter: GridFilter
  ) -> [T] {
    let depth = x.count / (rows * columns)
    var y = [T](repeating: 0, count: height * width * depth)
    for v in 0..<height {
      for u in 0..<width {
        for row in 0..<rows {
          for column in 0..<columns {
            let weight: T =
              gridWeight(filter, output: v, input: row, from: rows, to: height)
              * gridWeight(filter, output: u, input: column, from: columns, to: width)
            for d in 0..<depth {
              y[(v * width + u) * depth + d] += weight * x[(row * columns + column) * depth + d]
            }
          }
        }
      }
    }
    return y
  }

  /// How much output point `output` takes of input point `input`.
  private static func gridWeight<T: ReferenceNumber>(
    _ filter: GridFilter, output: Int, input: Int, from: Int, to: Int
  ) -> T {
    let scale = T(from) / T(to)
    let centre = (T(output) + T(0.5)) * scale - T(0.5)
    switch filter {
    case .bilinearAntialiased:
      let reach = max(1, scale)
      func triangle(_ i: Int) -> T { max(0, 1 - abs(T(i) - centre) / reach) }
      return triangle(input) / (0..<from).reduce(0) { $0 + triangle($1) }
    case .bilinear:
      return taps(around: max(0, centre), 2, input, from) { max(0, 1 - abs($0)) }
    case .bicubic:
      return taps(around: centre, 4, input, from) { distance in
        let (x, a) = (abs(distance), T(-0.75))
        if x <= 1 { return (a + 2) * x * x * x - (a + 3) * x * x + 1 }
        return x < 2 ? a * (x * x * x - 5 * x * x + 8 * x - 4) : 0
      }
    }
  }

  /// The kernel summed over the points near `centre` that clamp to `input`.
  private static func taps<T: ReferenceNumber>(
    around centre: T, _ count: Int, _ input: Int, _ length: Int, _ kernel: (T) -> T
  ) -> T {
    let first = Int(centre.rounded(.down)) - (count / 2 - 1)
    return (first..<first + count).reduce(0) { sum, point in
      min(max(0, point), length - 1) == input ? sum + kernel(T(point) - centre) : sum
    }
  }
}
