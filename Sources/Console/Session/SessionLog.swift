import Engine
import Pictures

/// A transcript that is a script: commands in canonical form, what came of them as comments.
///
/// What was measured is left out, so that running a log writes the same log again.
struct SessionLog {
  let file: OutputFile
  /// Whether times are written too, which no second run repeats.
  let hasTiming: Bool

  /// Pictures look the same in every log, whatever the terminal can draw.
  private static let cells = CellRenderer(symbols: .ascii, colors: .monochrome)
  static let header = "# A log of gaze, and a script for it: gaze --log NEW THIS\n"

  /// What one command adds.
  func entry(_ line: String, _ record: Record) -> String {
    var comments: [String]
    switch record.outcome {
    case .success(let outcome):
      comments = PlainText.lines(of: outcome.result.report, cells: SessionLog.cells)
        + outcome.warnings.map { "warning: " + $0.message.escapingControls }
    case .failure(let failure):
      comments = "error: \(PlainText.message(of: failure))".split(separator: "\n").map(String.init)
    }
    if hasTiming { comments.append("took " + Format.milliseconds(record.milliseconds)) }
    return line + "\n" + comments.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined()
  }
}

extension Session {
  func writeLog(_ line: String, _ record: Record) {
    guard let log, !log.file.write(log.entry(line, record)) else { return }
    self.log = nil
    exit.loseLog()
    send(.note("the log \(log.file.path) cannot be written any more; it ends here"))
  }

  /// The commands that would bring a new session to where this one is, with what came of them.
  func preamble() -> [(line: String, record: Record)] {
    recreation().map { line, outcome in
      let verb = Statement(line, origin: .script).verb
      return (
        line,
        Record(
          sequence: 0, verb: verb, source: nil, milliseconds: 0, outcome: .success(outcome))
      )
    }
  }

  private func recreation() -> [(line: String, outcome: Outcome)] {
    var commands: [(String, Outcome)] = []
    for (item, initial) in zip(settingItems(), initialSettings) where item.value != initial.value {
      let words = [item.name, item.value].map(CommandCompleter.quotedIfNeeded)
      commands.append((":set \(words.joined(separator: " "))", Outcome(SettingsResult([item]))))
    }
    for (alias, model) in models {
      let origin = origins[alias]
        ?? ModelOrigin(name: model.information.path, tokenizer: nil, dtype: nil)
      commands.append(
        (
          ":load " + origin.words(as: alias).joined(separator: " "),
          loadOutcome(model.information, alias: alias, milliseconds: 0)
        ))
    }
    if let currentAlias, currentAlias != models.last?.alias {
      commands.append(
        (":use \(CommandCompleter.quotedIfNeeded(currentAlias))", Outcome(Done("using \(currentAlias)"))))
    }
    for picture in shelf.pictures {
      let words = [picture.path, "as", picture.name].map(CommandCompleter.quotedIfNeeded)
      commands.append((":image " + words.joined(separator: " "), shelf.outcome(of: [picture])))
    }
    return commands
  }

  /// The record as the front end gets it: after `:once FILE` a result goes there instead.
  func diverting(_ record: Record) -> Record {
    guard let file = once, case .success(let outcome) = record.outcome, record.isAnswer else {
      return record
    }
    once = nil
    let cells = CellRenderer(symbols: .ascii, colors: .monochrome)
    let text = format == .json
      ? JSONRecord(record).line + "\n"
      : PlainText.lines(of: outcome.result.report, cells: cells).map { $0 + "\n" }.joined()
    let diverted: Result<Outcome, CommandFailure> = file.write(text)
      ? .success(
        Outcome(
          DivertedResult(file: file.path), cached: outcome.cached, warnings: outcome.warnings))
      : .failure(CommandFailure(code: "file.write", "\(file.path) cannot be written"))
    return Record(
      sequence: record.sequence, verb: record.verb, source: record.source,
      milliseconds: record.milliseconds, outcome: diverted)
  }
}

/// What stands in for a result that went to a file.
struct DivertedResult: CommandResult {
  let file: String

  var report: Report { Report([.line(StyledText("written to \(file)", .faint))]) }
}
