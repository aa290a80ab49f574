import ArgumentParser

/// What `gaze WORD …` does besides running scripts. Each forwards to a verb.
enum Subcommands {
  static let all: [any ParsableCommand.Type] = [
    BenchCommand.self, InspectCommand.self, TrainCommand.self, DocumentationCommand.self,
  ]
}

@main
enum Main {
  static func main() { Gaze.main() }
}
