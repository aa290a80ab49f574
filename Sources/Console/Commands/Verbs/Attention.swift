import Engine

/// `:attn`: where attention goes in one tower.
struct Attention: Command {
  private static let layer = Option(
    "layer", .layer,
    "a layer from 0, `all`, or `pool` where a query of its own gathers the embedding; by default "
      + "the pool or the last one, all for rollout and relevance")
  private static let head = Option("head", .head, "a head from 0, `mean` (default) or `max`")
  private static let token = Option(
    "token", .integer(0...Int.max),
    "the position that attends, from 0; the class token, the pool's query or the end of text by default")
  private static let method = Option(
    "method", ValueKind<AttentionMethod>.choice, "how maps are made; raw by default")
  private static let on = Option("on", .name("NAME", .mediaNames), "the picture; the last by default")
  private static let tower = Option(
    "tower", ValueKind<TraceRequest.Tower>.choice, "which tower to look into; vision by default")
  private static let text = Option(
    "text", .text("\"a cat\""), "the text tower's text, or the label that relevance explains")
  private static let dropSinks = Flag(
    "drop-sinks", "leave out positions that all others attend to, whatever they hold")

  static let signature = Signature(
    "attn", aliases: ["attention"], "draw an attention map over the picture or the words",
    [
      layer.parameter, head.parameter, token.parameter, method.parameter, on.parameter,
      tower.parameter, text.parameter, dropSinks.parameter,
    ],
    examples: [
      ":attn", ":attn layer=3 head=0", ":attn method=rollout", ":attn layer=3 drop-sinks",
      ":attn method=relevance text=\"an emoji of red apple\"",
      ":attn tower=text text=\"a photo of a cat\"",
    ])

  let layer: LayerChoice?
  let head: HeadChoice
  let token: Int?
  let method: AttentionMethod
  let on: String?
  let tower: TraceRequest.Tower
  let text: String?
  let dropsSinks: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    layer = try arguments[Attention.layer]
    head = try arguments[Attention.head] ?? .mean
    token = try arguments[Attention.token]
    method = try arguments[Attention.method] ?? .raw
    on = try arguments[Attention.on]
    tower = try arguments[Attention.tower] ?? .vision
    text = try arguments[Attention.text]
    dropsSinks = arguments[Attention.dropSinks]
    guard text == nil || tower == .text || method == .relevance else {
      throw .usage(
        "text= has no part in this map", Attention.signature,
        remedy: "it goes with tower=text or method=relevance")
    }
    guard on == nil || needsPicture else {
      throw .usage(
        "on= has no part in the attention of a text", Attention.signature,
        remedy: "it goes with tower=vision or method=relevance")
    }
  }

  private var needsPicture: Bool { tower == .vision || method == .relevance }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let picture = needsPicture
      ? try session.pictures(named: on.map { [$0] } ?? []).last : nil
    var request = TraceRequest(
      tower: tower, picture: picture, text: text, method: method, layer: layer, head: head,
      token: token)
    request.dropsSinks = dropsSinks
    return try await session.trace(request)
  }
}

extension ValueKind where Value == LayerChoice {
  static var layer: ValueKind {
    ValueKind(
      placeholder: "N|all|pool", expectation: "a layer from 0, all or pool",
      completion: .choices(["all", "pool"])
    ) { text in
      switch text {
      case "all": .all
      case "pool": .pool
      default: Int(text).flatMap { $0 >= 0 ? .index($0) : nil }
      }
    }
  }
}

extension ValueKind where Value == HeadChoice {
  static var head: ValueKind {
    ValueKind(
      placeholder: "N|mean|max", expectation: "a head from 0, mean or max",
      completion: .choices(["mean", "max"])
    ) { text in
      switch text {
      case "mean": .mean
      case "max": .max
      default: Int(text).flatMap { $0 >= 0 ? .index($0) : nil }
      }
    }
  }
}

extension Session {
  /// Traces attention and remembers the question, which `:step` varies.
  ///
  /// - Parameter overlay: nil for the present one. It changes only when there is something to show.
  func trace(
    _ request: TraceRequest, overlay: TracingState.Overlay? = nil
  ) async throws(CommandFailure) -> Outcome {
    let trace = try await traced(request)
    tracing.request = request
    tracing.overlay = overlay ?? tracing.overlay
    let result = AttentionResult(trace, on: request, overlay: tracing.overlay)
    tracing.result = result
    return Outcome(result)
  }

  /// Traces attention and remembers nothing.
  func traced(_ request: TraceRequest) async throws(CommandFailure) -> AttentionTrace {
    let model = try requiredModel()
    do throws(EngineError) {
      return try await model.trace(request, precision: settings.precision)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Forgets what was looked at, and ends the stepping.
  func forgetTracing() {
    if tracing.isStepping { send(.stepping(caption: nil)) }
    tracing = TracingState()
  }
}

/// What the stepper goes on from.
struct TracingState: Sendable {
  /// What is shown under the heat.
  enum Overlay: String, Sendable, CaseIterable {
    case blend, blocks, picture
  }

  var request: TraceRequest?
  var result: AttentionResult?
  var overlay = Overlay.blend
  /// Whether a front end's keys are stepping.
  var isStepping = false
}
