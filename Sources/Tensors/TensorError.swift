/// What can go wrong in tensor arithmetic.
package enum TensorError: Error, Equatable {
  /// The user interrupted the computation.
  case cancelled
  /// Operands whose shapes do not fit the operation.
  case shapes(operation: String, found: [Shape], expected: String)
  /// An element type that the operation cannot read.
  case elementType(operation: String, found: ElementType, expected: String)
  /// A differentiated tensor where the operation works in place or has no gradient.
  case notDifferentiable(operation: String)
  /// A number that the element type asked for cannot hold.
  case range(operation: String)
  /// An index into a table that has no such row.
  case index(operation: String, found: Int, limit: Int)
}

extension TensorError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cancelled:
      "interrupted"
    case .shapes(let operation, let found, let expected):
      "\(operation): shapes \(found.map(\.description).joined(separator: ", ")) where \(expected) is needed"
    case .elementType(let operation, let found, let expected):
      "\(operation): elements are \(found.rawValue), \(expected) is needed"
    case .notDifferentiable(let operation):
      "\(operation) has no gradient"
    case .range(let operation):
      "\(operation): a number is not finite or beyond the greatest that can be held"
    case .index(let operation, let found, let limit):
      "\(operation): index \(found) is outside 0..<\(limit)"
    }
  }
}
