import CKernels

extension ExecutionContext {
  /// x + y, where `y`'s axes are the last axes of `x` (a bias, a position table) or all of them.
  ///
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func add(_ x: Tensor, _ y: Tensor) throws(TensorError) -> Tensor {
    let sum = try combine(x, y, operation: "add", functions.add)
    return recorded(sum, from: [x, y]) { gradient, context throws(TensorError) in
      [
        x.isTracked ? gradient : nil,
        y.isTracked ? try context.summed(gradient, to: y.shape) : nil,
      ]
    }
  }

  /// x · y by element, with `y` as in ``add(_:_:)``.
  package func multiply(_ x: Tensor, _ y: Tensor) throws(TensorError) -> Tensor {
    let product = try combine(x, y, operation: "multiply", functions.multiply)
    return recorded(product, from: [x, y]) { gradient, context throws(TensorError) in
      [
        x.isTracked ? try context.multiply(gradient, y.detached) : nil,
        y.isTracked
          ? try context.summed(try context.multiply(gradient, x.detached), to: y.shape) : nil,
      ]
    }
  }

  /// factor · x.
  package func scaled(_ x: Tensor, by factor: Float) throws(TensorError) -> Tensor {
    let input = try contiguous(x)
    let y = empty(x.shape)
    functions.scale_add(input.floats, factor, 0, y.floats, Int64(x.elementCount))
    return recorded(y, from: [x]) { gradient, context throws(TensorError) in
      [try context.scaled(gradient, by: factor)]
    }
  }

  /// a · x + b · y, of one shape; no gradient.
  package func mixed(
    _ x: Tensor, _ a: Float, _ y: Tensor, _ b: Float
  ) throws(TensorError) -> Tensor {
    guard x.shape == y.shape else {
      throw .shapes(operation: "mix", found: [x.shape, y.shape], expected: "equal shapes")
    }
    let (left, right) = (try contiguous(x), try contiguous(y))
    let result = empty(x.shape)
    result.floats.update(from: right.floats, count: right.elementCount)
    functions.scale_add(left.floats, a, b, result.floats, Int64(left.elementCount))
    withExtendedLifetime(left) {}
    return result
  }

  /// A new tensor whose every element is `value`.
  package func filled(_ shape: Shape, with value: Float) -> Tensor {
    let tensor = empty(shape)
    tensor.floats.update(repeating: value, count: tensor.elementCount)
    return tensor
  }

  private func combine(
    _ x: Tensor, _ y: Tensor, operation: String,
    _ kernel: (
      UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int64
    ) -> Void
  ) throws(TensorError) -> Tensor {
    guard y.shape.rank <= x.shape.rank,
      x.shape.dropping(first: x.shape.rank - y.shape.rank) == y.shape
    else {
      throw .shapes(
        operation: operation, found: [x.shape, y.shape],
        expected: "a second operand with the first one's last axes")
    }
    let (left, right) = (try contiguous(x), try contiguous(y))
    defer { withExtendedLifetime((left, right)) {} }
    let result = empty(x.shape)
    let period = right.elementCount
    // Of no rows there is nothing to add to, however long one row would be.
    guard period > 0, x.elementCount > 0 else { return result }
    let (a, b, out) = (left.floats, right.floats, result.floats)
    guard period < x.elementCount else {
      try parallelRows(period, width: 1) { range in
        let start = range.lowerBound
        kernel(a + start, b + start, out + start, Int64(range.count))
      }
      return result
    }
    try parallelRows(x.elementCount / period, width: period) { rows in
      for row in rows {
        kernel(a + row * period, b, out + row * period, Int64(period))
      }
    }
    return result
  }

  /// The sum over leading axes that leaves `shape`: the gradient of broadcasting.
  func summed(_ x: Tensor, to shape: Shape) throws(TensorError) -> Tensor {
    guard x.shape != shape else { return x }
    let width = shape.elementCount
    let rows = try contiguous(x).reshaped([x.elementCount / max(1, width), width])
    return try sumOfRows(rows).reshaped(shape)
  }

  /// `[M, D]` to `[D]`: runs of rows in order, then the runs in order, whatever the thread count.
  func sumOfRows(_ x: Tensor) throws(TensorError) -> Tensor {
    let (rows, width) = (x.shape.rowCount, x.shape.width)
    let source = try contiguous(x)
    let add = functions.add
    let parts = ExecutionContext.sumParts(of: rows)
    let sums = zeros([parts, width])
    let (from, to) = (source.floats, sums.floats)
    // Few long rows are shared out by their columns, many by their runs.
    let stripes = max(1, min(width / 4096, 16 / parts))
    try parallel(parts * stripes) { index in
      let (part, stripe) = index.quotientAndRemainder(dividingBy: stripes)
      let columns = width * stripe / stripes..<width * (stripe + 1) / stripes
      let total = to + part * width + columns.lowerBound
      for row in rows * part / parts..<rows * (part + 1) / parts {
        add(total, from + row * width + columns.lowerBound, total, Int64(columns.count))
      }
    }
    withExtendedLifetime(source) {}
    return parts == 1 ? sums.reshaped([width]) : try sumOfRows(sums)
  }

  /// Runs that sums over rows are cut into.
  static func sumParts(of rows: Int) -> Int { max(1, min(16, rows / 256)) }
}
