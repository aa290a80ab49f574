import Testing

@testable import Console
@testable import Terminal

/// What the terminal makes of a session's events.
@Suite struct EventPainterTests {
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
