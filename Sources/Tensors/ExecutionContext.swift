import CKernels
import Synchronization

/// How matrix products multiply.
package enum Precision: String, Sendable, CaseIterable {
  /// As the weights are stored: bf16 weights meet bf16 activations, f32 and f16 weights meet
  /// f32 ones.
  case file
  /// f32 arithmetic on the weights' exact values; what parity is tested in.
  case f32
  /// bf16 operands, f32 accumulation.
  case bf16
  /// int8 operands (one scale per activation row and per weight row), int32 accumulation.
  case int8
}

/// One flag that ends a computation early; safe to raise from any thread.
package final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  package init() {}

  package func cancel() { flag.store(true, ordering: .relaxed) }
  package func reset() { flag.store(false, ordering: .relaxed) }
  package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

/// What every operation needs: kernels, threads, buffers, precision, the cancellation flag, the
/// attention taps and, when gradients are wanted, the tape.
///
/// Operations are its methods, one file each under `Operations`:
///
///     let hidden = try context.layerNorm(x, gain: gain, bias: bias, epsilon: 1e-5)
///
/// Not `Sendable`: one computation runs on a context at a time.
package final class ExecutionContext {
  package let kernels: KernelTable
  package let pool: ThreadPool
  package let arena: Arena
  package let cancellation: Cancellation
  package var precision: Precision
  /// Receives what it asks for from inside a model; nil keeps attention fused.
  package var taps: Taps?
  /// Records operations on tracked tensors while it is there.
  package internal(set) var tape: Tape?
  /// Whether a tape keeps of a block only what enters it (Chen et al. 2016): less memory, a third
  /// more time.
  package var recomputesBlocks = false
  /// Weights converted for a precision other than their file's.
  package let packedWeights: PackedWeights

  package init(
    kernels: KernelTable = KernelTable.available[0], pool: ThreadPool, arena: Arena = Arena(),
    cancellation: Cancellation = Cancellation(), precision: Precision = .file,
    packedWeights: PackedWeights = PackedWeights()
  ) {
    self.kernels = kernels
    self.pool = pool
    self.arena = arena
    self.cancellation = cancellation
    self.precision = precision
    self.packedWeights = packedWeights
  }

  /// The same kernels, threads, buffers and precision under a flag that nobody raises: for what must
  /// not stop half way.
  package var uninterrupted: ExecutionContext {
    ExecutionContext(
      kernels: kernels, pool: pool, arena: arena, precision: precision,
      packedWeights: packedWeights)
  }

  /// The C functions of ``kernels``.
  var functions: gaze_kernel_table { kernels.functions.pointee }

  /// A new contiguous tensor, its elements undefined.
  package func empty(_ shape: Shape, _ elementType: ElementType = .f32) -> Tensor {
    Tensor(
      storage: arena.allocate(byteCount: elementType.bytes(of: shape.elementCount)),
      elementType: elementType, shape: shape)
  }

  package func zeros(_ shape: Shape) -> Tensor {
    let tensor = empty(shape)
    tensor.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: tensor.byteCount)
    return tensor
  }

  /// A new tensor with these elements, in row-major order.
  ///
  /// - Precondition: `values` has as many elements as `shape`.
  package func tensor(_ values: [Float], _ shape: Shape) -> Tensor { tensor([values], shape) }

  /// The same of elements that lie elsewhere, which are copied.
  package func tensor(_ values: UnsafeBufferPointer<Float>, _ shape: Shape) -> Tensor {
    precondition(values.count == shape.elementCount, "\(values.count) values for \(shape)")
    let tensor = empty(shape)
    if let base = values.baseAddress { tensor.floats.update(from: base, count: values.count) }
    return tensor
  }

  /// The same of elements that lie in several places, one after another.
  package func tensor(_ parts: [[Float]], _ shape: Shape) -> Tensor {
    let count = parts.reduce(0) { $0 + $1.count }
    precondition(count == shape.elementCount, "\(count) values for \(shape)")
    let tensor = empty(shape)
    var target = tensor.floats
    for part in parts {
      part.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { target.update(from: base, count: part.count) }
      }
      target += part.count
    }
    return tensor
  }

  // MARK: Loops

  /// Runs `body` for every index below `count` on all threads, polling the cancellation flag
  /// before each.
  ///
  /// - Throws: ``TensorError/cancelled``.
  func parallel(_ count: Int, _ body: (Int) -> Void) throws(TensorError) {
    let cancellation = cancellation
    pool.forEach(count) { index in
      guard !cancellation.isCancelled else { return }
      body(index)
    }
    if cancellation.isCancelled { throw .cancelled }
  }

  /// Splits `count` rows into runs that are worth a thread's while: at least `grain` elements.
  func parallelRows(
    _ count: Int, width: Int, grain: Int = 16_384, _ body: (Range<Int>) -> Void
  ) throws(TensorError) {
    guard count > 0 else { return }
    let rows = max(1, grain / max(1, width))
    try parallel((count + rows - 1) / rows) { index in
      body(index * rows..<min(count, (index + 1) * rows))
    }
  }

  // MARK: Recording

  /// `output`, known to the tape if any of `inputs` is.
  ///
  /// `rule` maps the gradient with respect to the output to those with respect to the inputs,
  /// nil where an input is not followed.
  func recorded(
    _ output: Tensor, from inputs: @autoclosure () -> [Tensor?],
    _ rule: @autoclosure () -> GradientRule
  ) -> Tensor {
    guard let tape else { return output }
    return tape.record(output, inputs: inputs(), rule: rule())
  }

  /// A contiguous f32 tensor with the same elements; itself when it is one already.
  ///
  /// - Throws: ``TensorError/elementType(operation:found:expected:)`` for integer elements.
  package func contiguous(_ x: Tensor) throws(TensorError) -> Tensor {
    guard x.elementType == .f32 else { return try upcast(x) }
    return x.isContiguous ? x : try copied(x)
  }
}
