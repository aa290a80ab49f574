/// `:help`: all verbs, or one in full.
struct Help: Command {
  private static let verb = Positional(
    ValueKind<String>.name("VERB", .verbs), "a verb", isRequired: false)

  static let signature = Signature(
    "help", aliases: ["?"], "list the verbs, or explain one", [verb.parameter],
    examples: [":help", ":help rank"])

  let verb: String?

  init(_ arguments: Arguments) throws(CommandFailure) {
    verb = try arguments.value(at: 0, of: Help.verb)
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    guard let verb else {
      return Outcome(VerbListResult(CommandTable.commands.map { $0.signature }))
    }
    let name = verb.hasPrefix(":") ? String(verb.dropFirst()) : verb
    if let later = CommandTable.later(name) { return Outcome(HelpResult(later)) }
    let command = try CommandTable.find(name, origin: .prompt, model: nil)
    return Outcome(HelpResult(command.signature))
  }
}

/// `:apropos`: verbs by what they do.
struct Apropos: Command {
  private static let word = Positional(ValueKind<String>.text("WORD"), "part of a word")

  static let signature = Signature(
    "apropos", "find verbs by a word in their description", [word.parameter],
    examples: [":apropos picture"])

  let word: String

  init(_ arguments: Arguments) throws(CommandFailure) {
    word = try arguments.value(at: 0, of: Apropos.word) ?? ""
  }

  func perform(in session: isolated Session) async -> Outcome {
    let wanted = word.lowercased()
    return Outcome(
      VerbListResult(
        CommandTable.commands.map { $0.signature }.filter { signature in
          let texts = [signature.name, signature.summary] + signature.aliases
            + signature.parameters.map(\.summary)
          return texts.contains { $0.lowercased().contains(wanted) }
        }))
  }
}

/// Verbs with their summaries.
struct VerbListResult: CommandResult {
  struct Item: Encodable {
    let name: String
    let aliases: [String]
    let usage: String
    let summary: String
  }

  let verbs: [Item]

  init(_ signatures: [Signature]) {
    verbs = signatures.map {
      Item(name: $0.name, aliases: $0.aliases, usage: $0.usage, summary: $0.summary)
    }
  }

  var report: Report {
    guard !verbs.isEmpty else { return Report([.line("no verb says that")]) }
    return Report([
      .table(
        Table(
          [("verb", .left), ("what it does", .left)],
          rows: verbs.map { [StyledText(":" + $0.name, .code), StyledText($0.summary)] }))
    ])
  }
}

/// One verb in full.
struct HelpResult: CommandResult {
  struct Argument: Encodable {
    let usage: String
    let summary: String
  }

  let name: String
  let aliases: [String]
  let usage: String
  let summary: String
  let arguments: [Argument]
  let examples: [String]

  init(_ signature: Signature) {
    name = signature.name
    aliases = signature.aliases
    usage = signature.usage
    summary = signature.summary
    arguments = signature.parameters.map { Argument(usage: $0.usage, summary: $0.summary) }
    examples = signature.examples
  }

  /// What is to be known of a verb that no checkpoint of this version serves.
  init(_ later: LaterVerb) {
    name = later.name
    aliases = later.aliases
    usage = ":" + later.name
    summary = "\(later.summary); no checkpoint that this version loads can \(later.ability)"
    arguments = []
    examples = []
  }

  var report: Report {
    var blocks: [Report.Block] = [
      .line(StyledText(usage, .code)), .line(StyledText("  " + summary)),
    ]
    if !arguments.isEmpty {
      blocks.append(
        .table(
          Table(
            [("argument", .left), ("meaning", .left)],
            rows: arguments.map { [StyledText($0.usage, .code), StyledText($0.summary)] })))
    }
    if !aliases.isEmpty {
      let names = aliases.map { ":" + $0 }.joined(separator: ", ")
      blocks.append(.line(StyledText("  also: \(names)", .faint)))
    }
    blocks += examples.map { .line(StyledText([("  e.g. ", .faint), ($0, .code)])) }
    return Report(blocks)
  }
}
