import CCurses
import Pictures
import Screen
import Testing

@testable import Terminal

/// Feeds bytes as a terminal sends them and flushes at the end.
private func decoded(_ bytes: some Sequence<UInt8>) -> [InputEvent] {
  var decoder = KeyDecoder()
  return bytes.flatMap { decoder.feed(Int($0)) } + decoder.flush()
}

private func key(_ number: Int, _ modifiers: Int = 0) -> Int {
  Int(GAZE_KEYS) + 8 * number + modifiers
}

@Suite struct KeyDecoderTests {
  @Test func bytesBecomeKeys() {
    #expect(
      decoded([0x61, 0x01, 0x0d, 0x09, 0x7f, 0x0a, 0x00, 0x1f]) == [
        .key(.plain("a")), .key(.control("a")), .key(.plain(.enter)), .key(.plain(.tab)),
        .key(.plain(.backspace)), .key(.control("j")), .key(.control(" ")), .key(.control("_")),
      ])
  }

  @Test func koreanAndEmojiArriveWhole() {
    #expect(
      decoded("한🙂é".utf8) == [.key(.plain("한")), .key(.plain("🙂")), .key(.plain("é"))])
  }

  /// A character cut in two by the network is not lost.
  @Test func aCharacterMayArriveInPieces() {
    var decoder = KeyDecoder()
    let bytes = Array("한".utf8)
    #expect(decoder.feed(Int(bytes[0])).isEmpty)
    #expect(decoder.flush().isEmpty)
    #expect(decoder.feed(Int(bytes[1])).isEmpty)
    #expect(decoder.feed(Int(bytes[2])) == [.key(.plain("한"))])
  }

  @Test func brokenBytesAreReplaced() {
    let replacement = InputEvent.key(.plain("\u{fffd}"))
    #expect(decoded([0xff, 0x61]) == [replacement, .key(.plain("a"))])
    #expect(decoded([0xed, 0x95, 0x61]) == [replacement, .key(.plain("a"))])
    #expect(decoded([0xc0, 0xaf]) == [replacement])
  }

  @Test func escapeMakesAltOrStandsAlone() {
    #expect(decoded([0x1b]) == [.key(.plain(.escape))])
    #expect(decoded([0x1b, 0x66]) == [.key(.alt("f"))])
    #expect(decoded([0x1b, 0x0d]) == [.key(.alt(.enter))])
    #expect(decoded([0x1b, 0x1b]) == [.key(.plain(.escape)), .key(.plain(.escape))])
    #expect(decoded([0x1b, 0x5b]) == [.key(.alt("["))])
  }

  @Test func unknownSequencesTypeNothing() {
    #expect(decoded(Array("\u{1b}[27;5;9~a\u{1b}Oza".utf8)) == [
      .key(.plain("a")), .key(.plain("a")),
    ])
  }

  @Test func keyCodesCarryModifiers() {
    var decoder = KeyDecoder()
    #expect(decoder.feed(key(Int(GAZE_LEFT), Int(GAZE_CONTROL))) == [.key(.control(.left))])
    #expect(decoder.feed(key(Int(GAZE_FUNCTION) + 5)) == [.key(.plain(.function(5)))])
    #expect(decoder.feed(0x1b).isEmpty)
    #expect(decoder.feed(key(Int(GAZE_UP))) == [.key(.alt(.up))])
    #expect(decoder.feed(key(Int(GAZE_UNKNOWN_KEY))).isEmpty)
  }

  @Test func aPasteIsOneEventEvenWithControlsInside() {
    var decoder = KeyDecoder()
    #expect(decoder.feed(key(Int(GAZE_PASTE_BEGIN))).isEmpty)
    for byte in "한\rb\r\nc\u{3}\u{1b}".utf8 { #expect(decoder.feed(Int(byte)).isEmpty) }
    #expect(decoder.flush().isEmpty)
    #expect(decoder.feed(key(Int(GAZE_UP))).isEmpty)
    #expect(decoder.feed(key(Int(GAZE_PASTE_END))) == [.paste("한\nb\nc\u{3}\u{1b}")])
    #expect(decoder.feed(0x61) == [.key(.plain("a"))])
  }

  /// Over a slow line curses gives up on the sequence and hands out its bytes: without them the
  /// paste would swallow everything typed from then on.
  @Test func aPasteEndsBySlowBytesToo() {
    var decoder = KeyDecoder()
    _ = decoder.feed(key(Int(GAZE_PASTE_BEGIN)))
    let events = "a\u{1b}[20b\u{1b}\u{1b}[201~c".utf8.flatMap { decoder.feed(Int($0)) }
    #expect(events == [.paste("a\u{1b}[20b\u{1b}"), .key(.plain("c"))])
  }

  @Test func aPasteInsideAPasteLosesNothing() {
    var decoder = KeyDecoder()
    for code in [key(Int(GAZE_PASTE_BEGIN)), 0x61, key(Int(GAZE_PASTE_BEGIN)), 0x62] {
      #expect(decoder.feed(code).isEmpty)
    }
    #expect(decoder.feed(key(Int(GAZE_PASTE_END))) == [.paste("ab")])
  }

  /// Whatever arrives, the decoder neither crashes nor stays stuck.
  @Test func anyBytesLeaveItUsable() {
    var state: UInt64 = 1
    for _ in 0..<500 {
      var decoder = KeyDecoder()
      for _ in 0..<40 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        _ = decoder.feed(Int(state >> 33) % 2100)
      }
      _ = decoder.feed(key(Int(GAZE_PASTE_END)))
      _ = decoder.flush()
      for _ in 0..<4 { _ = decoder.feed(Int(UInt8(ascii: "m"))) }
      #expect(decoder.feed(0x61) == [.key(.plain("a"))])
    }
  }
}

