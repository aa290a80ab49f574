import Tensors

/// What attention analysis does with probabilities `[1, heads, T, T]` of each layer, or
/// `[1, heads, 1, T]` of a pool.
enum AttentionMaps {
  /// One map of a layer's heads, `[T, T]` or `[1, T]`.
  static func combined(_ map: Tensor, _ choice: HeadChoice) -> [Float] {
    let (heads, size) = (map.shape[1], map.shape[2] * map.shape[3])
    let values = map.floats
    switch choice {
    case .index(let head):
      return Array(UnsafeBufferPointer(start: values + head * size, count: size))
    case .mean:
      return (0..<size).map { i in
        (0..<heads).reduce(Float(0)) { $0 + values[$1 * size + i] } / Float(heads)
      }
    case .max:
      return (0..<size).map { i in
        (0..<heads).reduce(-Float.infinity) { Swift.max($0, values[$1 * size + i]) }
      }
    }
  }

  /// R = A_L ⋯ A_1 with A = rownorm(mean over heads + I) (Abnar & Zuidema 2020).
  static func rollout(
    _ maps: [Tensor], head: HeadChoice, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let size = maps[0].shape[2]
    var product: Tensor?
    for map in maps {
      var mixed = combined(map, head)
      for row in 0..<size {
        mixed[row * size + row] += 1
        let sum = mixed[row * size..<(row + 1) * size].reduce(0, +)
        for column in 0..<size { mixed[row * size + column] /= sum }
      }
      let step = context.tensor(mixed, [size, size])
      product = try product.map { p throws(TensorError) in try context.product(step, p) } ?? step
    }
    return product ?? identity(size, in: context)
  }

  /// R ← R + Ā R with Ā = mean over heads of max(0, ∂s/∂A ⊙ A), from R = I (Chefer et al.
  /// 2021, equations 5 and 6).
  static func relevance(
    _ maps: [(probabilities: Tensor, gradient: Tensor)], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let size = maps[0].probabilities.shape[2]
    var relevance = identity(size, in: context)
    for map in maps {
      let step = context.tensor(weighted(map), [size, size])
      relevance = try context.add(relevance, try context.product(step, relevance))
    }
    return relevance
  }

  /// Ā: the mean over heads of max(0, ∂s/∂A ⊙ A), `[1, heads, T, S]` to `[T, S]`.
  static func weighted(_ map: (probabilities: Tensor, gradient: Tensor)) -> [Float] {
    let shape = map.probabilities.shape
    let (heads, size) = (shape[1], shape[2] * shape[3])
    let (values, slopes) = (map.probabilities.floats, map.gradient.floats)
    var weighted = [Float](repeating: 0, count: size)
    for head in 0..<heads {
      for i in 0..<size {
        let product = values[head * size + i] * slopes[head * size + i]
        weighted[i] += Swift.max(0, product) / Float(heads)
      }
    }
    return weighted
  }

  /// What relevance added to the identity, its rows brought to a sum of 1, and the identity again:
  /// how another query reads it (Chefer et al. 2021, equations 8 and 9).
  static func normalised(_ relevance: [Float], size: Int) -> [Float] {
    var values = relevance
    for row in 0..<size {
      let places = row * size..<(row + 1) * size
      values[places.lowerBound + row] -= 1
      let sum = values[places].reduce(0, +)
      if sum > 0 { for i in places { values[i] /= sum } }
      values[places.lowerBound + row] += 1
    }
    return values
  }

  /// What a query that gives these weights to the positions reads through a matrix `[T, T]`.
  static func row(_ weights: [Float], through matrix: [Float]) -> [Float] {
    let size = weights.count
    var row = [Float](repeating: 0, count: size)
    for (position, weight) in weights.enumerated() {
      for i in 0..<size { row[i] += weight * matrix[position * size + i] }
    }
    return row
  }

  /// Positions that most queries of `[T, T]` give far more than the others among `drawn`: what the
  /// median query gives them lies three standard deviations above the mean of that.
  ///
  /// Heads that have nothing to say park their attention there (Xiao et al. 2024, attention sinks;
  /// Darcet et al. 2024, patches that serve as registers): such weight tells nothing of what is seen.
  static func sinks(_ matrix: [Float], among drawn: Range<Int>, positions: Int) -> [Int] {
    let received = drawn.map { column in
      Double((0..<positions).map { matrix[$0 * positions + column] }.sorted()[positions / 2])
    }
    let count = Double(max(1, received.count))
    let mean = received.reduce(0, +) / count
    let variance = received.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let limit = mean + 3 * variance.squareRoot()
    return zip(drawn, received).filter { $0.1 > limit }.map(\.0)
  }

  static func identity(_ size: Int, in context: ExecutionContext) -> Tensor {
    let matrix = context.zeros([size, size])
    for i in 0..<size { matrix.floats[i * size + i] = 1 }
    return matrix
  }
}
