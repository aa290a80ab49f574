import CKernels
import Tensors

/// The C functions of one instruction set, as a test argument.
struct Table: CustomStringConvertible, Sendable {
  let kernels: KernelTable
  private let index: Int

  var functions: gaze_kernel_table { gaze_kernel_table_at(Int32(index))!.pointee }
  var tileRows: Int { Int(functions.tile_rows) }
  var description: String { kernels.name }

  /// Every table that this machine can run, fastest first.
  static let all = KernelTable.available.indices.map {
    Table(kernels: KernelTable.available[$0], index: $0)
  }

  func context(
    _ precision: Precision = .file, pool: ThreadPool = sharedPool
  ) -> ExecutionContext {
    ExecutionContext(kernels: kernels, pool: pool, precision: precision)
  }
}

/// One pool for all tests that do not care: whoever finds it busy computes alone.
let sharedPool = ThreadPool(threadCount: 2)

/// Memory that starts off any vector boundary, with cells around it that nobody may write.
final class GuardedFloats {
  private static let margin = 37
  private static let sentinel: Float = -12345.5
  private let base: UnsafeMutablePointer<Float>
  let count: Int
  var start: UnsafeMutablePointer<Float> { base + GuardedFloats.margin }

  init(count: Int) {
    self.count = count
    base = .allocate(capacity: count + 2 * GuardedFloats.margin)
    base.initialize(repeating: GuardedFloats.sentinel, count: count + 2 * GuardedFloats.margin)
  }

  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    for (index, value) in values.enumerated() { start[index] = value }
  }

  deinit { base.deallocate() }

  var array: [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }

  /// Whether the cells around, and those inside that `written` leaves out, are untouched.
  func isIntact(written: (Int) -> Bool = { _ in true }) -> Bool {
    (-GuardedFloats.margin..<count + GuardedFloats.margin).allSatisfy {
      start[$0] == GuardedFloats.sentinel || ((0..<count).contains($0) && written($0))
    }
  }
}
