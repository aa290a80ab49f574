import Tensors

/// What attention analysis does with probabilities `[1, heads, T, T]` of each layer.
enum AttentionMaps {
  /// One `[T, T]` map of a layer's heads.
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
    let (heads, size) = (maps[0].probabilities.shape[1], maps[0].probabilities.shape[2])
    var relevance = identity(size, in: context)
    for (probabilities, gradient) in maps {
      let weighted = context.zeros([size, size])
      for head in 0..<heads {
        let start = head * size * size
        for i in 0..<size * size {
          let product = probabilities.floats[start + i] * gradient.floats[start + i]
          weighted.floats[i] += max(0, product) / Float(heads)
        }
      }
      relevance = try context.add(relevance, try context.product(weighted, relevance))
    }
    return relevance
  }

  static func identity(_ size: Int, in context: ExecutionContext) -> Tensor {
    let matrix = context.zeros([size, size])
    for i in 0..<size { matrix.floats[i * size + i] = 1 }
    return matrix
  }
}
