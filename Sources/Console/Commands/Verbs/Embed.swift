import Engine

/// `:embed`: the embedding itself.
struct Embed: Command {
  private static let subject = Positional(
    ValueKind<String>.text("NAME|\"TEXT\"", .mediaNames),
    "a staged picture, or a quoted text; the last picture by default", isRequired: false)
  private static let cache = Option("cache", .onOff, "use encodings made before (on)")

  static let signature = Signature(
    "embed", "the embedding of a picture or of a quoted text",
    [subject.parameter, cache.parameter], examples: [":embed cat", ":embed \"a photo of a cat\""])

  let subject: Word?
  let usesCache: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    subject = arguments.words.first
    usesCache = try arguments[Embed.cache] ?? true
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let model = try session.requiredModel()
    let precision = session.settings.precision
    do {
      if let subject, subject.isQuoted {
        let embedding = try await model.embed(
          text: subject.text, precision: precision, usesCache: usesCache)
        return Outcome(
          EmbedResult(kind: "text", of: subject.text, embedding), cached: embedding.cached)
      }
      let pictures = try session.pictures(named: subject.map { [$0.text] } ?? [])
      let picture = pictures[pictures.count - 1]
      let embedding = try await model.embed(picture, precision: precision, usesCache: usesCache)
      return Outcome(
        EmbedResult(kind: "image", of: picture.name, embedding), cached: embedding.cached)
    } catch let error as EngineError {
      throw CommandFailure(error)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(code: "internal", "\(error)")
    }
  }
}

/// The data of `:embed`.
struct EmbedResult: CommandResult {
  let kind: String
  let of: String
  let encodeMs: Double
  let vector: [Float]

  init(kind: String, of subject: String, _ embedding: Embedding) {
    self.kind = kind
    of = subject
    encodeMs = embedding.milliseconds
    vector = embedding.vector
  }

  var report: Report {
    let first = vector.prefix(6).map { Format.decimal(Double($0), 4) }.joined(separator: "  ")
    return Report([
      .line(
        StyledText([
          (of, .label), ("  \(kind), ", .plain), ("\(vector.count)", .number),
          (" numbers of unit length", .plain),
        ])),
      .line(StyledText("  \(first)  …", .number)),
    ])
  }
}
