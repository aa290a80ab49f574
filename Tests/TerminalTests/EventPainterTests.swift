import Testing

@testable import Console
@testable import Terminal

/// What the terminal makes of a session's events.
@Suite struct EventPainterTests {
  /// The terminal's abilities and the user's wishes, and what comes of them.
  @Test(
    arguments: [
      (TerminalColors.indexed256, true, Settings.Renderer.blocks, Settings.Color.auto, "half/256"),
      (.direct, true, .auto, .auto, "symbols/truecolor"),
      (.direct, false, .auto, .auto, "ascii/truecolor"),
      (.direct, true, .ascii, .none, "ascii/mono"),
      (.named(16), true, .auto, .truecolor, "symbols/16"),
      (.none, true, .auto, .ansi256, "ascii/mono"),
    ])
  func theStatusLineNamesTheRenderer(
    colors: TerminalColors, isUnicode: Bool, renderer: Settings.Renderer, color: Settings.Color,
    name: String
  ) throws {
    let queue = try WakeQueue<TerminalMessage>()
    let painter = EventPainter(queue: queue)
    painter.use(colors, isUnicode: isUnicode)
    painter.show(
      .status(
        SessionStatus(
          model: "emoji-clip", precision: "f32", threads: 2, isa: "avx2", bytes: 3_000_000,
          renderer: renderer, color: color, completion: CompletionContext())))
    let repl = Repl(host: TerminalHost(), rows: 10, columns: 80)
    for message in queue.drain() { repl.apply(message) }
    let line = repl.draw().grid.lines[8]
    #expect(line == " emoji-clip  3.0 MB  f32  avx2 × 2  \(name)")
    // Of all facts it is the first to give way.
    repl.resize(rows: 10, columns: 37)
    #expect(repl.draw().grid.lines[8] == " emoji-clip  3.0 MB  f32  avx2 × 2")
  }

  @Test func aStepIsExportedAsWhatItLooksAtCanBe() throws {
    let painter = EventPainter(queue: try WakeQueue<TerminalMessage>())
    painter.show(.stepping(caption: "vision", overPicture: true))
    let picture = painter.line(for: .export)
    #expect(picture.hasPrefix(":export attn attention") && picture.hasSuffix(".png"))
    painter.show(.stepping(caption: "text", overPicture: false))
    let words = painter.line(for: .export)
    #expect(words.hasPrefix(":export attn attention") && words.hasSuffix(".svg"))
    #expect(painter.line(for: .nextToken) == ":step token=+1")
  }
}
