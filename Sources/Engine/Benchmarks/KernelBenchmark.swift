import Foundation
import Tensors

/// How fast one kernel is on so many threads.
package struct KernelMeasurement: Sendable {
  /// `f32 product`, `attention`, …
  package let kernel: String
  /// Sizes of the operands: M×K×N of a product, positions × heads × channels, rows × width.
  package let shape: String
  package let bound: PeakKind
  package let threads: Int
  /// In the unit of `bound`, by the median run.
  package let rate: Double
  /// The same by the fastest run.
  package let best: Double
  /// The time of the median run.
  package let milliseconds: Double
  /// How many runs were timed.
  package let runs: Int
  /// Training: pairs learned from in a second, by the median run.
  package let pairsPerSecond: Double?
}

/// What is timed.
package enum BenchmarkSubject: String, Sendable, CaseIterable {
  case kernels
  /// Steps of training.
  case train
}

/// What a benchmark of the kernels found.
package struct KernelReport: Sendable {
  /// The instruction set.
  package let isa: String
  /// How many threads "all" are.
  package let threads: Int
  package let measurements: [KernelMeasurement]
  /// Nil when no peak program was run.
  package let peaks: MachinePeaks?
}

/// Times every kernel that models spend their time in, or steps of training, on the engine's
/// thread.
package actor KernelBenchmark {
  private nonisolated let runtime: EngineRuntime
  private let subject: BenchmarkSubject
  private let isQuick: Bool

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    runtime.executor.asUnownedSerialExecutor()
  }

  /// - Parameter isQuick: a run or two of each kernel over little memory: to see that they work.
  package init(
    runtime: EngineRuntime, subject: BenchmarkSubject = .kernels, isQuick: Bool = false
  ) {
    self.runtime = runtime
    self.subject = subject
    self.isQuick = isQuick
  }

  /// Measures all kernels, on 1 thread and on all.
  ///
  /// - Parameter peakProgram: a program that measures the machine's peaks, run before and after;
  ///   of each figure the larger counts.
  /// - Throws: ``EngineError/cancelled``, or ``EngineError/peaks(program:problem:)``.
  package func run(
    peakProgram: String? = nil, progress: @Sendable (StageProgress) -> Void = { _ in }
  ) throws(EngineError) -> KernelReport {
    // A step of training asks for the buffers of the one before.
    let arena = subject == .train ? Arena(idleLimit: .max) : Arena()
    let packed = PackedWeights()
    let all = runtime.context(arena: arena, precision: .f32, packedWeights: packed)
    let one = ExecutionContext(
      kernels: runtime.kernels, pool: ThreadPool(threadCount: 1), arena: arena,
      cancellation: runtime.cancellation, packedWeights: packed)
    let contexts = all.pool.threadCount == 1 ? [one] : [one, all]
    let program = peakProgram.map(PeakProgram.init)
    let before = try peaks(program, threads: all.pool.threadCount)
    let cases = switch subject {
      case .kernels: KernelCase.all(streamedBytes: streamedBytes)
      case .train: KernelCase.training(pairs: isQuick ? 16 : 256)
    }
    var measurements: [KernelMeasurement] = []
    for (index, kernel) in cases.enumerated() {
      progress(StageProgress(stage: "timing \(kernel.kernel)", completed: index, total: cases.count))
      do {
        measurements += try measure(kernel, in: contexts)
      } catch {
        throw EngineError(error)
      }
      packed.removeAll()
      arena.trim()
    }
    let after = try peaks(program, threads: all.pool.threadCount)
    return KernelReport(
      isa: runtime.kernels.name, threads: all.pool.threadCount, measurements: measurements,
      peaks: before.flatMap { first in after.map { first.merged(with: $0) } })
  }

  private func peaks(
    _ program: PeakProgram?, threads: Int
  ) throws(EngineError) -> MachinePeaks? {
    try program?.run(threads: threads, cancellation: runtime.cancellation)
  }

  // MARK: Timing

  /// Enough that no cache holds it from one run to the next.
  private var streamedBytes: Int {
    isQuick ? 8 << 20 : min(1 << 30, max(256 << 20, 4 * LastCache.byteCount))
  }

  private func measure(
    _ kernel: KernelCase, in contexts: [ExecutionContext]
  ) throws(TensorError) -> [KernelMeasurement] {
    for context in contexts { context.precision = kernel.precision }
    let work = try kernel.prepare(contexts[0])
    var measurements: [KernelMeasurement] = []
    for context in contexts {
      // The first run packs weights and asks the system for buffers.
      try work(context)
      let times = try sortedTimes(of: work, in: context)
      let median = times[times.count / 2]
      measurements.append(
        KernelMeasurement(
          kernel: kernel.kernel, shape: kernel.shape, bound: kernel.bound,
          threads: context.pool.threadCount, rate: kernel.amount / median / 1e9,
          best: kernel.amount / times[0] / 1e9, milliseconds: median * 1000, runs: times.count,
          pairsPerSecond: kernel.pairs.map { Double($0) / median }))
    }
    return measurements
  }

  /// The times of single runs in seconds, shortest first.
  private func sortedTimes(
    of work: KernelCase.Work, in context: ExecutionContext
  ) throws(TensorError) -> [Double] {
    let clock = ContinuousClock()
    func time(_ count: Int) throws(TensorError) -> Double {
      let start = clock.now
      for _ in 0..<count { try work(context) }
      return max(1e-9, (clock.now - start).milliseconds / 1000) / Double(count)
    }
    let first = try time(1)
    guard !isQuick else { return [first] }
    // Runs are grouped so that each timed one is long against the clock and the waking of
    // threads.
    let group = max(1, Int(0.0005 / first))
    let budget = ContinuousClock().now + .milliseconds(250)
    var times: [Double] = []
    while times.count < 5 || (clock.now < budget && times.count < 1000) {
      times.append(try time(group))
    }
    return times.sorted()
  }
}

/// The cache that all processors share, or the largest there is.
enum LastCache {
  /// Bytes, as the system describes its first processor; a guess where it does not.
  static let byteCount: Int = {
    let sizes = (0..<8).compactMap { index -> Int? in
      let path = "/sys/devices/system/cpu/cpu0/cache/index\(index)/size"
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
      return Int(text.prefix { $0.isNumber }).map { min($0, 1 << 20) << 10 }
    }
    return sizes.max() ?? 64 << 20
  }()
}
