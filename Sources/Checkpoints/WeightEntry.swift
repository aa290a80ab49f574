import Tensors

/// What is known of one tensor of a ``WeightStore`` before its bytes are touched.
package struct WeightEntry: Sendable {
  /// The name in the store, which transformations may have changed.
  package internal(set) var name: String
  /// The name that the file gives it, or the tensor it was derived from.
  package let originalName: String
  package let elementType: ElementType
  package let shape: Shape
  /// The file that holds the bytes, or what made them.
  package let file: String

  /// The bytes, of which this tensor may be a part.
  let storage: Storage
  /// The first element, in bytes from the start of the storage.
  let byteOffset: Int
  /// Steps in elements.
  let strides: Shape

  /// - Parameter strides: as the file has them. Steps that are never taken, along axes of one
  ///   element and in empty tensors, become those of a contiguous tensor: so that layouts can be
  ///   compared, and no file can make one huge.
  init(
    name: String, originalName: String, elementType: ElementType, shape: Shape, file: String,
    storage: Storage, byteOffset: Int, strides: Shape
  ) {
    self.name = name
    self.originalName = originalName
    self.elementType = elementType
    self.shape = shape
    self.file = file
    self.storage = storage
    self.byteOffset = byteOffset
    let contiguous = shape.contiguousStrides
    let isEmpty = shape.elementCount == 0
    var strides = strides
    for axis in 0..<shape.rank where isEmpty || shape[axis] == 1 {
      strides[axis] = contiguous[axis]
    }
    self.strides = strides
  }

  /// The bytes that the elements take once they lie together.
  package var byteCount: Int {
    elementType.bytes(of: shape.elementCount)
  }

  /// Whether the elements lie together, in order and aligned, so that they serve where they are.
  var isInPlace: Bool {
    let address = Int(bitPattern: storage.base) + byteOffset
    guard address % alignment == 0, byteOffset % elementType.blockBytes == 0 else { return false }
    return strides == shape.contiguousStrides
  }

  /// Blocks of quantised types are read byte by byte; plain elements at their own width.
  private var alignment: Int { elementType.blockElements == 1 ? elementType.blockBytes : 2 }

  /// The elements where they lie, if they are in place, else copied together.
  func tensor() throws(CheckpointError) -> Tensor {
    isInPlace
      ? Tensor(storage: storage, elementType: elementType, shape: shape, byteOffset: byteOffset)
      : Tensor(storage: try StridedBytes(self).gathered(), elementType: elementType, shape: shape)
  }

  /// The same elements under other shape and strides.
  func viewed(as shape: Shape, strides: Shape, skipping elements: Int = 0) -> WeightEntry {
    WeightEntry(
      name: name, originalName: originalName, elementType: elementType, shape: shape, file: file,
      storage: storage,
      byteOffset: byteOffset + elementType.bytes(of: elements),
      strides: strides)
  }
}
