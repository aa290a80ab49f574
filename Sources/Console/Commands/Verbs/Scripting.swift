/// `:print`: text for the reader of a script.
struct Print: Command {
  private static let text = Positional(
    ValueKind<String>.text(), "printed as it is", isRequired: false)

  static let signature = Signature(
    "print", "print a text", form: .raw, footprint: .speaksForItself, [text.parameter],
    examples: [":print Which animal?"])

  let text: String

  init(_ arguments: Arguments) { text = arguments.rest }

  func perform(in session: isolated Session) async -> Outcome { Outcome(PrintResult(text: text)) }
}

/// The data of `:print`.
struct PrintResult: CommandResult {
  let text: String

  var isAnswer: Bool { false }

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
    "source", aliases: ["run"], "run the commands of a file", footprint: .contents,
    [file.parameter],
    examples: [":source examples/rank.gaze"])

  let file: String

  init(_ arguments: Arguments) throws(CommandFailure) {
    file = try arguments.value(at: 0, of: SourceCommand.file) ?? ""
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let path = PathExpansion.expandingHome(file)
    let counts = try await session.run(script: path)
    return Outcome(
      SourceResult(file: path, commands: counts.commands, failures: counts.failures))
  }
}

/// The data of `:source`: its commands have records of their own.
struct SourceResult: CommandResult {
  let file: String
  let commands: Int
  let failures: Int

  var isAnswer: Bool { false }

  var report: Report { Report() }
}

/// `:clear`: the conversation. While no model converses, that is the last result alone: what
/// `:check` and `:export` would ask about.
struct Clear: Command {
  static let signature = Signature(
    "clear", "forget the conversation, and the last result with it", examples: [":clear"])

  init(_ arguments: Arguments) {}

  func perform(in session: isolated Session) async -> Outcome {
    session.forgetResults()
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
    session.origins = [:]
    session.currentAlias = nil
    session.shelf.removeAll()
    for (setting, initial) in zip(SettingDescription.all, session.initialSettings) {
      _ = setting.write(session, initial.value)
    }
    session.forgetResults()
    session.once = nil
    session.echoes = session.options.echoes
    session.showsTime = false
    session.format = session.options.format
    session.send(.format(session.format))
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
