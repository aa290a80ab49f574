extension ExecutionContext {
  /// The rows of `table [R, D]` at `indices`, as f32 `[indices.count, D]`.
  ///
  /// Serves as embedding look-up and as the choice of one position from a sequence.
  ///
  /// - Throws: ``TensorError/index(operation:found:limit:)`` for an index without a row.
  package func rows(of table: Tensor, at indices: [Int]) throws(TensorError) -> Tensor {
    guard table.shape.rank == 2 else {
      throw .shapes(operation: "rows", found: [table.shape], expected: "[R, D]")
    }
    let (count, width) = (table.shape[0], table.shape[1])
    if let wrong = indices.first(where: { $0 < 0 || $0 >= count }) {
      throw .index(operation: "rows", found: wrong, limit: count)
    }
    let y = empty([indices.count, width])
    for (position, index) in indices.enumerated() {
      let row = try contiguous(table.sliced(axis: 0, index..<index + 1))
      (y.floats + position * width).update(from: row.floats, count: width)
    }
    return recorded(y, from: [table]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient)
      let scattered = context.zeros([count, width])
      for (position, index) in indices.enumerated() {
        let row = scattered.floats + index * width
        context.functions.add(row, dy.floats + position * width, row, Int64(width))
      }
      return [scattered]
    }
  }
}
