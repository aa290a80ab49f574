import ArgumentParser
import Console
import Foundation

/// `gaze documentation KIND`: what `docs` holds, from the tables that the program runs by.
struct DocumentationCommand: ParsableCommand {
  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case markdown, man, schema
  }

  static let configuration = CommandConfiguration(
    commandName: "documentation", abstract: "Print a page of the documentation.",
    usage: "gaze documentation markdown|man|schema",
    shouldDisplay: false)

  @Argument(help: "Which page.")
  var kind: Kind

  func run() throws {
    let text =
      switch kind {
      case .markdown: CommandReference.markdown(try DocumentationCommand.flags())
      case .man: ManualPage.text(try DocumentationCommand.flags())
      case .schema: RecordSchema.json()
      }
    print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
  }

  /// The flags of `gaze`, as the argument parser describes them.
  private static func flags() throws -> [FlagDescription] {
    let dump = try JSONDecoder().decode(Dump.self, from: Data(Gaze._dumpHelp().utf8))
    return (dump.command.arguments ?? []).filter { $0.shouldDisplay }.map { argument in
      FlagDescription(usage: argument.usage, summary: argument.abstract ?? "")
    }
  }

  private struct Dump: Decodable {
    struct Command: Decodable {
      let arguments: [Argument]?
    }

    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String
      }

      let kind: String
      let shouldDisplay: Bool
      let names: [Name]?
      let valueName: String?
      let abstract: String?

      var usage: String {
        let value = (valueName ?? "value").uppercased()
        guard let names, kind != "positional" else { return "[\(value)…]" }
        // Short names come first, as in every manual.
        let spelled = names.sorted { ($0.kind == "short" ? 0 : 1) < ($1.kind == "short" ? 0 : 1) }
          .map { ($0.kind == "long" ? "--" : "-") + $0.name }.joined(separator: ", ")
        return kind == "option" ? "\(spelled) \(value)" : spelled
      }
    }

    let command: Command
  }
}
