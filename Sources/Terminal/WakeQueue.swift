import Foundation
import Synchronization

/// Values that any thread hands to the event loop.
///
/// The first value after a drain also writes a byte into a pipe that the loop polls.
package final class WakeQueue<Value: Sendable>: Sendable {
  private let values = Mutex<[Value]>([])
  private let readEnd: Int32
  private let writeEnd: Int32

  package init() throws(TerminalError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .noPipe(reason: String(cString: strerror(errno))) }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  /// What to poll for reading.
  var descriptor: Int32 { readEnd }

  /// Adds a value; never waits for the loop.
  package func push(_ value: Value) {
    let isFirst = values.withLock { values in
      values.append(value)
      return values.count == 1
    }
    guard isFirst else { return }
    var byte: UInt8 = 1
    // A full pipe has woken the loop already.
    while write(writeEnd, &byte, 1) < 0, errno == EINTR {}
  }

  /// Takes all values, the oldest first.
  package func drain() -> [Value] {
    // The pipe before the values: a push in between costs an idle wake-up, the other order could
    // leave a value behind an empty pipe.
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readEnd, &bytes, bytes.count) > 0 {}
    return values.withLock { values in
      defer { values = [] }
      return values
    }
  }
}
