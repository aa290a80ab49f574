import ArgumentParser
import Console

/// `gaze inspect CHECKPOINT`: the row `:inspect` of the command table.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "List a checkpoint's configuration and tensors.",
    usage: "gaze inspect [--json] [--stream] <checkpoint>")

  @Argument(
    help: "A folder, a file, a name in the Hugging Face cache, or a bundled one.",
    completion: .file())
  var checkpoint: String

  @OptionGroup var results: ResultFlags

  func run() throws {
    var launch = results.launch()
    launch.steps = [.line(":inspect \(Launch.quoted(checkpoint))")]
    try Gaze.end { try Batch.run(launch) }
  }
}
