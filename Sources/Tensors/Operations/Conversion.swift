import Synchronization

extension ExecutionContext {
  /// The elements in another floating-point type, contiguous: the nearest numbers that it has, or
  /// blocks as ``QuantizedBlocks`` writes them.
  ///
  /// - Throws: ``TensorError`` for a number that the type cannot hold, rows that cut a block,
  ///   integers, or when cancelled.
  package func converted(_ x: Tensor, to elementType: ElementType) throws(TensorError) -> Tensor {
    guard x.elementType != elementType else { return x.isContiguous ? x : try copied(x) }
    let operation = "conversion to \(elementType.rawValue)"
    let (width, block) = (x.shape.width, elementType.blockElements)
    guard width % block == 0 else {
      throw .shapes(
        operation: operation, found: [x.shape], expected: "rows of whole blocks of \(block)")
    }
    let exact = try upcast(x)
    guard elementType != .f32 else { return exact }
    let write = try rowWriter(elementType, width: width)
    let y = empty(x.shape, elementType)
    let (from, to, rowBytes) = (exact.floats, y.bytes, elementType.bytes(of: width))
    let isWhole = Atomic(true)
    try parallelRows(x.shape.rowCount, width: width) { rows in
      for row in rows where !write(from + row * width, to + row * rowBytes) {
        isWhole.store(false, ordering: .relaxed)
      }
    }
    withExtendedLifetime(exact) {}
    guard isWhole.load(ordering: .relaxed) else { throw .range(operation: operation) }
    return y
  }

  /// Writes one row in the type, and says whether the type holds all of its numbers.
  private func rowWriter(
    _ elementType: ElementType, width: Int
  ) throws(TensorError) -> (UnsafePointer<Float>, UnsafeMutableRawPointer) -> Bool {
    func blocks(
      _ writeBlock: @escaping (UnsafePointer<Float>, UnsafeMutableRawPointer) -> Bool
    ) -> (UnsafePointer<Float>, UnsafeMutableRawPointer) -> Bool {
      { from, to in
        (0..<width / QuantizedBlocks.count).allSatisfy { index in
          writeBlock(from + index * QuantizedBlocks.count, to + index * elementType.blockBytes)
        }
      }
    }
    func halves(
      _ round: Rounding
    ) -> (UnsafePointer<Float>, UnsafeMutableRawPointer) -> Bool {
      { from, to in
        let row = UnsafeBufferPointer(start: from, count: width)
        return round(row[...], to.assumingMemoryBound(to: UInt16.self)) == nil
      }
    }
    switch elementType {
    case .f16: return halves(.f16)
    case .bf16: return halves(.bf16)
    case .q8_0: return blocks(QuantizedBlocks.writeQ8)
    case .q4_0: return blocks(QuantizedBlocks.writeQ4)
    default:
      throw .elementType(
        operation: "conversion", found: elementType, expected: "f32, f16, bf16, q8_0 or q4_0")
    }
  }
}
