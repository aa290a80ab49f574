extension ExecutionContext {
  /// The mean over one axis, which disappears; negative axes count from the last.
  ///
  /// - Throws: ``TensorError`` when the axis is missing or empty, or when cancelled.
  package func mean(_ x: Tensor, axis: Int) throws(TensorError) -> Tensor {
    let rank = x.shape.rank
    guard axis >= -rank, axis < rank, x.shape[axis] > 0 else {
      throw .shapes(
        operation: "mean", found: [x.shape], expected: "at least one element along axis \(axis)")
    }
    let axis = x.shape.resolved(axis)
    let lengths = x.shape.array
    let (length, inner) = (lengths[axis], lengths[(axis + 1)...].reduce(1, *))
    let outer = lengths[..<axis].reduce(1, *)
    let input = try contiguous(x)
    let y = empty(Shape(lengths[..<axis] + lengths[(axis + 1)...]))
    let functions = functions
    let (from, to) = (input.floats, y.floats)
    try parallelRows(outer, width: length * inner) { range in
      for index in range {
        let (source, target) = (from + index * length * inner, to + index * inner)
        if inner == 1 {
          target[0] = functions.sum(source, Int64(length)) / Float(length)
          continue
        }
        target.update(from: source, count: inner)
        for row in 1..<length { functions.add(target, source + row * inner, target, Int64(inner)) }
        functions.scale_add(target, 1 / Float(length), 0, target, Int64(inner))
      }
    }
    withExtendedLifetime(input) {}
    return recorded(y, from: [x]) { gradient, context throws(TensorError) in
      let share = try context.scaled(try context.contiguous(gradient), by: 1 / Float(length))
      let dx = context.empty(Shape(lengths))
      for row in 0..<outer * length {
        let source = share.floats + row / length * inner
        (dx.floats + row * inner).update(from: source, count: inner)
      }
      return [dx]
    }
  }
}
