import ArgumentParser
import Console
import Foundation
import Terminal

/// `gaze`: flags in, a front end chosen.
@main
struct Gaze: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gaze", abstract: "A terminal lab for multimodal models.",
    discussion: """
      In a terminal, gaze opens a session: type :help there. Otherwise, or with --batch, it runs \
      its scripts, or the commands on its standard input, and prints what they find.
      """)

  @Argument(help: "Scripts to run, in order.")
  var scripts: [String] = []

  @Option(name: [.short, .long], help: "Load this checkpoint first.")
  var model: String?

  @Option(name: .long, help: "Stage a picture; repeatable.")
  var image: [String] = []

  @Option(name: [.short, .customLong("eval")], help: "Perform a command; repeatable.")
  var eval: [String] = []

  @Option(name: [.short, .long], help: "Send a prompt.")
  var prompt: String?

  @Option(name: [.short, .long], help: "Threads to compute with.")
  var threads: Int?

  @Option(name: .customShort("o"), help: "A setting, as key=value; repeatable.")
  var option: [String] = []

  @Flag(help: "Run plain and exit, even in a terminal.")
  var batch = false

  @Flag(help: "Plain lines instead of the ncurses session.")
  var plain = false

  @Flag(help: "Stop at the first failure.")
  var bail = false

  @Flag(help: "Print each command before its result.")
  var echo = false

  @Flag(help: "Print results as JSON Lines.")
  var json = false

  @Flag(help: "Let scripts run shell commands.")
  var allowShell = false

  @Flag(name: [.short, .long], help: "No warnings, no notes.")
  var quiet = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); it takes 1 to 1024")
    }
    if let wrong = option.first(where: { !$0.contains("=") }) {
      throw ValidationError("-o is \"\(wrong)\"; it takes key=value")
    }
  }

  func run() throws {
    do {
      let isTerminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0
      let isPlain = batch || json || plain || !isTerminal
      Foundation.exit(isPlain ? try Batch.run(launch()) : try ConsoleFrontEnd.run(launch()))
    } catch {
      FileHandle.standardError.write(Data("gaze: \(error)\n".utf8))
      Foundation.exit(2)
    }
  }

  /// What the flags ask for, in the order: settings, model, pictures, commands, scripts.
  private func launch() -> Launch {
    var launch = Launch()
    launch.threads = threads
    launch.allowsShell = allowShell
    launch.bails = bail
    launch.echoes = echo
    launch.isQuiet = quiet
    launch.format = json ? .json : .text
    for setting in option {
      let halves = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      launch.steps.append(
        .line(":set \(Launch.quoted(String(halves[0]))) \(Launch.quoted(String(halves[1])))"))
    }
    if let model { launch.steps.append(.line(":load \(Launch.quoted(model))")) }
    for path in image { launch.steps.append(.line(":image \(Launch.quoted(path))")) }
    launch.steps += eval.map(Launch.Step.line) + (prompt.map { [.line($0)] } ?? [])
    launch.steps += scripts.map(Launch.Step.script)
    if scripts.isEmpty, eval.isEmpty, prompt == nil { launch.steps.append(.standardInput) }
    return launch
  }
}
