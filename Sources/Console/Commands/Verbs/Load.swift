import Checkpoints
import Engine
import Foundation
import Tensors

/// `:load`: make a checkpoint ready, or list those at hand.
struct Load: Command {
  private static let checkpoint = Positional(
    ValueKind.name("PATH|NAME", .modelNames),
    "a folder, a file, a name in the Hugging Face cache, or a bundled one", isRequired: false)
  private static let keyword = Positional(
    ValueKind<String>.name("as", .choices(["as"])), "introduces the alias", isRequired: false)
  private static let alias = Positional(
    ValueKind<String>.name("ALIAS", .nothing), "what to call it", isRequired: false)

  private static let tokenizer = Option(
    "tokenizer", .path(),
    "a tokenizer.json, CLIP's merges or another checkpoint, for files that carry no tokenizer")

  private static let dtype = Option(
    "dtype", ValueKind<HeldType>.choice,
    "what matrices are held in, instead of as their file has them; q8 and q4 are GGML's q8_0, q4_0")

  static let signature = Signature(
    "load", aliases: ["model", "open"],
    "load a checkpoint; alone, list the checkpoints at hand",
    [
      checkpoint.parameter, keyword.parameter, alias.parameter, tokenizer.parameter,
      dtype.parameter,
    ],
    examples: [
      ":load emoji-clip", ":load openai/clip-vit-base-patch32 as base", ":load ~/models/clip",
      ":load ViT-B-32.pt tokenizer=openai/clip-vit-base-patch32", ":load emoji-clip as small dtype=q8",
    ])

  let name: String?
  let alias: String?
  let tokenizer: String?
  let dtype: HeldType?

  init(_ arguments: Arguments) throws(CommandFailure) {
    name = try arguments.value(at: 0, of: Load.checkpoint)
    let keyword = try arguments.value(at: 1, of: Load.keyword)
    alias = try arguments.value(at: 2, of: Load.alias)
    tokenizer = try arguments[Load.tokenizer].map(PathExpansion.expandingHome)
    dtype = try arguments[Load.dtype]
    guard keyword == nil || (keyword == "as" && alias != nil) else {
      throw .usage("after the checkpoint only `as ALIAS` may follow", Load.signature)
    }
    guard name != nil || (tokenizer == nil && dtype == nil) else {
      let option = tokenizer == nil ? "dtype" : "tokenizer"
      throw .usage("\(option)= goes with a checkpoint; none is named", Load.signature)
    }
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    guard let name else { return Outcome(session.checkpointList()) }
    let start = ContinuousClock().now
    let model: LoadedModel
    do {
      model = try await session.loader.load(
        PathExpansion.expandingHome(name), tokenizer: tokenizer, elementType: dtype?.elementType)
    } catch {
      throw CommandFailure(error)
    }
    let alias = alias ?? session.freeAlias(for: model.information.name)
    session.models.removeAll { $0.alias == alias }
    session.models.append((alias, model))
    session.currentAlias = alias
    session.origins[alias] = ModelOrigin(name: name, tokenizer: tokenizer, dtype: dtype)
    return session.loadOutcome(
      model.information, alias: alias, milliseconds: (ContinuousClock().now - start).milliseconds)
  }
}

/// What a user may have matrices held in.
enum HeldType: String, CaseIterable {
  case f32, f16, bf16, q8, q4

  var elementType: ElementType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .q8: .q8_0
    case .q4: .q4_0
    }
  }
}

/// What the user named to load a model.
struct ModelOrigin {
  let name: String
  let tokenizer: String?
  let dtype: HeldType?

  /// The words of the command that loads it again.
  func words(as alias: String) -> [String] {
    [name, "as", alias].map(CommandCompleter.quotedIfNeeded)
      + (tokenizer.map { ["tokenizer=" + CommandCompleter.quotedIfNeeded($0)] } ?? [])
      + (dtype.map { ["dtype=\($0.rawValue)"] } ?? [])
  }
}

/// The data of `:load`.
struct LoadResult: CommandResult {
  let name: String
  let alias: String
  let family: String
  let path: String
  let parameters: Int
  let bytes: Int
  let dtype: String
  let precision: String
  let abilities: [String]
  let loadMs: Double

  init(
    _ information: ModelInformation, alias: String, precision: Precision, milliseconds: Double
  ) {
    name = information.name
    self.alias = alias
    family = information.family
    path = information.path
    parameters = information.parameters
    bytes = information.bytes
    dtype = information.elementType.rawValue
    self.precision = information.effective(precision)
    abilities = information.abilities
    loadMs = milliseconds
  }

  var report: Report {
    Report([
      .line(
        StyledText([
          (alias, .label), ("  \(family), ", .plain), (Format.count(parameters), .number),
          (" parameters, ", .plain), (Format.bytes(bytes), .number),
          (" \(dtype), computing in \(precision)", .plain),
        ])),
      .line(StyledText("  can \(abilities.joined(separator: ", "))", .faint)),
    ])
  }
}

/// What `:load` alone prints.
struct CheckpointListResult: CommandResult {
  struct Item: Encodable {
    let name: String
    let origin: String
    /// The weights that would be loaded, if there are any.
    let file: String?
  }

  let checkpoints: [Item]

  var report: Report {
    guard !checkpoints.isEmpty else {
      return Report([.line("no checkpoint is bundled, and the Hugging Face cache holds none")])
    }
    let table = Table(
      [("checkpoint", .left), ("from", .left), ("weights", .left)],
      rows: checkpoints.map {
        [
          StyledText($0.name, .label), StyledText($0.origin),
          StyledText($0.file ?? "none", $0.file == nil ? .warning : .faint),
        ]
      })
    return Report([.table(table)])
  }
}

extension Session {
  /// What loading a model comes to.
  func loadOutcome(
    _ information: ModelInformation, alias: String, milliseconds: Double
  ) -> Outcome {
    Outcome(
      LoadResult(
        information, alias: alias, precision: settings.precision, milliseconds: milliseconds),
      warnings: information.notes.map { Warning(code: "checkpoint.note", $0) })
  }

  func checkpointList() -> CheckpointListResult {
    CheckpointListResult(
      checkpoints: locator.listing().map {
        .init(name: $0.name, origin: $0.isBundled ? "bundled" : "Hugging Face cache", file: $0.weightFile)
      })
  }

  /// `wish`, with a number behind it when another model has the name.
  func freeAlias(for wish: String) -> String {
    let taken = Set(models.map(\.alias))
    guard taken.contains(wish) else { return wish }
    return (2...).lazy.map { "\(wish)-\($0)" }.first { !taken.contains($0) } ?? wish
  }
}
