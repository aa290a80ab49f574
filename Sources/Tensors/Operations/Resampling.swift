/// How a grid of vectors is read between its points, as PyTorch's `interpolate` does with
/// `align_corners=False`.
package enum GridFilter: Sendable, CaseIterable {
  /// Cubic convolution (Keys 1981) with A = −0.75 over four points, edges repeated.
  case bicubic
  /// Between the two nearest points.
  case bilinear
  /// Between all points that a shrunken cell covers, weighted by a triangle.
  case bilinearAntialiased
}

/// The weights of one axis: output `o` is the sum of `weights[o]` over the input points from
/// `first[o]`. Points that several taps clamp to are listed once.
private struct AxisFilter {
  var first: [Int] = []
  var weights: [[Float]] = []
  let inputLength: Int

  init(_ filter: GridFilter, from inputLength: Int, to outputLength: Int) {
    self.inputLength = inputLength
    let scale = Double(inputLength) / Double(outputLength)
    for output in 0..<outputLength {
      let centre = (Double(output) + 0.5) * scale
      switch filter {
      case .bicubic: appendTaps(at: centre - 0.5, before: 1, AxisFilter.cubic)
      case .bilinear: appendTaps(at: max(0, centre - 0.5), before: 0) { [1 - $0, $0] }
      case .bilinearAntialiased: appendTriangle(at: centre, width: max(1, scale))
      }
    }
  }

  /// Keys's kernel at distances 1 + t, t, 1 − t and 2 − t.
  private static func cubic(_ t: Double) -> [Double] {
    let a = -0.75
    func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
    func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return [far(1 + t), near(t), near(1 - t), far(2 - t)]
  }

  private mutating func appendTaps(
    at position: Double, before: Int, _ kernel: (Double) -> [Double]
  ) {
    let floor = position.rounded(.down)
    let taps = kernel(position - floor)
    let indices = taps.indices.map { min(max(0, Int(floor) - before + $0), inputLength - 1) }
    var merged = [Double](repeating: 0, count: indices[indices.count - 1] - indices[0] + 1)
    for (index, tap) in zip(indices, taps) { merged[index - indices[0]] += tap }
    first.append(indices[0])
    weights.append(merged.map { Float($0) })
  }

  private mutating func appendTriangle(at centre: Double, width: Double) {
    let start = max(0, Int(centre - width + 0.5))
    let end = min(inputLength, Int(centre + width + 0.5))
    let taps = (start..<end).map { max(0, 1 - abs((Double($0) - centre + 0.5) / width)) }
    let sum = taps.reduce(0, +)
    first.append(start)
    weights.append(taps.map { Float($0 / sum) })
  }
}

extension ExecutionContext {
  /// `grid [H, W, D]`, a vector at each point such as a position table, read at the points of
  /// a grid of another size: `[height, width, D]`.
  ///
  /// - Throws: ``TensorError`` for other shapes or a size of zero, or when cancelled.
  package func resized(
    _ grid: Tensor, height: Int, width: Int, _ filter: GridFilter
  ) throws(TensorError) -> Tensor {
    guard grid.shape.rank == 3, grid.elementCount > 0, height > 0, width > 0 else {
      throw .shapes(
        operation: "resize", found: [grid.shape, [height, width]],
        expected: "[H, W, D] and a size of at least 1 × 1")
    }
    let (rows, columns) = (grid.shape[0], grid.shape[1])
    let across = AxisFilter(filter, from: columns, to: width)
    let down = AxisFilter(filter, from: rows, to: height)
    let depth = grid.shape[2]
    let wide = try filtered(grid, by: across, outer: rows, inner: depth)
    let y = try filtered(wide, by: down, outer: 1, inner: width * depth)
      .reshaped([height, width, depth])
    return recorded(y, from: [grid]) { gradient, context throws(TensorError) in
      let tall = try context.spread(gradient, by: down, outer: 1, inner: width * depth)
      let dx = try context.spread(tall, by: across, outer: rows, inner: depth)
      return [dx.reshaped([rows, columns, depth])]
    }
  }

  /// `[outer, L, inner]` to `[outer, L', inner]`.
  private func filtered(
    _ x: Tensor, by filter: AxisFilter, outer: Int, inner: Int
  ) throws(TensorError) -> Tensor {
    let input = try contiguous(x)
    let length = filter.first.count
    let y = empty([outer, length, inner])
    let mix = functions.scale_add
    let (from, to) = (input.floats, y.floats)
    try parallelRows(outer * length, width: inner) { range in
      for row in range {
        let source = from + (row / length * filter.inputLength + filter.first[row % length]) * inner
        for (index, weight) in filter.weights[row % length].enumerated() {
          mix(source + index * inner, weight, index == 0 ? 0 : 1, to + row * inner, Int64(inner))
        }
      }
    }
    withExtendedLifetime(input) {}
    return y
  }

  /// The transpose of ``filtered(_:by:outer:inner:)``: each output's gradient to its inputs.
  private func spread(
    _ gradient: Tensor, by filter: AxisFilter, outer: Int, inner: Int
  ) throws(TensorError) -> Tensor {
    let dy = try contiguous(gradient)
    let length = filter.first.count
    let dx = zeros([outer, filter.inputLength, inner])
    for row in 0..<outer * length {
      let target = row / length * filter.inputLength + filter.first[row % length]
      for (index, weight) in filter.weights[row % length].enumerated() {
        functions.scale_add(
          dy.floats + row * inner, weight, 1, dx.floats + (target + index) * inner, Int64(inner))
      }
    }
    return dx
  }
}
