import Synchronization
import Tensors

/// What all loaded models share: the engine's thread, the workers, the kernels and the flag
/// that interrupts them.
package final class EngineRuntime: Sendable {
  package let executor = EngineExecutor()
  package let cancellation = Cancellation()
  package let kernels: KernelTable
  private let pool: Mutex<ThreadPool>

  /// - Parameters:
  ///   - kernels: the instruction set to compute with.
  ///   - threads: threads that kernels run on.
  package init(
    kernels: KernelTable = KernelTable.available[0],
    threads: Int = ThreadPool.processorCount
  ) {
    self.kernels = kernels
    pool = Mutex(ThreadPool(threadCount: threads))
  }

  deinit {
    executor.close()
    pool.withLock { $0.close() }
  }

  package var threads: Int { pool.withLock { $0.threadCount } }

  /// Replaces the workers. A computation that is under way goes on without any.
  package func setThreads(_ count: Int) {
    let fresh = ThreadPool(threadCount: count)
    let old = pool.withLock { pool in
      let old = pool
      pool = fresh
      return old
    }
    old.close()
  }

  /// A context for one computation.
  func context(
    arena: Arena, precision: Precision, packedWeights: PackedWeights
  ) -> ExecutionContext {
    ExecutionContext(
      kernels: kernels, pool: pool.withLock { $0 }, arena: arena, cancellation: cancellation,
      precision: precision, packedWeights: packedWeights)
  }
}
