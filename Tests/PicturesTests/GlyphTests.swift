import Pictures
import Testing

@Suite struct GlyphTests {
  @Test(arguments: [
    ("a", "a", 1), ("한", "한", 2), ("\u{1112}\u{1161}\u{11ab}", "한", 2),
    ("e\u{301}", "e\u{301}", 1), ("👍🏽", "👍", 2), ("❤️", "❤", 1), ("👨‍👩‍👧", "👨👩👧", 6),
    ("🇰🇷", "KR", 2), ("1️⃣", "1\u{20e3}", 1), ("\t", "    ", 4), ("\u{1b}", "\\u{1b}", 6),
    ("\u{7f}", "\\u{7f}", 6), ("\u{9b}", "\\u{9b}", 6), ("\u{202e}", "\\u{202e}", 8),
    ("\r\n", "\\r\\n", 4), ("\u{301}", "\\u{301}", 7), ("\u{200b}", "\\u{200b}", 8),
    ("🏴\u{e0067}\u{e0062}\u{e007f}", "🏴", 2), ("\u{378}", "\\u{378}", 7),
    ("क्षि", "क्षि", 3),
  ])
  func charactersShowAsSafeGlyphs(text: String, shown: String, width: Int) {
    let glyphs = text.flatMap { Glyph.glyphs(of: $0) }
    var scalars = String.UnicodeScalarView()
    for glyph in glyphs {
      scalars.append(glyph.base)
      scalars.append(contentsOf: glyph.marks)
    }
    #expect(Array(scalars) == Array(shown.unicodeScalars))
    #expect(Glyph.width(of: text) == width)
  }

  @Test func hiddenTagsAreShown() {
    #expect(Glyph.width(of: "a\u{e0041}") == 1 + "\\u{e0041}".count)
  }

  @Test func stackedMarksAreBounded() {
    let zalgo = "e" + String(repeating: "\u{301}", count: 100)
    let glyphs = zalgo.flatMap { Glyph.glyphs(of: $0) }
    #expect(glyphs.count == 1)
    #expect(glyphs[0].marks.count == Glyph.markLimit)
  }

  @Test(arguments: [
    ("\u{1b}[31mred", "\\u{1b}[31mred"), ("one\ntwo\r\n", "one\\ntwo\\u{d}\\n"),
    ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"), ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
    ("a\u{2028}b\u{0}", "a\\u{2028}b\\u{0}"), ("né, 한국어, 👩\u{200d}🚀", "né, 한국어, 👩\u{200d}🚀"),
    ("", ""),
  ])
  func textsAreSpelledSoThatNoneSteersATerminal(text: String, spelled: String) {
    #expect(Array(text.escapingControls.unicodeScalars) == Array(spelled.unicodeScalars))
  }

  /// No scalar at all reaches a terminal that would move the cursor in a way of its own.
  @Test func everyScalarIsShownSafely() {
    let unsafe = (UInt32(0)..<0x110000).compactMap { Unicode.Scalar($0) }.filter { scalar in
      Glyph.glyphs(of: Character(scalar)).contains { glyph in
        let isControl = glyph.base.value < 0x20 || (0x7f..<0xa0).contains(glyph.base.value)
        return isControl || !(1...2).contains(glyph.width)
      }
    }
    #expect(unsafe.isEmpty)
  }
}
