import Engine

/// `:step`: walk through attention from where `:attn` left it.
///
/// Without options it hands the keys to the stepper, in a front end that has keys; each key is
/// then one of these lines.
struct Step: Command {
  private static let token = Option("token", .step, "a position, or +1 and -1")
  private static let layer = Option("layer", .step, "a layer, `all`, `pool`, or +1 and -1")
  private static let head = Option("head", .step, "a head, `mean`, `max`, or +1 and -1")
  private static let method = Option("method", .step, "a method, or `next`")
  private static let overlay = Option(
    "overlay", .step, "blend, blocks or picture, or `next`: what is drawn")
  private static let end = Flag("end", "leave the stepper")

  static let signature = Signature(
    "step", aliases: ["next", "prev"], implying: ["next": "token=+1", "prev": "token=-1"],
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
    guard !ends || isBare else {
      throw .usage("`end` leaves the stepper and takes nothing beside it", Step.signature)
    }
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
    var request: TraceRequest
    let shown: AttentionTrace
    if let known = session.tracing.request, let result = session.tracing.result {
      (request, shown) = (known, result.trace)
    } else {
      request = TraceRequest(tower: .vision, picture: try session.pictures().last, text: nil)
      shown = try await session.traced(request)
    }
    try vary(&request, from: shown)
    let overlay = try nextOverlay(after: session.tracing.overlay)
    let outcome = try await session.trace(request, overlay: overlay)
    if isBare { session.tracing.isStepping = true }
    if session.tracing.isStepping, let result = session.tracing.result {
      let sentence = result.heatMap.map { "  " + $0.sentence } ?? ""
      let outside = "; \(Format.percent(result.trace.outside)) outside"
      session.send(
        .stepping(
          caption: result.caption + sentence + outside, overPicture: result.heatMap != nil))
    }
    return outcome
  }

  private func nextOverlay(
    after now: TracingState.Overlay
  ) throws(CommandFailure) -> TracingState.Overlay {
    guard let overlay else { return now }
    let name = try overlay.resolved(
      from: now.rawValue, among: TracingState.Overlay.allCases.map(\.rawValue), "overlay")
    return TracingState.Overlay(rawValue: name) ?? now
  }

  /// Moves each named coordinate; steps stop at the ends.
  private func vary(
    _ request: inout TraceRequest, from shown: AttentionTrace
  ) throws(CommandFailure) {
    if let token {
      request.token = try token.resolved(
        from: shown.token ?? -1, within: 0..<shown.positions, "token")
      // A position is one of a layer; the pool has a query of its own.
      if request.layer == .pool { request.layer = nil }
    }
    if let layer {
      request.layer = try nextLayer(layer, from: shown)
      if request.layer == .pool {
        // One query has no position of its own, and tells no sinks.
        if token == nil { request.token = nil }
        request.dropsSinks = false
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
      let name = try head.resolved(from: now, among: names, "head")
      request.head = name == "mean" ? .mean : name == "max" ? .max : .index(Int(name) ?? 0)
    }
    if let method {
      // Relevance needs a label; stepping passes it by when there is none.
      let names = AttentionMethod.allCases.filter {
        $0 != .relevance || (request.text != nil && request.picture != nil)
      }.map(\.rawValue)
      let name = try method.resolved(from: shown.method.rawValue, among: names, "method")
      request.method = AttentionMethod(rawValue: name) ?? shown.method
      // What the new method cannot use goes, unless it is asked for in so many words.
      if request.method == .relevance, head == nil { request.head = .mean }
      if request.method != .raw, layer == nil { request.layer = nil }
    }
  }

  private func nextLayer(
    _ layer: StepTarget, from shown: AttentionTrace
  ) throws(CommandFailure) -> LayerChoice {
    switch layer {
    case .name("all"): return .all
    case .name("pool"): return .pool
    default: break
    }
    let now =
      switch shown.layer {
      case .index(let index): index
      case .all: shown.layers - 1
      // It stands behind the last.
      case .pool: shown.layers
      }
    return .index(try layer.resolved(from: now, within: 0..<shown.layers, "layer"))
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
    case .by(let distance):
      let (sum, overflows) = now.addingReportingOverflow(distance)
      let place = overflows ? (distance < 0 ? Int.min : Int.max) : sum
      return min(max(place, range.lowerBound), range.upperBound - 1)
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
  ) throws(CommandFailure) -> String {
    let index = names.firstIndex(of: now) ?? 0
    func around(_ distance: Int) -> String {
      names[((index + distance % names.count) % names.count + names.count) % names.count]
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
