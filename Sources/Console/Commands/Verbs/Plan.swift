import Engine

/// `:plan`: what a ranking would take, before anything is computed.
struct Plan: Command {
  private static let labels = Positional(
    ValueKind<String>.text("LABEL | LABEL", .textsOrFile),
    "labels as for :rank; none plans the pictures alone",
    isRequired: false, repeats: true)
  private static let template = Option(
    "template", .text("\"a photo of a {}\"", .textsOrFile), "as for :rank")
  private static let on = Option(
    "on", .name("NAME", .mediaNames), "one staged picture instead of all")

  static let signature = Signature(
    "plan", "count tokens and patches and estimate memory; refuses what is over `memory`",
    form: .labels, [labels.parameter, template.parameter, on.parameter],
    examples: [":plan", ":plan a cat | a dog template=\"a photo of {}\"", ":plan @labels.txt"])

  let groups: [[Word]]
  let templates: TemplateSource?
  let on: String?

  init(_ arguments: Arguments) throws(CommandFailure) {
    groups = arguments.groups
    templates = try arguments[Plan.template].map(TemplateSource.init)
    on = try arguments[Plan.on]
    guard groups.allSatisfy({ !$0.isEmpty }) else {
      throw .usage("a label between two | is empty", Plan.signature)
    }
    guard templates == nil || !groups.isEmpty else {
      throw .usage("template= goes with labels; there are none", Plan.signature)
    }
    if case .texts(let texts)? = templates { try TemplateSource.check(texts) }
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let model = try session.requiredModel()
    let pictures = session.shelf.isEmpty && on == nil
      ? [] : try session.pictures(named: on.map { [$0] } ?? [])
    let request = RankRequest(
      pictures: pictures, labels: try LabelFile.labels(groups),
      templates: try templates?.texts() ?? [])
    let plan: RankPlan
    do throws(EngineError) {
      plan = try await model.plan(request, precision: session.settings.precision)
    } catch { throw CommandFailure(error) }
    let limit = session.settings.memory
    guard plan.peakBytes <= limit else {
      throw CommandFailure(
        code: "plan.memory",
        "this would take about \(Format.bytes(plan.peakBytes)), and `memory` is "
          + Format.bytes(limit),
        remedy: "drop pictures, choose a smaller precision, or raise it with :set memory BYTES")
    }
    return Outcome(PlanResult(plan, limit: limit))
  }
}

/// The data of `:plan`.
struct PlanResult: CommandResult {
  struct Tokens: Encodable {
    struct Prompt: Encodable {
      let text: String
      let tokens: Int
    }

    let prompts: [Prompt]
    let longest: Int
    let total: Int
  }

  struct Picture: Encodable {
    let name: String
    let rows: Int
    let columns: Int
    let patches: Int
  }

  let tokens: Tokens
  /// Ids that the longest prompt leaves free.
  let contextLeft: Int
  let pictures: [Picture]
  let weightBytes: Int
  let packedBytes: Int
  let activationBytes: Int
  let pictureBytes: Int
  let peakBytes: Int
  let memory: Int

  init(_ plan: RankPlan, limit: Int) {
    let counts = plan.prompts.map(\.tokens)
    tokens = Tokens(
      prompts: plan.prompts.map { .init(text: $0.text, tokens: $0.tokens) },
      longest: counts.max() ?? 0, total: counts.reduce(0, +))
    contextLeft = plan.textPositions - (counts.max() ?? 0)
    pictures = plan.pictures.map {
      Picture(name: $0.name, rows: $0.rows, columns: $0.columns, patches: $0.rows * $0.columns)
    }
    weightBytes = plan.weightBytes
    packedBytes = plan.packedBytes
    activationBytes = plan.activationBytes
    pictureBytes = plan.pictureBytes
    peakBytes = plan.peakBytes
    memory = limit
  }

  /// Prompts that a reader is shown.
  private static let shown = 12

  var report: Report {
    var blocks: [Report.Block] = []
    if !tokens.prompts.isEmpty {
      let rows = tokens.prompts.prefix(PlanResult.shown).map {
        [StyledText($0.text, .label), StyledText("\($0.tokens)", .number)]
      }
      blocks.append(.table(Table([("prompt", .left), ("tokens", .right)], rows: rows)))
      let hidden = tokens.prompts.count - rows.count
      if hidden > 0 { blocks.append(.line(StyledText("  … and \(hidden) more", .faint))) }
      blocks.append(
        .line(
          StyledText(
            "\(tokens.total) tokens, \(tokens.longest) in the longest prompt; "
              + "\(contextLeft) are left to it")))
    }
    if let first = pictures.first {
      blocks.append(
        .line(
          StyledText(
            "\(pictures.count) \(pictures.count == 1 ? "picture" : "pictures") of "
              + "\(first.rows) × \(first.columns) patches")))
    }
    let parts = [
      ("weights", weightBytes), ("packed copies", packedBytes), ("activations", activationBytes),
      ("decoded pictures", pictureBytes),
    ].filter { $0.1 > 0 }.map { "\($0.0) \(Format.bytes($0.1))" }.joined(separator: ", ")
    blocks.append(
      .line(
        StyledText([
          ("at most about ", .plain), (Format.bytes(peakBytes), .number), (": " + parts, .faint),
        ])))
    return Report(blocks)
  }
}
