/// What one verb accepts, declared once: the parser, help, completion, the manual page and the
/// documentation are all read from it.
package struct Signature: Sendable {
  /// How the words after the verb are read.
  package enum Form: Sendable {
    /// Words, quoted or not.
    case words
    /// Labels between unquoted `|`.
    case labels
    /// Everything after the verb, byte for byte.
    case raw
  }

  /// What a transcript shows of a command.
  package enum Footprint: Sendable {
    /// Its line and its output.
    case ordinary
    /// Its output repeats its line, so that an echo would show it twice.
    case speaksForItself
    /// What it leads to, in its place.
    case contents
    /// Nothing.
    case none
  }

  package let name: String
  package let aliases: [String]
  /// The words that an alias stands for, where it comes without any.
  let implied: [String: String]
  package let summary: String
  package let form: Form
  package let footprint: Footprint
  package let parameters: [Parameter]
  /// How many words it takes besides options.
  package let arity: ClosedRange<Int>
  package let examples: [String]

  package init(
    _ name: String, aliases: [String] = [], implying implied: [String: String] = [:],
    _ summary: String, form: Form = .words,
    footprint: Footprint = .ordinary, _ parameters: [Parameter] = [], examples: [String]
  ) {
    self.name = name
    self.aliases = aliases
    self.implied = implied
    self.summary = summary
    self.form = form
    self.footprint = footprint
    self.parameters = parameters
    self.examples = examples
    let positional = parameters.filter { $0.role == .positional }
    arity = positional.count(where: \.isRequired)...(
      positional.contains(where: \.repeats) ? Int.max : positional.count)
  }

  package var positionals: [Parameter] { parameters.filter { $0.role == .positional } }
  package var options: [Parameter] { parameters.filter { $0.role == .option } }
  package var flags: [Parameter] { parameters.filter { $0.role == .flag } }

  /// `:load PATH|NAME [as ALIAS] [dtype=TYPE]`
  package var usage: String {
    ([":" + name] + parameters.map(\.usage)).joined(separator: " ")
  }
}

/// One word, option or flag of a verb, as help and completion see it.
package struct Parameter: Sendable {
  package enum Role: Sendable {
    case positional
    /// `name=value`.
    case option
    /// A bare word in the trailing run.
    case flag
  }

  package let name: String
  package let role: Role
  package let summary: String
  package let placeholder: String
  package let completion: Completer
  package let isRequired: Bool
  package let repeats: Bool

  var usage: String {
    let body =
      switch role {
      case .positional: placeholder + (repeats ? "…" : "")
      case .option: "\(name)=\(placeholder)"
      case .flag: name
      }
    return isRequired ? body : "[\(body)]"
  }
}

/// Where the candidates for a word come from.
package enum Completer: Sendable, Equatable {
  case nothing
  case path
  /// Folders, and files whose names end in one of these.
  case files([String])
  case choices([String])
  /// Texts, or `@FILE` for the lines of a file.
  case textsOrFile
  /// Texts and `{name}`s; behind `in`, a folder.
  case query
  case mediaNames
  case modelNames
  case aliases
  case verbs
  case settings
  /// A value of the setting that the word before names.
  case settingValues
}
