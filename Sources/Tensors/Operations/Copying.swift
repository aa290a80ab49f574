import CKernels

extension ExecutionContext {
  /// The elements as contiguous f32, exactly: every f16, bf16 and quantised value is an f32 value.
  ///
  /// - Throws: ``TensorError/elementType(operation:found:expected:)`` for integers and f64.
  package func upcast(_ x: Tensor) throws(TensorError) -> Tensor {
    guard x.elementType != .f32 || !x.isContiguous else { return x }
    let source = x.isContiguous ? x : try copied(x)
    guard source.elementType != .f32 else { return source }
    let y = empty(x.shape)
    let count = Int64(x.elementCount)
    switch source.elementType {
    case .f16:
      functions.f16_to_f32(source.bytes.assumingMemoryBound(to: UInt16.self), y.floats, count)
    case .bf16:
      functions.bf16_to_f32(source.bytes.assumingMemoryBound(to: UInt16.self), y.floats, count)
    case .q8_0: functions.q8_0_to_f32(source.bytes, y.floats, count)
    case .q4_0: functions.q4_0_to_f32(source.bytes, y.floats, count)
    default:
      throw .elementType(
        operation: "conversion to f32", found: source.elementType,
        expected: "f32, f16, bf16, q8_0 or q4_0")
    }
    withExtendedLifetime(source) {}
    return recorded(y, from: [x]) { gradient, _ throws(TensorError) in [gradient] }
  }

  /// A contiguous copy, with the same element type, of a view with any strides.
  ///
  /// - Throws: ``TensorError`` when that would cut a block of quantised elements.
  func copied(_ x: Tensor) throws(TensorError) -> Tensor {
    let y = empty(x.shape, x.elementType)
    let type = x.elementType
    let shape = x.shape
    // The longest run of trailing axes that lies together is copied at once.
    var run = 1
    var outer = shape.rank
    while outer > 0, shape[outer - 1] == 1 || x.strides[outer - 1] == run {
      outer -= 1
      run *= shape[outer]
    }
    guard (x.strides.array.prefix(outer) + [run]).allSatisfy({ $0 % type.blockElements == 0 })
    else {
      throw .shapes(
        operation: "copy", found: [shape],
        expected: "runs of whole blocks of \(type.blockElements)")
    }
    var target = y.bytes
    var index = [Int](repeating: 0, count: outer)
    for _ in 0..<(run == 0 ? 0 : x.elementCount / run) {
      var position = 0
      for axis in 0..<outer { position += index[axis] * x.strides[axis] }
      target.copyMemory(from: x.bytes + type.bytes(of: position), byteCount: type.bytes(of: run))
      target += type.bytes(of: run)
      for axis in stride(from: outer - 1, through: 0, by: -1) {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
    return x.elementType == .f32
      ? recorded(y, from: [x]) { gradient, _ throws(TensorError) in [gradient] } : y
  }

  /// The same elements in another shape.
  ///
  /// - Throws: ``TensorError`` when the counts of elements differ.
  package func reshaped(_ x: Tensor, _ shape: Shape) throws(TensorError) -> Tensor {
    guard shape.elementCount == x.elementCount else {
      throw .shapes(
        operation: "reshape", found: [x.shape, shape], expected: "the same count of elements")
    }
    let source = x.isContiguous ? x : try copied(x)
    let original = x.shape
    return recorded(source.reshaped(shape), from: [x]) { gradient, context throws(TensorError) in
      [try context.contiguous(gradient).reshaped(original)]
    }
  }

  /// The part of `axis` within `range`, as a view.
  package func sliced(
    _ x: Tensor, axis: Int, _ range: Range<Int>
  ) throws(TensorError) -> Tensor {
    let axis = x.shape.resolved(axis)
    guard range.lowerBound >= 0, range.upperBound <= x.shape[axis] else {
      throw .index(
        operation: "slice", found: range.lowerBound < 0 ? range.lowerBound : range.upperBound,
        limit: x.shape[axis] + 1)
    }
    let shape = x.shape
    return recorded(x.sliced(axis: axis, range), from: [x]) { gradient, context throws(TensorError) in
      let whole = context.zeros(shape)
      try context.write(gradient, into: whole.sliced(axis: axis, range))
      return [whole]
    }
  }

  /// Tensors one after another along `axis`; their other axes agree.
  package func concatenated(_ parts: [Tensor], axis: Int) throws(TensorError) -> Tensor {
    guard let first = parts.first else {
      throw .shapes(operation: "concatenate", found: [], expected: "at least one tensor")
    }
    let axis = first.shape.resolved(axis)
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      var others = part.shape
      // Which of its axes it would be is only known of a part with as many.
      if others.rank == shape.rank { others[axis] = shape[axis] }
      guard others == shape else {
        throw .shapes(
          operation: "concatenate", found: parts.map(\.shape), expected: "equal other axes")
      }
      shape[axis] += part.shape[axis]
    }
    let y = empty(shape)
    var ranges: [Range<Int>] = []
    var start = 0
    for part in parts {
      ranges.append(start..<start + part.shape[axis])
      start += part.shape[axis]
      try write(part, into: y.sliced(axis: axis, ranges[ranges.count - 1]))
    }
    return recorded(y, from: parts) { gradient, _ throws(TensorError) in
      ranges.map { gradient.sliced(axis: axis, $0) }
    }
  }

  /// Copies f32 elements into a view of a tensor that nobody else reads yet.
  private func write(_ x: Tensor, into view: Tensor) throws(TensorError) {
    let source = try contiguous(x)
    let shape = view.shape
    guard shape.elementCount > 0 else { return }
    // Rows of the last axis lie together in both.
    let width = shape.width
    precondition(view.strides[-1] == 1 || width == 1, "the last axis is never strided")
    var index = [Int](repeating: 0, count: max(0, shape.rank - 1))
    for row in 0..<shape.rowCount {
      var position = 0
      for axis in index.indices { position += index[axis] * view.strides[axis] }
      (view.floats + position).update(from: source.floats + row * width, count: width)
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
  }
}
