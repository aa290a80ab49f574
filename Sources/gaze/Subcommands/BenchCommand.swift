import ArgumentParser
import Console

/// `gaze bench kernels` and `gaze bench train`: the verb of the same name, without a session around it.
struct BenchCommand: ParsableCommand {
  enum Subject: String, CaseIterable, ExpressibleByArgument {
    case kernels, train
  }

  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time the kernels or training, on one thread and on all.",
    usage:
      """
      gaze bench [--peaks <program>] [--threads <n>] [--quick] [--json] [--stream] \
      (kernels | train)
      """)

  @Argument(help: "What to time.")
  var subject: Subject

  @Option(
    help: ArgumentHelp(
      "A program that measures what the machine could do at most, such as Benchmarks/peaks.c.",
      valueName: "program"))
  var peaks: String?

  @Option(name: [.short, .long], help: "How many threads \"all\" are.")
  var threads: Int?

  @Flag(help: "A run of each, over little memory.")
  var quick = false

  @OptionGroup var results: ResultFlags

  func validate() throws { try Gaze.check(threads: threads) }

  func run() throws {
    var line = ":bench \(subject.rawValue)"
    if let peaks { line += " peaks=\(Launch.quoted(peaks))" }
    if quick { line += " quick" }
    var launch = results.launch()
    launch.steps = [.line(line)]
    launch.threads = threads
    // The program is named on the command line, which is as good as typed.
    launch.allowsShell = true
    try Gaze.end { try Batch.run(launch) }
  }
}
