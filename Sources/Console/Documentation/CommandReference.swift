/// Everything that documents the command language, written from the command table: the parser,
/// `:help` and these pages cannot disagree.
package enum CommandReference {
  /// `docs/commands.md`.
  package static func markdown(_ flags: [FlagDescription]) -> String {
    var text = """
      # Commands

      Written by `gaze documentation markdown` from the command table; edit that instead.

      A verb begins with `:`. Words split on blanks; `"…"` keeps them together and knows `\\"`, \
      `\\\\` and `\\n`. Options are `key=value` behind the other words, and `--` ends them. In a \
      script a line that begins with `#` is a comment, and `\"\"\"` opens and closes a text of \
      several lines. Verbs may be abbreviated at the prompt, never in scripts.

      | verb | what it does |
      |---|---|

      """
    for signature in signatures {
      text += "| [`:\(signature.name)`](#\(signature.name)) | \(cell(signature.summary)) |\n"
    }
    for signature in signatures { text += "\n" + section(signature) }
    text += "\n## Settings\n\n| setting | values | what it does |\n|---|---|---|\n"
    for setting in SettingDescription.all {
      text += "| `\(setting.name)` | \(cell(setting.expectation)) | \(cell(setting.summary)) |\n"
    }
    text += """

      ## Verbs of models that generate

      No checkpoint that Gaze loads today can serve these; they say so.

      | verb | what it does |
      |---|---|

      """
    for later in CommandTable.laterVerbs {
      text += "| `:\(later.name)` | \(cell(later.summary)) |\n"
    }
    text += "\n## Command line\n\n| flag | meaning |\n|---|---|\n"
    for flag in flags {
      text += "| `\(flag.usage)` | \(cell(flag.summary)) |\n"
    }
    text += "\n## Exit codes\n\n| code | meaning |\n|---|---|\n"
    for (code, meaning) in exitCodes { text += "| \(code) | \(meaning) |\n" }
    return text
  }

  /// What the process ends with, the strongest first.
  static let exitCodes: [(code: String, meaning: String)] = [
    ("130", "interrupted"),
    ("N", "what `:quit N` asked for"),
    ("2", "wrong usage, or something that the command line names could not be had"),
    ("3", "a `:check` failed"),
    ("1", "a command failed, and no `:check error.code …` right behind it expected that"),
    ("0", "all went well"),
  ]

  static var signatures: [Signature] {
    CommandTable.commands.map { $0.signature }.sorted { $0.name < $1.name }
  }

  private static func section(_ signature: Signature) -> String {
    var text = "## \(signature.name)\n\n`\(signature.usage)`\n\n"
    text += signature.summary.prefix(1).uppercased() + signature.summary.dropFirst() + "."
    if !signature.aliases.isEmpty {
      text += " Also: " + signature.aliases.map { "`:\($0)`" }.joined(separator: ", ") + "."
    }
    text += "\n"
    if !signature.parameters.isEmpty {
      text += "\n| argument | meaning |\n|---|---|\n"
      for parameter in signature.parameters {
        text += "| `\(cell(parameter.usage))` | \(cell(parameter.summary)) |\n"
      }
    }
    return text + "\n```\n" + signature.examples.joined(separator: "\n") + "\n```\n"
  }

  /// A table's cells end at `|`, in code too.
  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }
}

/// One flag of the command line, as the argument parser declares it.
package struct FlagDescription: Sendable {
  /// `-m, --model NAME`.
  package let usage: String
  package let summary: String

  package init(usage: String, summary: String) {
    self.usage = usage
    self.summary = summary
  }
}
