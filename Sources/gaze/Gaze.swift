import ArgumentParser
import Console
import Foundation
import Terminal

/// `gaze`: flags in, a front end chosen.
struct Gaze: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gaze", abstract: "A terminal lab for multimodal models.",
    discussion: """
      In a terminal, gaze opens a session: type :help there. Otherwise, or with --batch, it runs \
      its scripts, or the commands on its standard input, and prints what they find. A script \
      that is called like a subcommand is run by its path, as ./bench.
      """,
    version: "gaze 0.1",
    subcommands: Subcommands.all)

  @Argument(
    help: ArgumentHelp("Scripts to run, in order.", valueName: "script"),
    completion: .file(extensions: ["gaze"]))
  var scripts: [String] = []

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Load this checkpoint first.", valueName: "checkpoint"),
    completion: .file())
  var model: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Stage a picture; repeatable.", valueName: "file"),
    completion: .file())
  var image: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("Stage a sound, for models that hear; repeatable.", valueName: "file"))
  var audio: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("Stage a video, for models that watch; repeatable.", valueName: "file"))
  var video: [String] = []

  @Option(
    name: [.short, .customLong("eval")],
    help: ArgumentHelp("Perform a command; repeatable.", valueName: "command"))
  var eval: [String] = []

  @Option(name: [.short, .long], help: ArgumentHelp("Send a prompt.", valueName: "text"))
  var prompt: String?

  @Option(name: [.short, .long], help: ArgumentHelp("Threads to compute with.", valueName: "n"))
  var threads: Int?

  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("A setting, as key=value; repeatable.", valueName: "key=value"))
  var option: [String] = []

  @Flag(help: "Run plain and exit, even in a terminal.")
  var batch = false

  @Flag(help: "Plain lines instead of the ncurses session.")
  var plain = false

  @Flag(help: "Stop at the first failure.")
  var bail = false

  @Flag(help: "Print each command before its result.")
  var echo = false

  @OptionGroup var results: ResultFlags

  @Option(
    help: ArgumentHelp(
      "Keep a log, which is a script that does the same again.", valueName: "file"),
    completion: .file())
  var log: String?

  @Flag(help: "Do not run the start-up file in a terminal.")
  var noInit = false

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(help: "Let scripts run shell commands.")
  var allowShell = false

  @Flag(name: [.short, .long], help: "No warnings, no notes.")
  var quiet = false

  static func check(threads: Int?) throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); it takes 1 to 1024")
    }
  }

  func validate() throws {
    try Gaze.check(threads: threads)
    if let wrong = option.first(where: { !$0.contains("=") }) {
      throw ValidationError("-o is \"\(wrong)\"; it takes key=value")
    }
  }

  /// Runs the subcommand that the first word names, or the session. The parser by itself would
  /// take a subcommand's name for a script.
  static func main() {
    var words = Array(CommandLine.arguments.dropFirst())
    if words.first == "help" { words = words.dropFirst() + ["--help"] }
    let named = configuration.subcommands.first { $0._commandName == words.first }
    let type: any ParsableCommand.Type = named ?? Gaze.self
    do {
      var command = try type.parseAsRoot(named == nil ? words : Array(words.dropFirst()))
      try command.run()
    } catch {
      guard type.exitCode(for: error) != .success else { type.exit(withError: error) }
      FileHandle.standardError.write(Data((type.fullMessage(for: error) + "\n").utf8))
      Foundation.exit(2)
    }
  }

  func run() throws {
    if noColor { setenv("NO_COLOR", "1", 1) }
    let launch = launch()
    let isPlain = plain || !launch.isTyped
    try Gaze.end { isPlain ? try Batch.run(launch) : try ConsoleFrontEnd.run(launch) }
  }

  static var isTerminal: Bool { isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 }

  /// Ends the process with what `work` comes to, or with 2 when it cannot begin.
  static func end(_ work: () throws -> Int32) throws -> Never {
    do {
      Foundation.exit(try work())
    } catch {
      FileHandle.standardError.write(Data("gaze: \(error)\n".utf8))
      Foundation.exit(2)
    }
  }

  /// What the flags ask for, in the order: log, settings, model, media, commands, scripts.
  private func launch() -> Launch {
    var launch = results.launch()
    launch.threads = threads
    launch.allowsShell = allowShell
    launch.bails = bail
    launch.isTyped = Gaze.isTerminal && !batch && !results.json
    launch.echoes = echo
    launch.isQuiet = quiet
    launch.readsStartUpFile = !noInit
    if let log { launch.steps.append(.startUp(":log \(Launch.quoted(log))")) }
    for setting in option {
      let halves = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      launch.steps.append(
        .startUp(":set \(Launch.quoted(String(halves[0]))) \(Launch.quoted(String(halves[1])))"))
    }
    if let model { launch.steps.append(.startUp(":load \(Launch.quoted(model))")) }
    for (verb, paths) in [("image", image), ("audio", audio), ("video", video)] {
      launch.steps += paths.map { .startUp(":\(verb) \(Launch.quoted($0))") }
    }
    launch.steps += eval.map(Launch.Step.line)
    // Whatever a prompt begins with, it is text.
    if let prompt { launch.steps.append(.line(Statement.text(prompt).line)) }
    launch.steps += scripts.map(Launch.Step.script)
    if scripts.isEmpty, eval.isEmpty, prompt == nil { launch.steps.append(.standardInput) }
    return launch
  }
}
