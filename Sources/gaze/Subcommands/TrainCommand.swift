import ArgumentParser
import Console

/// `gaze train RECIPE`: the row `:train` of the command table.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a CLIP on captioned pictures.",
    usage: "gaze train [--steps <n>] [--resume] [--threads <n>] [--json] [--quiet] <recipe>",
    discussion: """
      Says on standard error how far it is. Ctrl-C saves and ends; --resume goes on. To watch it \
      learn, type :train in a session, or start one with gaze -e ":train RECIPE".
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

  @Flag(help: "Print the result as a line of JSON.")
  var json = false

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
    var launch = Launch()
    launch.steps = [.line(line)]
    launch.threads = threads
    launch.isQuiet = quiet
    launch.format = json ? .json : .text
    try Gaze.end { try Batch.run(launch) }
  }
}
