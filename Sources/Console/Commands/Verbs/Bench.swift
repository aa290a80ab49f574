import Engine
import Foundation

/// `:bench`: how fast this machine computes, and how fast it could.
struct Bench: Command {
  private static let subject = Positional(
    ValueKind<BenchmarkSubject>.choice, "what to time: the kernels, or steps of training")
  private static let peaks = Option(
    "peaks", .path("PROGRAM"), "a program that measures what the machine could do at most")
  private static let quick = Flag("quick", "a run of each, over little memory")

  static let signature = Signature(
    "bench", "time the kernels or training, on one thread and on all", footprint: .none,
    [subject.parameter, peaks.parameter, quick.parameter],
    examples: [
      ":bench kernels", ":bench kernels quick", ":bench train peaks=build/peaks",
    ])

  let subject: BenchmarkSubject
  let peakProgram: String?
  let isQuick: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    subject = try arguments.value(at: 0, of: Bench.subject) ?? .kernels
    peakProgram = try arguments[Bench.peaks].map(PathExpansion.expandingHome)
    isQuick = arguments[Bench.quick]
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    guard peakProgram == nil || session.mayRunPrograms else {
      throw CommandFailure(
        code: "shell.refused", "a script may not run the program of peaks=",
        remedy: "start gaze with --allow-shell if you trust it")
    }
    let benchmark = KernelBenchmark(
      runtime: session.runtime, subject: subject, isQuick: isQuick)
    do throws(EngineError) {
      let report = try await benchmark.run(
        peakProgram: peakProgram, progress: session.progressSink)
      return Outcome(BenchResult(report, isQuick: isQuick))
    } catch {
      throw CommandFailure(error)
    }
  }
}

/// The data of `:bench kernels`.
struct BenchResult: CommandResult {
  struct Peak: Encodable {
    let figure: PeakKind
    let threads: Int
    let unit: String
    let rate: Double
  }

  struct Kernel: Encodable {
    let kernel: String
    let shape: String
    let threads: Int
    let unit: String
    /// By the median run.
    let rate: Double
    /// By the fastest run.
    let best: Double
    let ms: Double
    let runs: Int
    /// The figure that it is held against.
    let bound: PeakKind
    /// `rate` as a part of that figure on as many threads; nil when that is not known.
    let share: Double?
    /// The same of `best`.
    let bestShare: Double?
    /// Training only.
    let pairsPerSecond: Double?
  }

  let isa: String
  let threads: Int
  let quick: Bool
  let kernels: [Kernel]
  /// Nil when no program measured any.
  let peaks: [Peak]?

  init(_ report: KernelReport, isQuick: Bool) {
    isa = report.isa
    threads = report.threads
    quick = isQuick
    kernels = report.measurements.map { found in
      let peak = report.peaks?[found.bound, threads: found.threads]
      return Kernel(
        kernel: found.kernel, shape: found.shape, threads: found.threads, unit: found.bound.unit,
        rate: found.rate, best: found.best, ms: found.milliseconds, runs: found.runs,
        bound: found.bound, share: peak.map { found.rate / $0 },
        bestShare: peak.map { found.best / $0 }, pairsPerSecond: found.pairsPerSecond)
    }
    let counts = report.threads == 1 ? [1] : [1, report.threads]
    peaks = report.peaks.map { peaks in
      PeakKind.allCases.flatMap { kind in
        counts.compactMap { threads in
          peaks[kind, threads: threads].map {
            Peak(figure: kind, threads: threads, unit: kind.unit, rate: $0)
          }
        }
      }
    }
  }

  // MARK: Report

  var report: Report {
    let heading = StyledText([
      (isa, .heading), ("  \(threads) \(threads == 1 ? "thread" : "threads")", .plain),
      (quick ? "  single runs: no measurement" : "  medians", .faint),
    ])
    var blocks: [Report.Block] = [.line(heading), .table(kernelTable)]
    if let peaks {
      blocks += [.line("what the machine could do at most"), .table(peakTable(peaks))]
    } else {
      blocks.append(
        .line(
          StyledText(
            "  peaks=PROGRAM gives shares of what the machine could do; make bench has one",
            .faint)))
    }
    if let note = unrest { blocks.append(.line(StyledText("  " + note, .warning))) }
    return Report(blocks)
  }

  /// What to say when runs differ so much that medians tell more of other programs than of the
  /// kernels.
  private var unrest: String? {
    let spreads = kernels.map { $0.best / $0.rate - 1 }.sorted()
    guard !spreads.isEmpty, spreads[spreads.count / 2] > 0.15 else { return nil }
    let percent = Format.decimal(spreads[spreads.count / 2] * 100, 0)
    return "the fastest runs were \(percent) % faster than these: other programs are at work here"
  }

  /// 1 thread and all threads, or 1 alone where that is all.
  private var threadCounts: [Int] { threads == 1 ? [1] : [1, threads] }

  private func threadTitle(_ count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }

  private var kernelTable: Table {
    var columns: [(String, Table.Alignment)] = [("kernel", .left), ("shape", .left)]
    let isTraining = kernels.contains { $0.pairsPerSecond != nil }
    for count in threadCounts {
      columns.append((threadTitle(count), .right))
      if isTraining { columns.append(("pairs/s", .right)) }
      if peaks != nil { columns.append(("of peak", .right)) }
    }
    // Rows of one kernel at one shape stand together, one per thread count.
    let groups = stride(from: 0, to: kernels.count, by: threadCounts.count).map {
      kernels[$0..<min(kernels.count, $0 + threadCounts.count)]
    }
    return Table(
      columns,
      rows: groups.compactMap { group in
        guard let first = group.first else { return nil }
        let cells = group.flatMap { kernel in
          [rateCell(kernel.rate, kernel.unit)]
            + (kernel.pairsPerSecond.map { [StyledText(Format.decimal($0, 0), .number)] } ?? [])
            + (peaks == nil ? [] : [StyledText(shareText(kernel.share), .number)])
        }
        return [StyledText(first.kernel, .label), StyledText(first.shape)] + cells
      })
  }

  private func shareText(_ share: Double?) -> String {
    share.map { Format.decimal($0 * 100, 0) + " %" } ?? "–"
  }

  private func rateCell(_ rate: Double, _ unit: String) -> StyledText {
    StyledText([(Format.decimal(rate, 1), .number), (" \(unit)", .faint)])
  }

  private func peakTable(_ peaks: [Peak]) -> Table {
    Table(
      [("peak", .left)] + threadCounts.map { (threadTitle($0), .right) },
      rows: PeakKind.allCases.map { kind in
        [StyledText(Bench.title(of: kind), .label)]
          + threadCounts.map { count in
            peaks.first { $0.figure == kind && $0.threads == count }
              .map { rateCell($0.rate, $0.unit) } ?? StyledText("no such instruction", .faint)
          }
      })
  }
}

extension Bench {
  fileprivate static func title(of kind: PeakKind) -> String {
    switch kind {
    case .f32: "f32 multiply-add"
    case .bf16: "bf16 dot product"
    case .int8: "int8 dot product"
    case .memory: "memory read"
    }
  }
}
