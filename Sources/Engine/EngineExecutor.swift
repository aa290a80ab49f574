import Foundation
import Synchronization

/// Runs actor jobs one after another on a thread of its own, so that computation never sits on
/// Swift's cooperative pool.
///
/// `@unchecked Sendable`: `queue` is touched only under `condition`'s lock, and `NSCondition`
/// is made for sharing.
package final class EngineExecutor: SerialExecutor, @unchecked Sendable {
  private let condition = NSCondition()
  private var queue: [UnownedJob] = []
  private var isClosed = false

  package init() {
    let thread = Thread { [weak self] in
      while let executor = self, let job = executor.nextJob() {
        job.runSynchronously(on: executor.asUnownedSerialExecutor())
      }
    }
    thread.name = "gaze engine"
    // Attention over long sequences recurses nowhere, but parsers below us may.
    thread.stackSize = 8 << 20
    thread.start()
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.lock()
    queue.append(job)
    condition.signal()
    condition.unlock()
  }

  /// Ends the thread once the queue is empty.
  package func close() {
    condition.lock()
    isClosed = true
    condition.signal()
    condition.unlock()
  }

  private func nextJob() -> UnownedJob? {
    condition.lock()
    defer { condition.unlock() }
    while queue.isEmpty {
      if isClosed { return nil }
      condition.wait()
    }
    return queue.removeFirst()
  }
}
