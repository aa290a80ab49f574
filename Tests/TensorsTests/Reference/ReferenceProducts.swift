extension Reference {
  /// y[m][n] = Σ_k x[m][k] w[n][k] + b[n].
  static func linear<T: ReferenceNumber>(
    _ x: [T], _ weight: [T], bias: [T]? = nil, rows: Int, columns: Int, k: Int
  ) -> [T] {
    var y = [T](repeating: 0, count: rows * columns)
    for m in 0..<rows {
      for n in 0..<columns {
        var sum: T = 0
        for i in 0..<k { sum += x[m * k + i] * weight[n * k + i] }
        y[m * columns + n] = sum + (bias?[n] ?? 0)
      }
    }
    return y
  }

  /// y[m][n] = Σ_s a[m][s] b[s][n].
  static func product<T: ReferenceNumber>(
    _ a: [T], _ b: [T], rows: Int, terms: Int, columns: Int
  ) -> [T] {
    var y = [T](repeating: 0, count: rows * columns)
    for m in 0..<rows {
      for n in 0..<columns {
        for s in 0..<terms { y[m * columns + n] += a[m * terms + s] * b[s * columns + n] }
      }
    }
    return y
  }

  /// `[M, N]` to `[N, M]`.
  static func transposed<T>(_ x: [T], rows: Int, columns: Int) -> [T] {
    (0..<rows * columns).map { x[$0 % rows * columns + $0 / rows] }
  }

  /// x / scale rounded to the nearest of −127…127, ties to even.
  static func quantized(_ x: Float, scale: Float) -> Int {
    guard scale >= .leastNormalMagnitude else { return 0 }
    return Int(max(-127, min(127, (x * (1 / scale)).rounded(.toNearestOrEven))))
  }

  /// What becomes of x · wᵀ in int8: each row of `x` and of `w` scaled so that its greatest
  /// magnitude is 127, integer sums over blocks of `block` elements, added in order.
  static func int8Linear(
    _ x: [Float], _ weight: [Float], bias: [Float]?, rows: Int, columns: Int, k: Int, block: Int
  ) -> [Float] {
    func scales(_ values: [Float], _ count: Int) -> [Float] {
      (0..<count).map { row in (values[row * k..<(row + 1) * k].map(abs).max() ?? 0) / 127 }
    }
    let (xs, ws) = (scales(x, rows), scales(weight, columns))
    let xq = x.indices.map { quantized(x[$0], scale: xs[$0 / k]) }
    let wq = weight.indices.map { quantized(weight[$0], scale: ws[$0 / k]) }
    var y = [Float](repeating: 0, count: rows * columns)
    for m in 0..<rows {
      for n in 0..<columns {
        for first in stride(from: 0, to: k, by: block) {
          var sum = 0
          for i in first..<min(k, first + block) { sum += xq[m * k + i] * wq[n * k + i] }
          var value = Float(sum) * (xs[m] * ws[n])
          if first == 0, let bias { value += bias[n] }
          y[m * columns + n] += value
        }
      }
    }
    return y
  }
}
