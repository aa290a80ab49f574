import CKernels

/// A weight `[N, K]` and a bias `[N]`, or none; and what is done to the sums while the cache holds
/// them.
package struct LinearMap {
  package let weight: Tensor
  package let bias: Tensor?
  /// Of every sum, or nil.
  package let activation: Activation?
  /// `[..., N]`, added to the sums, or nil: a residual stream. Not together with an activation.
  package let addend: Tensor?

  package init(
    weight: Tensor, bias: Tensor? = nil, activation: Activation? = nil, addend: Tensor? = nil
  ) {
    precondition(activation == nil || addend == nil, "which of them comes first?")
    self.weight = weight
    self.bias = bias
    self.activation = activation
    self.addend = addend
  }

  /// The map alone, for a tape, whose rules need what lies between.
  fileprivate var bare: LinearMap { LinearMap(weight: weight, bias: bias) }

  /// The shape of the sums for `x`.
  fileprivate func outputShape(of x: Tensor) throws(TensorError) -> Shape {
    guard weight.shape.rank == 2, x.shape.width == weight.shape[1],
      bias.map({ $0.shape == [weight.shape[0]] }) ?? true
    else {
      throw .shapes(
        operation: "linear", found: [x.shape, weight.shape] + (bias.map { [$0.shape] } ?? []),
        expected: "[..., K], [N, K] and [N]")
    }
    let shape = x.shape.dropping(last: 1).appending(weight.shape[0])
    guard addend.map({ $0.shape == shape }) ?? true else {
      throw .shapes(
        operation: "linear", found: [shape] + (addend.map { [$0.shape] } ?? []),
        expected: "sums and an addend of one shape")
    }
    return shape
  }
}

