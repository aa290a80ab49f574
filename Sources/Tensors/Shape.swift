/// The lengths of up to six axes, outermost first, held inline.
package struct Shape: Equatable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  package static let maximumRank = 6

  package private(set) var rank: Int
  private var lengths: InlineArray<6, Int>

  /// - Precondition: at most six axes. Shapes from outside go through ``init(checking:)``.
  package init(arrayLiteral lengths: Int...) { self.init(lengths) }

  package init(_ lengths: some Collection<Int>) {
    precondition(lengths.count <= Shape.maximumRank, "a tensor has at most six axes")
    rank = lengths.count
    self.lengths = InlineArray(repeating: 1)
    for (axis, length) in lengths.enumerated() { self.lengths[axis] = length }
  }

  /// A shape from a file: nil with more than six axes, a negative length, or lengths whose
  /// product overflows. Empty axes count as 1: the strides of an empty tensor are such products.
  package init?(checking lengths: [Int]) {
    guard lengths.count <= Shape.maximumRank, lengths.allSatisfy({ $0 >= 0 }) else { return nil }
    var count = 1
    for length in lengths {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(length, 1))
      guard !overflow else { return nil }
      count = product
    }
    self.init(lengths)
  }

  /// The length of one axis; negative axes count from the last.
  package subscript(axis: Int) -> Int {
    get { lengths[resolved(axis)] }
    set { lengths[resolved(axis)] = newValue }
  }

  /// `axis` counted from the first.
  package func resolved(_ axis: Int) -> Int {
    let index = axis < 0 ? rank + axis : axis
    precondition(index >= 0 && index < rank, "axis \(axis) of a tensor with \(rank) axes")
    return index
  }

  /// The product of all lengths; 1 for a scalar.
  package var elementCount: Int {
    var count = 1
    for axis in 0..<rank { count *= lengths[axis] }
    return count
  }

  /// The product of the lengths of all axes but the last.
  package var rowCount: Int { rank == 0 ? 1 : dropping(last: 1).elementCount }

  /// The last length; 1 for a scalar.
  package var width: Int { rank == 0 ? 1 : lengths[rank - 1] }

  package var array: [Int] { (0..<rank).map { lengths[$0] } }

  package func dropping(last count: Int) -> Shape {
    var shape = self
    for axis in (rank - count)..<rank { shape.lengths[axis] = 1 }
    shape.rank -= count
    return shape
  }

  package func dropping(first count: Int) -> Shape { Shape(array.dropFirst(count)) }

  package func appending(_ length: Int) -> Shape {
    var shape = self
    precondition(rank < Shape.maximumRank, "a tensor has at most six axes")
    shape.lengths[rank] = length
    shape.rank += 1
    return shape
  }

  /// Steps in elements between neighbours along each axis of a contiguous tensor.
  package var contiguousStrides: Shape {
    var strides = self
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      strides.lengths[axis] = step
      step *= lengths[axis]
    }
    return strides
  }

  package static func == (a: Shape, b: Shape) -> Bool {
    guard a.rank == b.rank else { return false }
    for axis in 0..<a.rank where a.lengths[axis] != b.lengths[axis] { return false }
    return true
  }

  package var description: String {
    "[" + array.map(String.init).joined(separator: ", ") + "]"
  }
}
