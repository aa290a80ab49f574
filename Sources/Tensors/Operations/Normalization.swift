import CKernels

extension ExecutionContext {
  /// y = (x − mean) / √(variance + ε) · gain + bias over the last axis (Ba et al. 2016).
  ///
  /// - Throws: ``TensorError`` when `gain` or `bias` are not as wide as `x`, or when cancelled.
  package func layerNorm(
    _ x: Tensor, gain: Tensor, bias: Tensor, epsilon: Float
  ) throws(TensorError) -> Tensor {
    let width = x.shape.width
    guard gain.shape == [width], bias.shape == [width] else {
      throw .shapes(
        operation: "layerNorm", found: [x.shape, gain.shape, bias.shape],
        expected: "[..., D], [D] and [D]")
    }
    let (input, g, b) = (try contiguous(x), try contiguous(gain), try contiguous(bias))
    let y = empty(x.shape)
    let statistics = tape == nil ? nil : empty([x.shape.rowCount, 2])
    let kernel = functions.layer_norm
    let (from, to, gains, biases) = (input.floats, y.floats, g.floats, b.floats)
    let kept = statistics?.floats
    try parallelRows(x.shape.rowCount, width: width) { rows in
      kernel(
        from + rows.lowerBound * width, gains, biases, to + rows.lowerBound * width,
        kept.map { $0 + 2 * rows.lowerBound }, Int64(rows.count), Int64(width), epsilon)
    }
    withExtendedLifetime((input, g, b)) {}
    guard let statistics else { return y }
    return recorded(y, from: [x, gain, bias]) { gradient, context throws(TensorError) in
      try context.layerNormGradients(
        gradient, of: input, gain: g, statistics: statistics,
        wanted: (x.isTracked, gain.isTracked || bias.isTracked))
    }
  }

  /// With x̂ = (x − mean) · r:
  /// dx = r (g − mean(g) − x̂ mean(g x̂)) where g = dy · gain; dgain = Σ dy x̂; dbias = Σ dy.
  private func layerNormGradients(
    _ gradient: Tensor, of x: Tensor, gain: Tensor, statistics: Tensor,
    wanted: (input: Bool, parameters: Bool)
  ) throws(TensorError) -> [Tensor?] {
    let dy = try contiguous(gradient)
    let (rows, width) = (x.shape.rowCount, x.shape.width)
    let dx = wanted.input ? empty(x.shape) : nil
    let parts = ExecutionContext.sumParts(of: rows)
    let sums = wanted.parameters ? zeros([2, parts, width]) : nil
    let kernel = functions.layer_norm_backward
    let (source, gains, kept, slopes) = (x.floats, gain.floats, statistics.floats, dy.floats)
    let (out, gainSums) = (dx?.floats, sums?.floats)
    try parallel(parts) { part in
      let range = rows * part / parts..<rows * (part + 1) / parts
      let start = range.lowerBound * width
      kernel(
        source + start, gains, kept + 2 * range.lowerBound, slopes + start, out.map { $0 + start },
        gainSums.map { $0 + part * width }, gainSums.map { $0 + (parts + part) * width },
        Int64(range.count), Int64(width))
    }
    withExtendedLifetime((dy, gain, statistics)) {}
    guard let sums else { return [dx, nil, nil] }
    func total(_ index: Int) throws(TensorError) -> Tensor {
      try sumOfRows(sums.sliced(axis: 0, index..<index + 1).reshaped([parts, width]))
    }
    return [dx, try total(0), try total(1)]
  }

  /// y = x / √(mean(x²) + ε) · gain over the last axis (Zhang & Sennrich 2019).
  ///
  /// - Throws: ``TensorError`` when `gain` is not as wide as `x`, or when cancelled.
  package func rmsNorm(_ x: Tensor, gain: Tensor, epsilon: Float) throws(TensorError) -> Tensor {
    let width = x.shape.width
    guard gain.shape == [width] else {
      throw .shapes(
        operation: "rmsNorm", found: [x.shape, gain.shape], expected: "[..., D] and [D]")
    }
    let (input, g) = (try contiguous(x), try contiguous(gain))
    let y = empty(x.shape)
    let inverses = tape == nil ? nil : empty([x.shape.rowCount])
    let kernel = functions.rms_norm
    let (from, to, gains, kept) = (input.floats, y.floats, g.floats, inverses?.floats)
    try parallelRows(x.shape.rowCount, width: width) { rows in
      kernel(
        from + rows.lowerBound * width, gains, to + rows.lowerBound * width,
        kept.map { $0 + rows.lowerBound }, Int64(rows.count), Int64(width), epsilon)
    }
    withExtendedLifetime((input, g)) {}
    guard let inverses else { return y }
    return recorded(y, from: [x, gain]) { gradient, context throws(TensorError) in
      // With x̂ = x r: dx = r (g − x̂ mean(g x̂)) where g = dy · gain; dgain = Σ dy x̂.
      let dy = try context.contiguous(gradient)
      let rows = dy.shape.rowCount
      let normalized = context.empty(dy.shape)
      for row in 0..<rows {
        context.functions.scale_add(
          input.floats + row * width, inverses.floats[row], 0, normalized.floats + row * width,
          Int64(width))
      }
      let dgain = gain.isTracked
        ? try context.summed(try context.multiply(dy, normalized), to: [width]) : nil
      guard x.isTracked else { return [nil, dgain] }
      let dx = try context.multiply(dy, g.detached)
      for row in 0..<rows {
        let (hat, out) = (normalized.floats + row * width, dx.floats + row * width)
        let projection = context.functions.dot_product(out, hat, Int64(width)) / Float(width)
        let inverse = inverses.floats[row]
        context.functions.scale_add(hat, -projection * inverse, inverse, out, Int64(width))
      }
      return [dx, dgain]
    }
  }

  /// x / ‖x‖₂ over the last axis, without an epsilon, as CLIP embeds.
  package func normalized(_ x: Tensor) throws(TensorError) -> Tensor {
    let input = try contiguous(x)
    let (rows, width) = (x.shape.rowCount, x.shape.width)
    let y = empty(x.shape)
    let inverses = empty([rows])
    let functions = functions
    for row in 0..<rows {
      let source = input.floats + row * width
      let inverse = 1 / functions.dot_product(source, source, Int64(width)).squareRoot()
      functions.scale_add(source, inverse, 0, y.floats + row * width, Int64(width))
      inverses.floats[row] = inverse
    }
    return recorded(y, from: [x]) { gradient, context throws(TensorError) in
      // dx = (dy − y (dy · y)) / ‖x‖
      let dy = try context.contiguous(gradient)
      let dx = context.empty(dy.shape)
      for row in 0..<rows {
        let start = row * width
        let projection = functions.dot_product(dy.floats + start, y.floats + start, Int64(width))
        let inverse = inverses.floats[row]
        for i in start..<start + width {
          dx.floats[i] = (dy.floats[i] - y.floats[i] * projection) * inverse
        }
      }
      return [dx]
    }
  }
}
