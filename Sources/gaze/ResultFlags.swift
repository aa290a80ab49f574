import ArgumentParser
import Console

/// How results are printed, by every subcommand alike.
struct ResultFlags: ParsableArguments {
  @Flag(help: "Print results as JSON Lines.")
  var json = false

  @Flag(help: "In JSON Lines, print how far each command is, too.")
  var stream = false

  /// A launch that prints so.
  func launch() -> Launch {
    var launch = Launch()
    launch.format = json ? .json : .text
    launch.isStreaming = stream
    return launch
  }
}
