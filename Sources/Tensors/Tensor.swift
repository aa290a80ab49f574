/// A view of elements: a small value over shared storage.
///
/// Arithmetic lives in ``ExecutionContext``, one operation per file beside its gradient rule;
/// the methods here only re-describe the same elements.
package struct Tensor: Sendable {
  package let storage: Storage
  package let elementType: ElementType
  package let shape: Shape
  /// Steps in elements between neighbours along each axis.
  package let strides: Shape
  /// The first element, counted in elements from the start of the storage.
  package let offset: Int
  /// Where a ``Tape`` knows this value, or nil when it is a constant.
  var node: TapeNode?

  /// A contiguous tensor over `storage`.
  ///
  /// - Precondition: `byteOffset` is a whole number of blocks (bytes that start between blocks
  ///   are lent as a storage of their own), and the elements lie within the storage. Readers of
  ///   files check both before they ask.
  package init(
    storage: Storage, elementType: ElementType, shape: Shape, byteOffset: Int = 0
  ) {
    precondition(
      byteOffset >= 0 && byteOffset % elementType.blockBytes == 0,
      "elements start at byte \(byteOffset), within a block")
    self.init(
      storage: storage, elementType: elementType, shape: shape, strides: shape.contiguousStrides,
      offset: byteOffset / elementType.blockBytes * elementType.blockElements, node: nil)
    precondition(
      byteCount <= storage.byteCount - byteOffset,
      "\(byteCount) bytes at \(byteOffset) of \(storage.byteCount)")
  }

  init(
    storage: Storage, elementType: ElementType, shape: Shape, strides: Shape, offset: Int,
    node: TapeNode?
  ) {
    self.storage = storage
    self.elementType = elementType
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.node = node
  }

  package var elementCount: Int { shape.elementCount }
  package var byteCount: Int { elementType.bytes(of: elementCount) }

  package var isContiguous: Bool {
    let expected = shape.contiguousStrides
    for axis in 0..<shape.rank where shape[axis] != 1 && strides[axis] != expected[axis] {
      return false
    }
    return true
  }

  /// Whether a tape follows this value.
  package var isTracked: Bool { node != nil }

  /// The same value as a constant, which no tape follows.
  package var detached: Tensor {
    var tensor = self
    tensor.node = nil
    return tensor
  }

  /// The address of the first element.
  package var bytes: UnsafeMutableRawPointer {
    storage.base + elementType.bytes(of: offset)
  }

  /// The first element of an f32 tensor.
  ///
  /// - Precondition: elements are f32. Operations check types before they ask.
  package var floats: UnsafeMutablePointer<Float> {
    precondition(elementType == .f32, "elements are \(elementType.rawValue), not f32")
    return bytes.assumingMemoryBound(to: Float.self)
  }

  /// The elements of a contiguous f32 tensor, copied out.
  package var array: [Float] {
    precondition(isContiguous, "only contiguous tensors are copied out")
    return Array(UnsafeBufferPointer(start: floats, count: elementCount))
  }

  // MARK: Views, which record no gradient; ExecutionContext has the differentiable ones

  func viewed(as shape: Shape, strides: Shape, offset: Int) -> Tensor {
    Tensor(
      storage: storage, elementType: elementType, shape: shape, strides: strides,
      offset: offset, node: nil)
  }

  /// The same elements in another contiguous shape.
  ///
  /// - Precondition: contiguous, and the counts of elements agree.
  package func reshaped(_ shape: Shape) -> Tensor {
    precondition(isContiguous && shape.elementCount == elementCount, "\(self.shape) as \(shape)")
    return viewed(as: shape, strides: shape.contiguousStrides, offset: offset)
  }

  /// The part of `axis` within `range`.
  package func sliced(axis: Int, _ range: Range<Int>) -> Tensor {
    let axis = shape.resolved(axis)
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[axis], "slice out of range")
    let start = offset + range.lowerBound * strides[axis]
    precondition(start % elementType.blockElements == 0, "a slice starts within a block")
    var part = shape
    part[axis] = range.count
    return viewed(as: part, strides: strides, offset: start)
  }
}
