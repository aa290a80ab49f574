extension Tensor {
  /// The same values as contiguous f32: itself when it is that already, otherwise a copy in
  /// memory of its own. For small parameters that are read at every step.
  ///
  /// - Throws: ``TensorError/elementType(operation:found:expected:)`` for integers and f64.
  package func exact() throws(TensorError) -> Tensor {
    guard elementType != .f32 || !isContiguous else { return self }
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1))
    return try context.contiguous(self)
  }
}
