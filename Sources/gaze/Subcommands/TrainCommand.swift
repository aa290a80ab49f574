import ArgumentParser
import Console
import Terminal

/// `gaze train RECIPE`: the row `:train` of the command table.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a CLIP on captioned pictures.",
    usage:
      """
      gaze train [--steps <n>] [--resume] [--threads <n>] [--batch] [--json] [--stream] [--quiet] \
      <recipe>
      """,
    discussion: """
      In a terminal, shows how it learns and stays at the prompt, as a script does. Otherwise, or \
      with --batch, it says on standard error how far it is, and exits. Ctrl-C saves and ends; \
      --resume goes on.
      """)

  @Argument(
    help: "A YAML file that says what to learn from, the model's sizes and the schedule.",
    completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String

  @Option(
    help: ArgumentHelp(
      "Stop after this many steps, whatever the schedule says.", valueName: "n"))
  var steps: Int?

  @Flag(help: "Go on from what the recipe's last run saved.")
  var resume = false

  @Option(name: [.short, .long], help: ArgumentHelp("Threads to compute with.", valueName: "n"))
  var threads: Int?

  @Flag(help: "Run plain and exit, even in a terminal.")
  var batch = false

  @OptionGroup var results: ResultFlags

  @Flag(name: [.short, .long], help: "No warnings, nothing on the way.")
  var quiet = false

  func validate() throws {
    try Gaze.check(threads: threads)
    if let steps, steps < 1 {
      throw ValidationError("--steps is \(steps); it takes at least 1")
    }
  }

  func run() throws {
    var line = ":train \(Launch.quoted(recipe))"
    if let steps { line += " steps=\(steps)" }
    if resume { line += " resume" }
    var launch = results.launch()
    launch.steps = [.line(line)]
    launch.threads = threads
    launch.isQuiet = quiet
    let isPlain = batch || results.json || quiet || !Gaze.isTerminal
    try Gaze.end { isPlain ? try Batch.run(launch) : try ConsoleFrontEnd.run(launch) }
  }
}