@Suite struct TerminalColorsTests {
  @Test(arguments: [
    (["TERM": "xterm"], 256, false, TerminalColors.indexed256),
    (["COLORTERM": "truecolor"], 256, false, .direct), (["COLORTERM": "24bit"], 8, false, .direct),
    ([:], 256, true, .direct), ([:], 16, false, .named(16)), ([:], 88, false, .named(16)),
    ([:], 8, false, .named(8)), ([:], -1, false, .none),
    (["COLORTERM": "truecolor"], -1, false, .none),
    (["NO_COLOR": "1", "COLORTERM": "truecolor"], 256, false, .none),
    (["NO_COLOR": ""], 256, false, .indexed256),
  ])
  func whatTheTerminalAnnounces(
    environment: [String: String], count: Int, flag: Bool, expected: TerminalColors
  ) {
    #expect(
      TerminalColors(environment: environment, count: count, hasDirectFlag: flag) == expected)
  }

  @Test func coloursBecomeNumbersThatTheTerminalHas() {
    let orange = Color.rgb(RGB(255, 135, 0))
    #expect(TerminalColors.direct.number(of: orange) == 0xff8700)
    #expect(TerminalColors.indexed256.number(of: orange) == 208)
    #expect((0..<8).contains(TerminalColors.named(8).number(of: orange)))
    #expect(TerminalColors.none.number(of: orange) == -1)
    #expect(TerminalColors.named(8).number(of: .named(9)) == 1)
    #expect(TerminalColors.named(8).needsBold(for: .named(9)))
    #expect(TerminalColors.indexed256.number(of: .named(9)) == 9)
    #expect(TerminalColors.direct.number(of: .rgb(RGB(0, 0, 3))) >= 16)
    #expect(TerminalColors.direct.number(of: .standard) == -1)
  }
}

@Suite struct PairTableTests {
  @Test func equalColoursShareAPair() {
    var table = PairTable(limit: 8)
    #expect(table.entry(foreground: -1, background: -1) == .init(number: 0, isNew: false))
    #expect(table.entry(foreground: 1, background: 2) == .init(number: 1, isNew: true))
    #expect(table.entry(foreground: 2, background: 1) == .init(number: 2, isNew: true))
    #expect(table.entry(foreground: 1, background: 2) == .init(number: 1, isNew: false))
  }

  @Test func onlyPairsOfEarlierFramesAreGivenAway() {
    var table = PairTable(limit: 4)
    table.beginFrame()
    for color in 1...3 { #expect(table.entry(foreground: color, background: -1)?.number == color) }
    #expect(table.entry(foreground: 9, background: -1) == nil)
    table.beginFrame()
    #expect(table.entry(foreground: 2, background: -1) == .init(number: 2, isNew: false))
    let first = table.entry(foreground: 9, background: -1)
    let second = table.entry(foreground: 8, background: -1)
    #expect(Set([first?.number, second?.number]) == [1, 3])
    #expect(table.entry(foreground: 7, background: -1) == nil)
    let again = table.entry(foreground: 9, background: -1)
    #expect(again?.number == first?.number)
    #expect(again?.isNew == false)
  }

  /// Over many frames no two colours of one frame ever share a number, and numbers stay in range.
  @Test func aFrameNeverMixesColours() {
    var table = PairTable(limit: 16)
    for frame in 0..<200 {
      table.beginFrame()
      var owner: [Int: Int] = [:]
      for step in 0..<15 {
        let color = (frame * 7 + step * 3) % 40
        guard let entry = table.entry(foreground: color, background: 0) else { continue }
        #expect((1..<16).contains(entry.number))
        #expect(owner[entry.number] == nil || owner[entry.number] == color)
        owner[entry.number] = color
      }
      #expect(owner.count == 15)
    }
  }
}

@Suite struct WidthAgreementTests {
  /// The grid's table of widths agrees with the C library's, which curses goes by, wherever that
  /// knows the scalar; the few that Unicode versions differ on are replaced by the backend.
  @Test(.enabled(if: gaze_locale_open())) func widthsAgreeWithTheCLibrary() {
    let differing = (UInt32(0xa0)..<0x110000).compactMap { Unicode.Scalar($0) }.filter { scalar in
      let glyphs = Glyph.glyphs(of: Character(scalar))
      let theirs = Int(gaze_wcwidth(scalar.value))
      guard theirs > 0, glyphs.count == 1, glyphs[0].base == scalar else { return false }
      return glyphs[0].width != theirs
    }
    #expect(differing.count <= 64, "\(differing.map { String($0.value, radix: 16) })")
    #expect(!differing.contains { (0xac00...0xd7a3).contains($0.value) || $0.value < 0x3000 })
  }
}

@Suite struct WakeQueueTests {
  @Test func valuesOfManyThreadsArriveOnceAndInOrder() async throws {
    let queue = try WakeQueue<[Int]>()
    await withTaskGroup(of: Void.self) { group in
      for sender in 0..<4 {
        group.addTask { for step in 0..<500 { queue.push([sender, step]) } }
      }
    }
    let values = queue.drain()
    #expect(values.count == 2000)
    for sender in 0..<4 {
      #expect(values.filter { $0[0] == sender }.map { $0[1] } == Array(0..<500))
    }
    #expect(queue.drain().isEmpty)
  }
}
