import Foundation
import JSONDocuments
import Tensors

/// A program that measures a machine's peaks: `Benchmarks/peaks.c`, or one that prints the same.
///
/// It is called with the number of threads and prints one line of JSON per figure, for 1 thread
/// and for that many: `{"figure":"f32","threads":1,"unit":"GF/s","value":118.2}`. Figures that
/// are not known here are passed over; a null value says that the machine lacks the instruction.
struct PeakProgram {
  /// Many times what the program needs.
  private static let secondsAllowed = 60.0
  /// A figure takes about a hundred bytes.
  private static let bytesAllowed = 1 << 16

  let path: String

  /// Runs the program to its end.
  ///
  /// - Throws: ``EngineError/peaks(program:problem:)``, or ``EngineError/cancelled`` within some
  ///   tens of milliseconds of an interrupt; the program is ended then.
  func run(threads: Int, cancellation: Cancellation) throws(EngineError) -> MachinePeaks {
    let output = try output(threads: threads, cancellation: cancellation)
    var peaks = MachinePeaks()
    for line in output.split(separator: UInt8(ascii: "\n")) {
      do throws(JSONError) {
        try PeakProgram.take(Array(line), into: &peaks)
      } catch {
        throw problem("its output is not understood: \(error)")
      }
    }
    return peaks
  }

  private func problem(_ text: String) -> EngineError { .peaks(program: path, problem: text) }

  private static func take(_ line: [UInt8], into peaks: inout MachinePeaks) throws(JSONError) {
    let root = try JSONDocument(bytes: line, source: "the peak program's line").root
    let kind = PeakKind(rawValue: try root.required("figure").asString())
    let threads = try root.required("threads").asInteger()
    guard let kind, let value = try root.member("value") else { return }
    let rate = try value.asDouble()
    guard rate > 0 else { throw value.error("a rate must be above zero") }
    peaks[kind, threads: threads] = rate
  }

  private func output(
    threads: Int, cancellation: Cancellation
  ) throws(EngineError) -> [UInt8] {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: path)
    process.arguments = ["\(threads)"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    do { try process.run() } catch { throw problem("it cannot be run") }
    // The program holds the only other end now; a child that it leaves behind must not be
    // waited for either, so reading never blocks.
    try? pipe.fileHandleForWriting.close()
    let end = pipe.fileHandleForReading.fileDescriptor
    _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
    defer { stop(process) }

    let deadline = ContinuousClock().now + .seconds(PeakProgram.secondsAllowed)
    var bytes: [UInt8] = []
    while true {
      let isOver = !process.isRunning
      PeakProgram.drain(end, into: &bytes)
      guard bytes.count <= PeakProgram.bytesAllowed else {
        throw problem("it prints more than \(PeakProgram.bytesAllowed) bytes")
      }
      if isOver { break }
      if cancellation.isCancelled { throw .cancelled }
      guard ContinuousClock().now < deadline else {
        throw problem("it runs for more than \(Int(PeakProgram.secondsAllowed)) seconds")
      }
      usleep(10_000)
    }
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw problem("it ended with status \(process.terminationStatus)")
    }
    return bytes
  }

  private func stop(_ process: Process) {
    // Measuring programs have nothing to put in order.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Reads what there is.
  private static func drain(_ descriptor: Int32, into bytes: inout [UInt8]) {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count <= bytesAllowed {
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return }
      bytes += chunk[..<count]
    }
  }
}
