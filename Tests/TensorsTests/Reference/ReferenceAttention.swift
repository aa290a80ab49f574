extension Reference {
  /// The lengths of one attention: `q [B, T, H, D]`, `k` and `v [B, S, H, D]`.
  struct AttentionShape: CustomStringConvertible {
    var batch = 1
    var queries: Int
    var keys: Int
    var heads = 1
    var width: Int

    var description: String { "B\(batch) T\(queries) S\(keys) H\(heads) D\(width)" }
  }

  /// softmax(scale q·k + mask) v and the probabilities `[B, H, T, S]`; `mask(b, t, s)` is added,
  /// a query that sees nothing gets zeros.
  static func attention<T: ReferenceNumber>(
    _ q: [T], _ k: [T], _ v: [T], _ shape: AttentionShape, scale: T,
    mask: (_ b: Int, _ t: Int, _ s: Int) -> T = { _, _, _ in 0 }
  ) -> (output: [T], probabilities: [T]) {
    let (heads, width, keys) = (shape.heads, shape.width, shape.keys)
    var output = [T](repeating: 0, count: shape.batch * shape.queries * heads * width)
    var probabilities: [T] = []
    for b in 0..<shape.batch {
      for h in 0..<heads {
        for t in 0..<shape.queries {
          let query = ((b * shape.queries + t) * heads + h) * width
          let scores = (0..<keys).map { s -> T in
            let key = ((b * keys + s) * heads + h) * width
            let product = (0..<width).reduce(0) { $0 + q[query + $1] * k[key + $1] }
            return product * scale + mask(b, t, s)
          }
          let weights = softmax(scores, width: keys)
          probabilities += weights
          for s in 0..<keys {
            let key = ((b * keys + s) * heads + h) * width
            for d in 0..<width { output[query + d] += weights[s] * v[key + d] }
          }
        }
      }
    }
    return (output, probabilities)
  }

  /// softmax(scale x + mask) by row of `width`; a row of −∞ becomes zeros.
  static func softmax<T: ReferenceNumber>(
    _ x: [T], mask: [T]? = nil, width: Int, scale: T = 1
  ) -> [T] {
    var y: [T] = []
    for row in 0..<(width == 0 ? 0 : x.count / width) {
      let scores = (0..<width).map { i in
        x[row * width + i] * scale + (mask.map { $0[(row * width + i) % $0.count] } ?? 0)
      }
      let greatest = scores.max() ?? 0
      let powers = scores.map { greatest == -.infinity ? 0 : T.exponential($0 - greatest) }
      let sum = powers.reduce(0, +)
      y += powers.map { sum > 0 ? $0 / sum : 0 }
    }
    return y
  }

  /// Pairs channel i with i + R/2 of the first R channels: y = x cos + [−x₂, x₁] sin.
  static func rotated<T: ReferenceNumber>(
    _ x: [T], cosines: [T], sines: [T], positions: Int, heads: Int, width: Int
  ) -> [T] {
    let half = cosines.count / positions
    var y = x
    for vector in 0..<x.count / width {
      let position = vector / heads % positions
      for i in 0..<half {
        let (a, b) = (x[vector * width + i], x[vector * width + half + i])
        let (c, s) = (cosines[position * half + i], sines[position * half + i])
        y[vector * width + i] = a * c - b * s
        y[vector * width + half + i] = b * c + a * s
      }
    }
    return y
  }
}
