import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Elements spread over a storage in steps, to be copied together.
struct StridedBytes {
  private let entry: WeightEntry
  private let source: UnsafeRawPointer
  private let shape: [Int]
  private let strides: [Int]
  /// The bytes of an element, or of a block of quantised ones.
  private let width: Int

  /// - Precondition: quantised blocks lie together; they are only moved whole.
  init(_ entry: WeightEntry) {
    precondition(
      entry.elementType.blockElements == 1 || entry.strides == entry.shape.contiguousStrides,
      "blocks are moved whole")
    self.entry = entry
    source = UnsafeRawPointer(entry.storage.base) + entry.byteOffset
    shape = entry.shape.array
    strides = entry.strides.array
    width = entry.elementType.blockBytes
  }

  /// A copy in memory of its own, aligned to a cache line.
  ///
  /// - Throws: ``CheckpointError/cannotDerive(name:operation:problem:)`` when there is not that much
  ///   memory.
  func gathered() throws(CheckpointError) -> Storage {
    let byteCount = entry.byteCount
    guard let copy = OwnedBytes(byteCount: byteCount) else {
      throw .cannotDerive(
        name: entry.name, operation: "copy it from where it lies unaligned or strided",
        problem: "it takes \(byteCount) bytes and the system has no such memory; "
          + "save the file again, which aligns it")
    }
    if entry.strides == entry.shape.contiguousStrides {
      copy.base.copyMemory(from: source, byteCount: byteCount)
    } else if byteCount > 0 {
      switch width {
      case 1: gather(UInt8.self, into: copy.base)
      case 2: gather(UInt16.self, into: copy.base)
      case 4: gather(UInt32.self, into: copy.base)
      default: gather(UInt64.self, into: copy.base)
      }
    }
    return Storage(lending: copy.base, byteCount: byteCount, from: copy)
  }

  /// Copies row by row; sources may be unaligned, targets are not.
  private func gather<Word: BitwiseCopyable>(_: Word.Type, into base: UnsafeMutableRawPointer) {
    let target = base.bindMemory(to: Word.self, capacity: shape.reduce(1, *))
    let (length, step) = (shape.last ?? 1, (strides.last ?? 1) * width)
    var index = [Int](repeating: 0, count: max(shape.count - 1, 0))
    var next = 0
    for _ in 0..<shape.dropLast().reduce(1, *) {
      var position = 0
      for axis in index.indices { position += index[axis] * strides[axis] }
      var element = source + position * width
      for _ in 0..<length {
        target[next] = element.loadUnaligned(as: Word.self)
        element += step
        next += 1
      }
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
  }
}

/// Memory that a copied tensor owns.
///
/// `@unchecked Sendable`: written only by whoever made it, before it is shared.
final class OwnedBytes: @unchecked Sendable {
  let base: UnsafeMutableRawPointer

  /// Nil when the system has not that much memory: the size comes from a file.
  init?(byteCount: Int) {
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, max(byteCount, 1)) == 0, let memory else { return nil }
    base = memory
  }

  deinit { free(base) }
}
