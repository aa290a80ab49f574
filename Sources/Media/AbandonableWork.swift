import Dispatch
import Foundation
import Synchronization

/// Work that nothing can stop: it runs on a thread of its own, which the caller leaves behind when
/// the picture is no longer wanted. It then runs to its end, and what comes of it is freed there.
final class AbandonableWork<Value: Sendable>: Sendable {
  private let outcome = Mutex<Result<Value, MediaError>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  /// Milliseconds from one question to the next.
  private static var interval: Int { 20 }

  private init() {}

  /// What `body` comes to.
  ///
  /// - Throws: what `body` throws; ``MediaError/cancelled``.
  static func value(
    unless watch: DecodingWatch, _ body: @escaping @Sendable () throws(MediaError) -> Value
  ) throws(MediaError) -> Value {
    let work = AbandonableWork()
    Thread.detachNewThread {
      let result = Result { () throws(MediaError) in try body() }
      work.outcome.withLock { $0 = result }
      work.isDone.signal()
    }
    while true {
      try watch.check()
      if work.isDone.wait(timeout: .now() + .milliseconds(interval)) == .success {
        guard let outcome = work.outcome.withLock({ $0 }) else { continue }
        return try outcome.get()
      }
    }
  }
}
