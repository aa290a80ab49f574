import ArgumentParser
import Console
import Foundation

/// What `gaze WORD …` does besides running scripts. Each forwards to a verb.
struct Subcommands: ParsableCommand {
  static let all: [any ParsableCommand.Type] = [
    BenchCommand.self, InspectCommand.self, DocumentationCommand.self,
  ]

  static let configuration = CommandConfiguration(commandName: "gaze", subcommands: all)

  /// Whether `arguments` are for a subcommand: only their first word can name one. A list of
  /// scripts takes every word, so the parser must be told beforehand.
  static func serve(_ arguments: [String]) -> Bool {
    guard let first = arguments.first else { return false }
    if first == "help" { return arguments.count > 1 }
    return all.contains { $0.configuration.commandName == first }
  }
}

/// Performs one verb plainly and ends the process with what came of it.
func forward(_ line: String, _ prepare: (inout Launch) -> Void) -> Never {
  var launch = Launch()
  launch.steps = [.line(line)]
  prepare(&launch)
  do {
    Foundation.exit(try Batch.run(launch))
  } catch {
    FileHandle.standardError.write(Data("gaze: \(error)\n".utf8))
    Foundation.exit(2)
  }
}

@main
enum Main {
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if Subcommands.serve(arguments) {
      Subcommands.main(arguments)
    } else {
      Gaze.main(arguments == ["help"] ? ["--help"] : arguments)
    }
  }
}
