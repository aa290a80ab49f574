import Engine

/// A statement with its verb looked up: what there is to do, or why not.
struct SessionTask {
  enum Action {
    case command(any Command.Type, rest: String)
    case shell(String)
    case refuse(CommandFailure)
  }

  let action: Action
  /// The verb's full name.
  let verb: String
  let footprint: Signature.Footprint
  /// The statement in its canonical form: full names, single blanks between words.
  let statement: Statement

  /// - Parameter model: what refusals call the model in use.
  init(_ statement: Statement, origin: Statement.Origin, model: String?) {
    switch statement {
    case .command(let name, let rest):
      do throws(CommandFailure) {
        let command = try CommandTable.find(name, origin: origin, model: model)
        let signature = command.signature
        let rest = rest.allSatisfy(\.isWhitespace) ? signature.implied[name] ?? rest : rest
        action = .command(command, rest: rest)
        verb = signature.name
        footprint = signature.footprint
        self.statement = .command(
          verb: signature.name, rest: SessionTask.canonical(rest, signature.form))
      } catch {
        action = .refuse(error)
        verb = name
        footprint = .ordinary
        self.statement = statement
      }
    case .shell(let command):
      (action, verb, footprint, self.statement) = (
        .shell(command), statement.verb, .ordinary, statement
      )
    case .text, .nothing:
      (action, verb, footprint, self.statement) = (
        .refuse(CommandTable.failure(forAbility: "ask", model: model)), statement.verb, .ordinary,
        statement
      )
    }
  }

  var isCheck: Bool { verb == Check.signature.name }
  var isExport: Bool { verb == Export.signature.name }

  /// The words as they were written, one blank apart, on one line.
  private static func canonical(_ rest: String, _ form: Signature.Form) -> String {
    guard form != .raw, let words = try? Lexer.words(of: rest, separatesLabels: form == .labels)
    else { return rest }
    let characters = Array(rest)
    let line = words.map { String(characters[$0.range]) }.joined(separator: " ")
    guard line.utf8.contains(UInt8(ascii: "\n")) else { return line }
    // Between words they are gone; those that are left stand in quotes, where they have a spelling.
    return line.unicodeScalars.map { $0 == "\n" ? "\\n" : String($0) }.joined()
  }
}

extension Record {
  /// Whether there is something in it to ask about.
  var isAnswer: Bool {
    if case .success(let outcome) = outcome { outcome.result.isAnswer } else { false }
  }
}

extension Signature.Footprint {
  /// Whether a log holds the command itself.
  func isLogged(_ record: Record) -> Bool {
    switch self {
    case .ordinary, .speaksForItself: true
    // What a script did is there already, unless it could not begin.
    case .contents: record.failure.map { !$0.isInterrupt } ?? false
    case .none: false
    }
  }
}
