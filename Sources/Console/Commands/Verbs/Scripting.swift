/// `:print`: text for the reader of a script.
struct Print: Command {
  private static let text = Positional(
    ValueKind<String>.text(), "printed as it is", isRequired: false)

  static let signature = Signature(
    "print", "print a text", form: .raw, [text.parameter], examples: [":print Which animal?"])

  let text: String

  init(_ arguments: Arguments) { text = arguments.rest }

  func perform(in session: isolated Session) async -> Outcome { Outcome(PrintResult(text: text)) }
}

/// The data of `:print`.
struct PrintResult: CommandResult {
  let text: String

  var report: Report {
    Report(text.split(separator: "\n", omittingEmptySubsequences: false).map {
      .line(StyledText(String($0)))
    })
  }
}

/// `:source`: run a script.
struct SourceCommand: Command {
  private static let file = Positional(ValueKind<String>.path(), "a script")

  static let signature = Signature(
    "source", aliases: ["run"], "run the commands of a file", [file.parameter],
    examples: [":source examples/rank.gaze"])

  let file: String

  init(_ arguments: Arguments) throws(CommandFailure) {
    file = try arguments.value(at: 0, of: SourceCommand.file) ?? ""
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    try await session.run(script: PathExpansion.expandingHome(file), bails: false)
    return Outcome(Done())
  }
}

/// `:mode`: text or JSON Lines.
struct Mode: Command {
  private static let format = Positional(ValueKind<OutputFormat>.choice, "how results are printed")

  static let signature = Signature(
    "mode", "print results as text or as JSON Lines", [format.parameter], examples: [":mode json"])

  let format: OutputFormat

  init(_ arguments: Arguments) throws(CommandFailure) {
    format = try arguments.value(at: 0, of: Mode.format) ?? .text
  }

  func perform(in session: isolated Session) async -> Outcome {
    session.send(.format(format))
    return Outcome(Done())
  }
}

/// `:clear`: the conversation; with no model that converses, the last result.
struct Clear: Command {
  static let signature = Signature("clear", "forget the last result", examples: [":clear"])

  init(_ arguments: Arguments) {}

  func perform(in session: isolated Session) async -> Outcome {
    session.last = nil
    return Outcome(Done())
  }
}

/// `:reset`: everything.
struct Reset: Command {
  static let signature = Signature(
    "reset", "unload every model, drop all media, restore the settings", examples: [":reset"])

  init(_ arguments: Arguments) {}

  func perform(in session: isolated Session) async -> Outcome {
    session.models = []
    session.currentAlias = nil
    session.shelf.removeAll()
    session.settings = Settings()
    session.last = nil
    return Outcome(Done("everything is as at the start"))
  }
}

/// `:quit`: end the session.
struct Quit: Command {
  private static let code = Positional(
    ValueKind<Int>.integer(0...255), "exit code of the process", isRequired: false)

  static let signature = Signature(
    "quit", aliases: ["q", "exit", "bye"], "end the session", [code.parameter],
    examples: [":quit", ":quit 3"])

  let code: Int?

  init(_ arguments: Arguments) throws(CommandFailure) {
    code = try arguments.value(at: 0, of: Quit.code)
  }

  func perform(in session: isolated Session) async -> Outcome {
    session.exit.quit(code.map { Int32($0) })
    return Outcome(Done())
  }
}
