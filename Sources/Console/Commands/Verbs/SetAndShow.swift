/// `:set`: change a setting, or list them.
struct SetCommand: Command {
  private static let key = Positional(
    ValueKind<String>.name("KEY", .settings), "a setting", isRequired: false)
  private static let value = Positional(
    ValueKind<String>.text("VALUE", .settingValues), "its new value", isRequired: false)

  static let signature = Signature(
    "set", "change a setting; alone, list them all", [key.parameter, value.parameter],
    examples: [":set", ":set precision f32", ":set threads 1"])

  let key: String?
  let value: String?

  init(_ arguments: Arguments) throws(CommandFailure) {
    key = try arguments.value(at: 0, of: SetCommand.key)
    value = try arguments.value(at: 1, of: SetCommand.value)
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    guard let key else { return Outcome(SettingsResult(session.settingItems())) }
    guard let setting = SettingDescription.all.first(where: { $0.name == key }) else {
      let names = SettingDescription.all.map(\.name)
      throw CommandFailure(
        code: "setting.unknown", "there is no setting \(key)",
        remedy: Suggestions.nearest(to: key, among: names).first.map { "did you mean \($0)?" }
          ?? "settings: \(names.joined(separator: ", "))")
    }
    if let value {
      guard setting.write(session, value) != nil else {
        throw CommandFailure(
          code: "setting.value", "\(key) cannot be \"\(value)\"",
          remedy: "it takes \(setting.expectation)")
      }
      if key == "precision" {
        for (_, model) in session.models { await model.releaseMemory() }
      }
    }
    return Outcome(
      SettingsResult([
        .init(name: key, value: setting.read(session), summary: setting.summary)
      ]))
  }
}

/// Settings and their values.
struct SettingsResult: CommandResult {
  struct Item: Encodable, Sendable {
    let name: String
    let value: String
    let summary: String
  }

  let settings: [Item]

  init(_ settings: [Item]) { self.settings = settings }

  var report: Report {
    if settings.count == 1 {
      return Report([
        .line(StyledText([(settings[0].name, .label), (" \(settings[0].value)", .plain)]))
      ])
    }
    return Report([
      .table(
        Table(
          [("setting", .left), ("value", .left), ("what it does", .left)],
          rows: settings.map {
            [StyledText($0.name, .label), StyledText($0.value), StyledText($0.summary, .faint)]
          }))
    ])
  }
}

extension Session {
  func settingItems() -> [SettingsResult.Item] {
    SettingDescription.all.map { setting in
      .init(name: setting.name, value: setting.read(self), summary: setting.summary)
    }
  }
}

/// `:show`: the state of the session.
struct Show: Command {
  enum Subject: String, Sendable, CaseIterable {
    case info, settings, media
  }

  private static let subject = Positional(
    ValueKind<Subject>.choice, "what to show; `info` by default", isRequired: false)

  static let signature = Signature(
    "show", "show the model, the settings or the media", [subject.parameter],
    examples: [":show", ":show settings"])

  let subject: Subject

  init(_ arguments: Arguments) throws(CommandFailure) {
    subject = try arguments.value(at: 0, of: Show.subject) ?? .info
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    switch subject {
    case .settings: Outcome(SettingsResult(session.settingItems()))
    case .media: Outcome(session.shelf.list)
    case .info: Outcome(InfoResult(session))
    }
  }
}

/// The data of `:show info`.
struct InfoResult: CommandResult {
  struct Model: Encodable {
    let alias: String
    let family: String
    let parameters: Int
    let bytes: Int
    let dtype: String
    let path: String
  }

  let models: [Model]
  let current: String?
  let isa: String
  let threads: Int
  let precision: String
  let media: [String]

  init(_ session: isolated Session) {
    models = session.models.map { alias, model in
      let information = model.information
      return Model(
        alias: alias, family: information.family, parameters: information.parameters,
        bytes: information.bytes, dtype: information.elementType.rawValue,
        path: information.path)
    }
    current = session.currentAlias
    isa = session.runtime.kernels.name
    threads = session.runtime.threads
    precision = session.status(after: nil).precision
    media = session.shelf.names
  }

  var report: Report {
    let lines = models.map { model in
      Report.Block.line(
        StyledText([
          (model.alias == current ? "* " : "  ", .good), (model.alias, .label),
          ("  \(model.family), \(Format.count(model.parameters)) parameters, ", .plain),
          ("\(Format.bytes(model.bytes)) \(model.dtype)  ", .plain), (model.path, .faint),
        ]))
    }
    return Report(
      (models.isEmpty ? [.line("no model is loaded")] : lines) + [
        .line(
          StyledText(
            "computing with \(isa) on \(threads) \(threads == 1 ? "thread" : "threads"), precision \(precision)"
          )),
        .line(
          StyledText(media.isEmpty ? "no picture is staged" : "staged: \(media.joined(separator: ", "))")),
      ])
  }
}
