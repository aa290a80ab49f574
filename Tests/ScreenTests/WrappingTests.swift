import Screen
import Testing

func wrapped(_ text: String, _ width: Int, indent: Int = 0) -> [String] {
  StyledLine([Span(text)], hangingIndent: indent).rows(width: width).map { row in
    var scalars = String.UnicodeScalarView()
    for cell in row where !cell.isSecondHalf {
      scalars.append(cell.base)
      scalars.append(contentsOf: cell.marks)
    }
    return String(scalars)
  }
}

@Suite struct WrappingTests {
  @Test func breaksAtBlanks() {
    #expect(wrapped("the quick brown fox", 10) == ["the quick", "brown fox"])
    #expect(wrapped("the quick brown fox", 9) == ["the quick", "brown fox"])
    #expect(wrapped("", 5) == [""])
    #expect(wrapped("exact", 5) == ["exact"])
  }

  @Test func longWordsBreakAnywhere() {
    #expect(wrapped("abcdefghij", 4) == ["abcd", "efgh", "ij"])
    #expect(wrapped("  abcdefghij", 6) == ["  abcd", "efghij"])
  }

  @Test func koreanBreaksAtBlanksAndNeverInsideACharacter() {
    #expect(wrapped("안녕하세요 세계", 11) == ["안녕하세요", "세계"])
    #expect(wrapped("안녕하세요", 5) == ["안녕", "하세", "요"])
  }

  @Test func ideographsBreakAnywhere() {
    #expect(wrapped("ab 日本語文字", 8) == ["ab 日本", "語文字"])
  }

  @Test func emojiStayWhole() {
    #expect(wrapped("🙂🙂🙂", 5) == ["🙂🙂", "🙂"])
    #expect(wrapped("한", 1) == ["?"])
  }

  @Test func continuationRowsAreIndented() {
    #expect(wrapped("one two three", 8, indent: 2) == ["one two", "  three"])
  }

  /// No row is too wide and no ink is lost, whatever the text and width.
  @Test(arguments: 1...12) func rowsFit(width: Int) {
    let texts = [
      "a long line with    several blanks and averyveryverylongword", "한국어 문장이 줄을 넘어갑니다",
      "mixed 한글 and 日本 and 🙂 emoji", "   ", "\u{1b}[31m",
    ]
    for text in texts {
      let rows = StyledLine(text).rows(width: width)
      #expect(rows.allSatisfy { $0.count <= width })
      if width >= 2 {
        let ink = rows.joined().filter { !$0.isBlank }
        #expect(ink == Cell.cells(of: text).filter { !$0.isBlank })
      }
    }
  }
}
