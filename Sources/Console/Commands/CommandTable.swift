import Engine

/// Every verb, in one list.
package enum CommandTable {
  package static let commands: [any Command.Type] = [
    Load.self, Use.self, Unload.self, Inspect.self, Image.self, MediaList.self, Drop.self,
    Preview.self, Rank.self, Search.self, Plan.self, Embed.self, Attention.self, Step.self,
    Export.self, Check.self, SetCommand.self, Show.self, Print.self, SourceCommand.self,
    LogCommand.self, Echo.self, Mode.self, Once.self, Time.self, Train.self, Bench.self,
    Layout.self, Focus.self, Help.self, Apropos.self, Clear.self, Reset.self, Quit.self,
  ]

  /// Verbs of model families that are not here yet: known, so that they answer with what is
  /// missing instead of "unknown".
  package static let laterVerbs: [LaterVerb] = [
    LaterVerb("ask", "answer a prompt", ability: "answer"),
    LaterVerb("caption", "describe a picture", ability: "answer"),
    LaterVerb("draw", "make a picture", aliases: ["imagine"], ability: "draw"),
    LaterVerb("audio", "stage a sound", ability: "hear"),
    LaterVerb("video", "stage a video", ability: "watch"),
    LaterVerb("shot", "add a few-shot example", ability: "answer"),
    LaterVerb("shots", "list few-shot examples", ability: "answer"),
    LaterVerb("regen", "answer again", ability: "answer"),
    LaterVerb("undo", "take back a turn", ability: "answer"),
    LaterVerb("fork", "branch the conversation", ability: "answer"),
    LaterVerb("gates", "show gates of cross-attention", ability: "answer"),
    LaterVerb("mask", "show who may see whom", ability: "answer"),
    LaterVerb("tokens", "show ids and media spans", ability: "answer"),
    LaterVerb("lens", "read hidden states as words", ability: "answer"),
    LaterVerb("occlude", "show which parts an answer hangs on by covering them", ability: "answer"),
    LaterVerb("diff", "answer for two pictures or models side by side", ability: "answer"),
    LaterVerb("alt", "show alternatives at a step", ability: "answer"),
  ]

  /// The verb called `name`: an exact name, an alias or, at the prompt, a prefix of one name.
  ///
  /// - Parameter model: what refusals call the model in use.
  /// - Throws: ``CommandFailure`` naming the nearest verbs.
  static func find(
    _ name: String, origin: Statement.Origin, model: String?
  ) throws(CommandFailure) -> any Command.Type {
    for command in commands {
      let signature = command.signature
      if signature.name == name || signature.aliases.contains(name) { return command }
    }
    if let later = later(name) { throw failure(forAbility: later.name, model: model) }
    guard origin == .prompt, !name.isEmpty else { throw unknown(name, ambiguous: []) }
    var prefixed: [any Command.Type] = []
    for command in commands where command.signature.name.hasPrefix(name) {
      prefixed.append(command)
    }
    if prefixed.count == 1 { return prefixed[0] }
    guard prefixed.isEmpty else {
      throw unknown(name, ambiguous: prefixed.map { $0.signature.name })
    }
    // What can be done comes before what cannot yet.
    let later = laterVerbs.filter { $0.name.hasPrefix(name) }
    if later.count == 1 { throw failure(forAbility: later[0].name, model: model) }
    throw unknown(name, ambiguous: later.map(\.name))
  }

  /// The verb of a later family that is called `name`.
  static func later(_ name: String) -> LaterVerb? {
    laterVerbs.first { $0.name == name || $0.aliases.contains(name) }
  }

  private static func unknown(_ name: String, ambiguous: [String]) -> CommandFailure {
    if ambiguous.count > 1 {
      return CommandFailure(
        code: "verb.ambiguous", ":\(name) could be \(list(ambiguous))",
        remedy: "type more of the name")
    }
    let names = commands.flatMap { [$0.signature.name] + $0.signature.aliases }
      + laterVerbs.flatMap { [$0.name] + $0.aliases }
    let nearest = Suggestions.nearest(to: name, among: names)
    return CommandFailure(
      code: "verb.unknown", "there is no :\(name)",
      remedy: nearest.isEmpty ? ":help lists the verbs" : "did you mean \(list(nearest))?")
  }

  private static func list(_ names: [String]) -> String {
    names.map { ":" + $0 }.joined(separator: ", ")
  }

  /// What a verb answers that the loaded checkpoint cannot serve.
  static func failure(forAbility verb: String, model: String?) -> CommandFailure {
    let ability = later(verb)?.ability ?? verb
    let subject = model.map { "\($0) cannot \(ability)" } ?? "no loaded checkpoint can \(ability)"
    return CommandFailure(
      code: "ability.missing", "\(subject); a model that generates can",
      remedy: "a CLIP-type model serves :rank and :embed; "
        + "generating models are not part of this version")
  }
}

/// A verb that a later model family serves.
package struct LaterVerb: Sendable {
  package let name: String
  package let summary: String
  package let aliases: [String]
  /// What a checkpoint must be able to do.
  package let ability: String

  init(_ name: String, _ summary: String, aliases: [String] = [], ability: String) {
    self.name = name
    self.summary = summary
    self.aliases = aliases
    self.ability = ability
  }
}
