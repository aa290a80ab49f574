/// `:log`: keep a transcript that is a script.
struct LogCommand: Command {
  private static let file = Positional(
    ValueKind<String>.path("FILE|off"), "a new file, or `off`; alone, says where the log goes",
    isRequired: false)
  private static let timing = Option(
    "timing", .onOff, "write times too, which a second run does not repeat (off)")
  private static let force = Flag("force", "overwrite the file if it is there")

  static let signature = Signature(
    "log",
    "keep a log, which is a script that does the same again; checks and steps begin anew",
    footprint: .none,
    [file.parameter, timing.parameter, force.parameter],
    examples: [":log session.gaze", ":log session.gaze force", ":log off"])

  let file: String?
  let hasTiming: Bool
  let overwrites: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    file = try arguments.value(at: 0, of: LogCommand.file)
    let timing = try arguments[LogCommand.timing]
    hasTiming = timing ?? false
    overwrites = arguments[LogCommand.force]
    guard (file != nil && file != "off") || (timing == nil && !overwrites) else {
      throw .usage("timing= and `force` go with a log that begins: name its file", LogCommand.signature)
    }
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    guard let file else {
      return Outcome(Done(session.log.map { "logging to \($0.file.path)" } ?? "there is no log"))
    }
    if file == "off" {
      guard let log = session.log else {
        throw CommandFailure(
          code: "log.none", "there is no log to end", remedy: "begin one with :log FILE")
      }
      session.log = nil
      return Outcome(Done("the log \(log.file.path) ends"))
    }
    let log = SessionLog(
      file: try session.outputFile(file, overwrites: overwrites), hasTiming: hasTiming)
    var text = SessionLog.header
    let preamble = session.preamble()
    for (line, record) in preamble { text += log.entry(line, record) }
    guard log.file.write(text) else {
      throw CommandFailure(code: "file.write", "\(file) cannot be written")
    }
    session.log = log
    // What the log does not repeat, its checks and steps must not look back to.
    session.last = preamble.last?.record
    session.forgetTracing()
    return Outcome(Done("logging to \(log.file.path)"))
  }
}

/// `:echo`: whether lines of scripts are shown.
struct Echo: Command {
  private static let isOn = Positional(ValueKind<Bool>.onOff, "whether they are shown")

  static let signature = Signature(
    "echo", "show the lines of scripts before their results, or not", [isOn.parameter],
    examples: [":echo on"])

  let isOn: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    isOn = try arguments.value(at: 0, of: Echo.isOn) ?? true
  }

  func perform(in session: isolated Session) async -> Outcome {
    session.echoes = isOn
    return Outcome(Done())
  }
}

/// `:time`: whether times are shown.
struct Time: Command {
  private static let isOn = Positional(ValueKind<Bool>.onOff, "whether it is shown")

  static let signature = Signature(
    "time", "show how long each command took, or not", [isOn.parameter], examples: [":time on"])

  let isOn: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    isOn = try arguments.value(at: 0, of: Time.isOn) ?? true
  }

  func perform(in session: isolated Session) async -> Outcome {
    session.showsTime = isOn
    return Outcome(Done())
  }
}

/// `:once`: the next result to a file.
struct Once: Command {
  private static let file = Positional(ValueKind<String>.path(), "a new file")
  private static let force = Flag("force", "overwrite the file if it is there")

  static let signature = Signature(
    "once", "write the next result to a file instead", [file.parameter, force.parameter],
    examples: [":once ranking.txt"])

  let file: String
  let overwrites: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    file = try arguments.value(at: 0, of: Once.file) ?? ""
    overwrites = arguments[Once.force]
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    session.once = try session.outputFile(file, overwrites: overwrites)
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
    session.format = format
    session.send(.format(format))
    return Outcome(Done())
  }
}
