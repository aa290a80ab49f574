import Engine

/// `:step`: walk through attention from where `:attn` left it.
///
/// Without options it hands the keys to the stepper, in a front end that has keys; each key is
/// then one of these lines.
struct Step: Command {
  private static let token = Option("token", .step, "a position, or +1 and -1")
  private static let layer = Option("layer", .step, "a layer, `all`, or +1 and -1")
  private static let head = Option("head", .step, "a head, `mean`, `max`, or +1 and -1")
  private static let method = Option("method", .step, "a method, or `next`")
  private static let overlay = Option(
    "overlay", .step, "blend, blocks or picture, or `next`: what is drawn")
  private static let end = Flag("end", "leave the stepper")

  static let signature = Signature(
    "step", aliases: ["next", "prev"],
    "step through tokens, layers and heads; alone, with the keys n p ← → ↑ ↓ m o e q",
    [
      token.parameter, layer.parameter, head.parameter, method.parameter, overlay.parameter,
      end.parameter,
    ],
    examples: [":step", ":step layer=-1", ":step head=+1 token=5", ":step method=next"])

  let token, layer, head, method, overlay: StepTarget?
  let ends: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    token = try arguments[Step.token]
    layer = try arguments[Step.layer]
    head = try arguments[Step.head]
    method = try arguments[Step.method]
    overlay = try arguments[Step.overlay]
    ends = arguments[Step.end]
  }

  private var isBare: Bool {
    token == nil && layer == nil && head == nil && method == nil && overlay == nil
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    if ends {
      session.tracing.isStepping = false
      session.send(.stepping(caption: nil))
      return Outcome(Done())
    }
    if session.tracing.request == nil {
      let picture = try session.pictures().last
      _ = try await session.trace(TraceRequest(tower: .vision, picture: picture, text: nil))
    }
    guard var request = session.tracing.request, let shown = session.tracing.result?.trace else {
      throw CommandFailure(code: "trace.none", "there is no attention to step through")
    }
    try vary(&request, from: shown)
    if let overlay {
      session.tracing.overlay = try overlay.resolved(
        from: session.tracing.overlay.rawValue, among: TracingState.Overlay.allCases.map(\.rawValue),
        "overlay"
      ).flatMap(TracingState.Overlay.init(rawValue:)) ?? session.tracing.overlay
    }
    let outcome = try await session.trace(request)
    if isBare { session.tracing.isStepping = true }
    if session.tracing.isStepping, let result = session.tracing.result {
      let sentence = result.heatMap.map { "  " + $0.sentence } ?? ""
      session.send(.stepping(caption: result.caption + sentence))
    }
    return outcome
  }

  /// Moves each named coordinate; steps stop at the ends.
  private func vary(
    _ request: inout TraceRequest, from shown: AttentionTrace
  ) throws(CommandFailure) {
    if let token {
      request.token = try token.resolved(from: shown.token, within: 0..<shown.positions, "token")
    }
    if let layer {
      if layer == .name("all") {
        request.layer = .all
      } else {
        var now = shown.layers - 1
        if case .index(let index) = shown.layer { now = index }
        request.layer = .index(try layer.resolved(from: now, within: 0..<shown.layers, "layer"))
      }
    }
    if let head {
      let names = ["mean"] + (0..<shown.heads).map(String.init) + ["max"]
      let now: String =
        switch shown.head {
        case .mean: "mean"
        case .max: "max"
        case .index(let index): String(index)
        }
      let name = try head.resolved(from: now, among: names, "head") ?? now
      request.head = name == "mean" ? .mean : name == "max" ? .max : .index(Int(name) ?? 0)
    }
    if let method {
      // Relevance needs a label; stepping passes it by when there is none.
      let names = AttentionMethod.allCases.filter {
        $0 != .relevance || (request.text != nil && request.picture != nil)
      }.map(\.rawValue)
      let name = try method.resolved(from: shown.method.rawValue, among: names, "method")
      request.method = name.flatMap(AttentionMethod.init(rawValue:)) ?? shown.method
      if request.method == .relevance { request.head = .mean }
      request.layer = request.method == .raw ? request.layer : nil
    }
  }
}

/// Where a step goes: by so much, or to a place.
enum StepTarget: Sendable, Equatable {
  case by(Int)
  case to(Int)
  case name(String)

  init?(_ text: String) {
    if let sign = text.first, "+-".contains(sign), let distance = Int(text) {
      self = .by(distance)
    } else if let place = Int(text) {
      self = .to(place)
    } else if !text.isEmpty {
      self = .name(text)
    } else {
      return nil
    }
  }

  /// The place among numbers; a relative step stops at the ends.
  func resolved(
    from now: Int, within range: Range<Int>, _ what: String
  ) throws(CommandFailure) -> Int {
    switch self {
    case .by(let distance): return min(max(now + distance, range.lowerBound), range.upperBound - 1)
    case .to(let place) where range.contains(place): return place
    case .to(let place):
      throw CommandFailure(
        code: "trace.invalid", "\(what) \(place) is outside \(range.lowerBound)…\(range.upperBound - 1)")
    case .name(let name):
      throw CommandFailure(code: "usage", "\(what)= takes a number, +N or -N, not \"\(name)\"")
    }
  }

  /// The place among names, in a circle.
  func resolved(
    from now: String, among names: [String], _ what: String
  ) throws(CommandFailure) -> String? {
    let index = names.firstIndex(of: now) ?? 0
    func around(_ distance: Int) -> String {
      names[((index + distance) % names.count + names.count) % names.count]
    }
    switch self {
    case .by(let distance): return around(distance)
    case .name("next"): return around(1)
    case .to(let place) where names.contains(String(place)): return String(place)
    case .name(let name) where names.contains(name): return name
    case .to, .name:
      throw CommandFailure(
        code: "usage", "there is no such \(what) here",
        remedy: "one of \(names.joined(separator: ", ")), or next")
    }
  }
}

extension ValueKind where Value == StepTarget {
  static var step: ValueKind {
    ValueKind(
      placeholder: "N|+N|-N|NAME", expectation: "a place, or +1 and -1", completion: .nothing,
      parse: { StepTarget($0) })
  }
}
