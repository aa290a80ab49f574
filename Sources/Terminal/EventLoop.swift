import CCurses
import Foundation

/// Waits for keys, for values of other threads and for signals, on the thread that owns the screen.
///
/// It polls; it never awaits. Signals arrive through a pipe of their own, because almost nothing
/// may be done inside a handler.
package final class EventLoop<Value: Sendable> {
  package struct Ready {
    package var signals: [Int32] = []
    package var values: [Value] = []
    package var hasInput = false
    /// Nothing more will come, as when the terminal's window closes; what came before may be read.
    package var isHungUp = false
  }

  private let queue: WakeQueue<Value>
  private let signals: Int32
  private let input: Int32

  /// Installs the signal handlers; one loop at a time.
  package init(queue: WakeQueue<Value>, input: Int32 = STDIN_FILENO) throws(TerminalError) {
    self.queue = queue
    self.input = input
    signals = gaze_signals_open()
    guard signals >= 0 else { throw .noPipe(reason: String(cString: strerror(errno))) }
  }

  deinit { gaze_signals_close() }

  /// Waits until there is something to do, or for a number of milliseconds (forever when negative).
  package func wait(milliseconds: Int32 = -1) -> Ready {
    var polled = [
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
      pollfd(fd: queue.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: input, events: Int16(POLLIN), revents: 0),
    ]
    var ready = Ready()
    let count = poll(&polled, nfds_t(polled.count), milliseconds)
    // Interrupted by a signal: its byte is in the pipe and found at the next call.
    guard count > 0 else { return ready }
    if polled[0].revents != 0 { ready.signals = readSignals() }
    if polled[1].revents != 0 { ready.values = queue.drain() }
    ready.hasInput = polled[2].revents & Int16(POLLIN) != 0
    // A terminal that is gone may still say that there is something to read: the end of it.
    ready.isHungUp = polled[2].revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0
    return ready
  }

  /// The signals that have arrived, each once, in the order of their first arrival.
  private func readSignals() -> [Int32] {
    var bytes = [UInt8](repeating: 0, count: 256)
    var numbers: [Int32] = []
    while true {
      let count = read(signals, &bytes, bytes.count)
      guard count > 0 else { break }
      for byte in bytes[..<count] where !numbers.contains(Int32(byte)) {
        numbers.append(Int32(byte))
      }
    }
    if !numbers.isEmpty { gaze_signals_acknowledge() }
    return numbers
  }
}