extension ExecutionContext {
  /// y = x Wᵀ + b: `x [..., K]`, `weight [N, K]`, `bias [N]` to `[..., N]`.
  ///
  /// The weight is read in its own element type.
  ///
  /// - Parameter precision: picks the multiply; by default as ``precision`` says.
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, precision: Precision? = nil
  ) throws(TensorError) -> Tensor {
    try linear(x, [LinearMap(weight: weight, bias: bias)], precision: precision)[0]
  }

  /// The same input through several maps, in order: an attention's queries, keys and values. What
  /// is done to the input is done once.
  ///
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func linear(
    _ x: Tensor, _ maps: [LinearMap], precision: Precision? = nil
  ) throws(TensorError) -> [Tensor] {
    if tape != nil, maps.contains(where: { $0.activation != nil || $0.addend != nil }) {
      return try finished(try linear(x, maps.map(\.bare), precision: precision), maps)
    }
    for map in maps { _ = try map.outputShape(of: x) }
    let (input, precision) = (try contiguous(x), precision ?? self.precision)
    let forms = maps.map { panelElement(of: $0.weight, precision) }
    guard let form = forms.first, !forms.contains(where: { $0 != form }) else {
      // Weights of several element types, each of which is multiplied by in its own way.
      var outputs: [Tensor] = []
      for map in maps { outputs += try linear(x, [map], precision: precision) }
      return outputs
    }
    switch form {
    case .f32: return try panelLinear(x, input, maps)
    case .pair: return try pairedLinear(x, input, maps)
    case nil: return try storedLinear(x, input, maps, precision)
    }
  }

  /// The same, reading weights as they lie along k, or in i8.
  private func storedLinear(
    _ x: Tensor, _ input: Tensor, _ maps: [LinearMap], _ precision: Precision
  ) throws(TensorError) -> [Tensor] {
    var outputs: [Tensor] = []
    // Converted copies are only this function's: their buffers must outlive the product.
    var operands: [Tensor] = []
    func pointer(_ tensor: Tensor?) throws(TensorError) -> UnsafePointer<Float>? {
      guard let tensor else { return nil }
      operands.append(try contiguous(tensor))
      return UnsafePointer(operands[operands.count - 1].floats)
    }
    var targets: [DotTarget] = []
    for map in maps {
      let y = empty(try map.outputShape(of: x))
      outputs.append(y)
      targets.append(
        DotTarget(
          operands: try dotOperands(for: map.weight, precision),
          bias: try pointer(map.bias), addend: try pointer(map.addend),
          activation: map.activation?.kernel, out: y.floats, outStride: map.weight.shape[0]))
    }
    // Weights of several element types are packed for differently.
    for (_, group) in Dictionary(grouping: targets, by: \.operands.elementType) {
      try dotProduct(
        rows: input.floats, rowStride: input.shape.width, rowCount: input.shape.rowCount, group)
    }
    withExtendedLifetime((input, operands)) {}
    return zip(maps, outputs).map { map, y in
      recorded(y, from: [x, map.weight, map.bias], linearRule(input, map.weight, map.bias))
    }
  }

  /// The same in f32, by weights packed for it.
  private func panelLinear(
    _ x: Tensor, _ input: Tensor, _ maps: [LinearMap]
  ) throws(TensorError) -> [Tensor] {
    let (outputs, _) = try panelSums(input, maps, as: .f32)
    return zip(maps, outputs).map { map, y in
      recorded(y, from: [x, map.weight, map.bias], linearRule(input, map.weight, map.bias))
    }
  }

  /// The same in bf16 with f32 sums, forward and backward.
  private func pairedLinear(
    _ x: Tensor, _ input: Tensor, _ maps: [LinearMap]
  ) throws(TensorError) -> [Tensor] {
    let (outputs, pairs) = try panelSums(input, maps, as: .pair)
    guard let rows = pairs else { return outputs }
    let shape = x.shape
    let isFollowed = x.isTracked
    return zip(maps, outputs).map { map, y in
      recorded(y, from: [x, map.weight, map.bias]) { gradient, context throws(TensorError) in
        let found = try context.pairedGradients(
          gradient, rows: rows, weight: map.weight.detached,
          wanted: (isFollowed, map.weight.isTracked, map.bias?.isTracked == true))
        return [found.input?.reshaped(shape), found.weight, found.bias]
      }
    }
  }

  /// The activations and addends of `maps`, as operations of their own.
  private func finished(
    _ sums: [Tensor], _ maps: [LinearMap]
  ) throws(TensorError) -> [Tensor] {
    var outputs: [Tensor] = []
    for (var y, map) in zip(sums, maps) {
      if let activation = map.activation { y = try activate(y, activation) }
      if let addend = map.addend { y = try add(addend, y) }
      outputs.append(y)
    }
    return outputs
  }

  /// dx = dy W, dW = dyᵀ x, db = Σ dy.
  private func linearRule(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> GradientRule {
    { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient).reshaped(
        [gradient.shape.rowCount, gradient.shape.width])
      let flat = x.reshaped([x.shape.rowCount, x.shape.width])
      return [
        x.isTracked
          ? try context.product(dy, try context.contiguous(weight.detached)).reshaped(x.shape)
          : nil,
        weight.isTracked ? try context.product(dy, flat, firstTransposed: true) : nil,
        bias?.isTracked == true ? try context.sumOfRows(dy) : nil,
      ]
    }
  }

  /// How to multiply by `weight` under `precision`.
  private func dotOperands(
    for weight: Tensor, _ precision: Precision
  ) throws(TensorError) -> DotOperands {
    let functions = functions
    guard weight.elementType.isFloatingPoint, weight.elementType != .f64 else {
      throw .elementType(
        operation: "matrix product", found: weight.elementType,
        expected: "f32, f16, bf16, q8_0 or q4_0")
    }
    guard weight.shape.width % weight.elementType.blockElements == 0 else {
      throw .shapes(
        operation: "matrix product", found: [weight.shape],
        expected: "rows of whole blocks of \(weight.elementType.blockElements)")
    }
    switch (precision, weight.elementType) {
    case (.int8, _) where !weight.isTracked:
      return DotOperands(dot: functions.dot_i8, packed: try packedInt8(weight))
    default:
      let rows = weight.isContiguous ? weight : try copied(weight)
      return DotOperands(dot: dot(reading: rows.elementType, precision), weight: rows)
    }
  }

  /// The product that reads weights as they are stored.
  private func dot(reading elementType: ElementType, _ precision: Precision) -> gaze_dot {
    switch elementType {
    case .bf16: precision == .f32 ? functions.dot_bf16_exact : functions.dot_bf16
    case .f16: functions.dot_f16
    case .q8_0: functions.dot_q8_0
    case .q4_0: functions.dot_q4_0
    default: functions.dot_f32
    }
  }

  private func packedInt8(_ weight: Tensor) throws(TensorError) -> PackedWeight {
    try packedWeights.packed(weight, as: .i8) { () throws(TensorError) in
      let exact = try contiguous(weight.detached)
      let matrix = empty(weight.shape, .i8)
      let (count, width) = (weight.shape.rowCount, weight.shape.width)
      let block = ExecutionContext.int8Block
      let blocks = (width + block - 1) / block
      let functions = functions
      let (from, to) = (exact.floats, matrix.bytes.assumingMemoryBound(to: Int8.self))
      var scales = [Float](repeating: 0, count: count)
      var sums = [Int32](repeating: 0, count: blocks * count)
      try scales.withUnsafeMutableBufferPointer { scales throws(TensorError) in
        try sums.withUnsafeMutableBufferPointer { sums throws(TensorError) in
          nonisolated(unsafe) let (scales, sums) = (scales, sums)
          try parallelRows(count, width: width) { rows in
            for row in rows {
              let source = from + row * width
              scales[row] = functions.greatest_magnitude(source, Int64(width)) / 127
              for index in 0..<blocks {
                let start = index * block
                sums[index * count + row] = functions.quantize_i8(
                  source + start, to + row * width + start, Int64(min(block, width - start)),
                  scales[row])
              }
            }
          }
        }
      }
      withExtendedLifetime(exact) {}
      return PackedWeight(matrix: matrix, scales: scales, sums: sums)
    }
  }
}
