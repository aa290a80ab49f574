import Engine

/// `:use`: choose among loaded models.
struct Use: Command {
  private static let alias = Positional(
    ValueKind<String>.name("ALIAS", .aliases), "a loaded model")

  static let signature = Signature(
    "use", "choose the model that commands go to", [alias.parameter], examples: [":use base"])

  let alias: String?

  init(_ arguments: Arguments) throws(CommandFailure) {
    alias = try arguments.value(at: 0, of: Use.alias)
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let alias = try session.loadedAlias(alias)
    session.currentAlias = alias
    return Outcome(Done("using \(alias)"))
  }
}

/// `:unload`: let go of a model.
struct Unload: Command {
  private static let alias = Positional(
    ValueKind<String>.name("ALIAS", .aliases), "a loaded model; the one in use by default",
    isRequired: false)

  static let signature = Signature(
    "unload", "let go of a model and its memory", [alias.parameter],
    examples: [":unload", ":unload base"])

  let alias: String?

  init(_ arguments: Arguments) throws(CommandFailure) {
    alias = try arguments.value(at: 0, of: Unload.alias)
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let alias = try session.loadedAlias(alias)
    session.models.removeAll { $0.alias == alias }
    session.origins[alias] = nil
    if session.currentAlias == alias { session.currentAlias = session.models.last?.alias }
    return Outcome(Done("unloaded \(alias)"))
  }
}

extension Session {
  /// The alias of a loaded model: `name`, or that of the one in use.
  fileprivate func loadedAlias(_ name: String?) throws(CommandFailure) -> String {
    guard let name = name ?? currentAlias else {
      throw CommandFailure(code: "model.none", "no model is loaded", remedy: "load one with :load")
    }
    guard models.contains(where: { $0.alias == name }) else {
      let loaded = models.map(\.alias)
      throw CommandFailure(
        code: "model.unknown", "no loaded model is called \(name)",
        remedy: loaded.isEmpty
          ? "none is loaded" : "loaded: \(loaded.joined(separator: ", "))")
    }
    return name
  }
}
