@testable import Console
import Testing

@Suite struct StepTests {
  private func traced() async throws -> TestSession {
    let test = TestSession()
    try await test.run(":load emoji-clip", ":image \(TestSession.cat)", ":attn")
    return test
  }

  @Test func stopsAtTheEndsHoweverFarAStepGoes() async throws {
    let test = try await traced()
    try await test.run(
      ":step token=5", ":step token=+9223372036854775807", ":check token == 64",
      ":step token=-9223372036854775808", ":check token == 0",
      ":step head=2", ":step head=+9223372036854775807",
      ":step head=-9223372036854775808",
      ":step layer=-9223372036854775808", ":check layer == 0")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
  }

  @Test func changesNothingWhenItFails() async throws {
    let test = try await traced()
    let before = await test.session.tracing
    for line in [
      ":step layer=99 overlay=blocks", ":step overlay=blocks token=99", ":step layer=pool",
      ":step head=0 method=rollout layer=99",
    ] {
      #expect(try await test.run(line).failure != nil, "\(line)")
    }
    let after = await test.session.tracing
    #expect(after.overlay == before.overlay)
    #expect(after.request?.layer == before.request?.layer)
    // Nor when it would have begun the tracing.
    let fresh = TestSession()
    try await fresh.run(":load emoji-clip", ":image \(TestSession.cat)")
    #expect(try await fresh.run(":step layer=99").failure?.code == "trace.invalid")
    let request = await fresh.session.tracing.request
    #expect(request == nil)
  }

  @Test func tellsTheStepperWhatLiesOutside() async throws {
    let test = try await traced()
    try await test.run(":step", ":step layer=-1")
    let result = try #require(await test.session.tracing.result)
    let captions = test.events.compactMap { event -> String? in
      if case .stepping(let caption, overPicture: true) = event { caption } else { nil }
    }
    #expect(captions.count == 2)
    #expect(captions.last?.hasPrefix(result.caption) == true)
    #expect(captions.last?.hasSuffix("; \(Format.percent(result.trace.outside)) outside") == true)
  }

  @Test func leavesSinksOut() async throws {
    let test = try await traced()
    let whole = try #require(await test.session.tracing.result).trace
    #expect(whole.sinks == nil)
    var found = 0
    for layer in 0..<whole.layers {
      try await test.run(":attn layer=\(layer)")
      let before = try #require(await test.session.tracing.result).trace
      try await test.run(":attn layer=\(layer) drop-sinks")
      let after = try #require(await test.session.tracing.result).trace
      let sinks = try #require(after.sinks)
      found += sinks.count
      for (index, weight) in after.weights.enumerated() {
        #expect(weight == (sinks.contains(index + 1) ? 0 : before.weights[index]))
      }
      #expect(sinks.isEmpty ? after.outside == before.outside : after.outside > before.outside)
    }
    #expect(found > 0, "no layer has a sink, and the test says nothing")
    let slip = try #require(try await test.run(":attn drop-sink").failure)
    #expect(slip.remedy?.hasPrefix("did you mean drop-sinks?") == true)
    // Stepping on keeps leaving them out.
    try await test.run(":step layer=0")
    #expect(try #require(await test.session.tracing.result).trace.sinks != nil)
    #expect(test.codes.compactMap(\.self) == ["usage"], "\(test.codes)")
  }

  /// `:next` and `:prev` go one token on and back.
  @Test func nextAndPreviousStep() async throws {
    let test = try await traced()
    try await test.run(
      ":attn token=3", ":next", ":check token == 4", ":prev", ":prev", ":check token == 2",
      ":next layer=0", ":check token == 2", ":check layer == 0")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
  }

  /// What is printed of words are shares that leave room for what is off them, whatever the weights
  /// come to; relevance itself is divided by its sum.
  @Test func wordsHaveSharesOfTheMass() async throws {
    let test = try await traced()
    for line in [
      ":attn method=relevance tower=text text=\"a photo of a cat\"",
      ":attn tower=text text=\"a photo of a cat\" head=max", ":attn tower=text text=cat",
    ] {
      let record = try await test.run(line)
      let result = try #require(try record.outcome.get().result as? AttentionResult)
      let lines = PlainText.lines(
        of: result.report, cells: .init(symbols: .ascii, colors: .monochrome))
      let shares = lines.compactMap { line in
        line.firstMatch(of: /([0-9.]+) %/).flatMap { Double($0.1) }
      }
      #expect(shares.count == result.trace.pieces.count + 1, "\(lines)")
      #expect(abs(shares.reduce(0, +) - 100) < 0.3, "\(line): \(shares)")
      guard result.trace.method == .relevance else { continue }
      #expect(abs(result.trace.weights.reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test func keepsWhatIsAskedForBesideAMethod() async throws {
    let test = try await traced()
    try await test.run(":step method=rollout layer=1", ":check layer == 1", ":check method == rollout")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
    #expect(try await test.run(":step end layer=1").failure?.code == "usage")
    try await test.run(":attn method=relevance text=\"a cat\"")
    #expect(try await test.run(":step method=relevance head=2").failure?.code == "trace.invalid")
  }
}
