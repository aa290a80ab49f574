@testable import Console
import Testing

@Suite struct LexerTests {
  private func words(_ text: String, labels: Bool = false) throws -> [String] {
    try Lexer.words(of: text, separatesLabels: labels).map(\.text)
  }

  @Test(arguments: [
    ("", []), ("   ", []), ("a  b\tc", ["a", "b", "c"]),
    (#""a b" c"#, ["a b", "c"]), (#"a" b"c"#, ["a bc"]),
    (#""\"\\\n\t""#, ["\"\\\n\\t"]), (#""""#, [""]),
    ("한국어 🍎", ["한국어", "🍎"]), (#"back\slash"#, [#"back\slash"#]),
  ])
  func splitsOnBlanks(_ text: String, _ expected: [String]) throws {
    #expect(try words(text) == expected)
  }

  @Test func separatesLabelsAtUnquotedBars() throws {
    #expect(try words("a|b | \"c|d\"", labels: true) == ["a", "|", "b", "|", "c|d"])
    let last = try Lexer.words(of: #"a | "|""#, separatesLabels: true)[2]
    #expect(!last.isSeparator)
    #expect(try words("a|b") == ["a|b"])
  }

  @Test func findsAssignmentsWhoseKeyIsUnquoted() throws {
    let all = try Lexer.words(of: #"k="v w" "k=v" =v k= a=b=c"#)
    #expect(all[0].assignment.map { [$0.key, $0.value] } == ["k", "v w"])
    #expect(all[1].assignment == nil)
    #expect(all[2].assignment == nil)
    #expect(all[3].assignment.map { [$0.key, $0.value] } == ["k", ""])
    #expect(all[4].assignment.map { [$0.key, $0.value] } == ["a", "b=c"])
  }

  @Test func namesTheColumnOfAnUnclosedQuote() {
    #expect(throws: SyntaxError(message: "the quote opened here is not closed", column: 3)) {
      try Lexer.words(of: #"a "b"#)
    }
  }

  @Test func quotesWordsSoThatTheyMeanThemselves() throws {
    for word in ["", "a b", "\"", "\\", "a\\nb", "x\ny", "a|b", "k=v", "--", "*?[", "사 과"] {
      let read = try Lexer.words(of: Launch.quoted(word), separatesLabels: true)
      #expect(read.map(\.text) == [word])
      #expect(try words(CommandCompleter.quotedIfNeeded(word), labels: true) == [word])
    }
  }
}
