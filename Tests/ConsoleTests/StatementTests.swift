@testable import Console
import Testing

@Suite struct StatementTests {
  @Test(arguments: [
    (":rank a | b", Statement.command(verb: "rank", rest: "a | b")),
    ("  :load  x ", .command(verb: "load", rest: "x ")),
    ("::text", .text(":text")), ("::/text", .text("/text")),
    ("# comment", .nothing), ("  \t# comment", .nothing), ("   ", .nothing), ("", .nothing),
    ("!ls", .shell("ls")), ("what is # this", .text("what is # this")),
    ("/etc/passwd", .text("/etc/passwd")),
    ("\"\"\"# no comment\"\"\"", .text("# no comment")),
    ("\"\"\"\n:no verb\nsecond\n\"\"\"", .text(":no verb\nsecond")),
    ("\"\"\"\"\"\"", .nothing),
  ])
  func readsScriptLines(_ line: String, _ expected: Statement) {
    #expect(Statement(line, origin: .script) == expected)
  }

  @Test func understandsSlashVerbsAtThePromptOnly() {
    #expect(Statement("/rank a", origin: .prompt) == .command(verb: "rank", rest: "a"))
    #expect(Statement("/?", origin: .prompt) == .command(verb: "?", rest: ""))
    #expect(Statement("/5 of it", origin: .prompt) == .text("/5 of it"))
    #expect(Statement("# not a comment", origin: .prompt) == .text("# not a comment"))
  }

  @Test(arguments: [
    "plain", ":colon", "# hash", "!bang", "/slash", "two\nlines", "  indented", "\"quoted\"",
    ":a\n# b\n", "::", "\"\"\"", "사과",
  ])
  func writesTextAsLinesThatReadAsThatText(_ text: String) throws {
    let line = Statement.text(text).line
    #expect(Statement(line, origin: .script) == .text(text))
    // A script cuts it into that one statement again.
    #expect(try ScriptReader.lines(of: line + "\n:next").map(\.text) == [line, ":next"])
  }

  @Test(arguments: ["plain", "two\nlines", "\"\"\"open", "\"\"\"\nwhole\n\"\"\""])
  func writesCommandsAsLinesThatReadAsThatCommand(_ rest: String) throws {
    let line = Statement.command(verb: "print", rest: rest).line
    #expect(try ScriptReader.lines(of: line + "\n:next").map(\.text) == [line, ":next"])
    guard case .command("print", let read) = Statement(line, origin: .script) else {
      Issue.record("\(line) is no :print")
      return
    }
    let expected = try Arguments(rest, for: Print.signature).rest
    #expect(try Arguments(read, for: Print.signature).rest == expected)
  }

  @Test func joinsTheLinesOfAPrompt() {
    var reader = ScriptReader()
    #expect(reader.take(":print one") == .init(text: ":print one", number: 1))
    #expect(reader.take("\"\"\"first") == nil)
    #expect(reader.isOpen)
    #expect(reader.take("# second \"\"\" third") == nil)
    let whole = reader.take("fourth\"\"\" ")
    #expect(whole?.number == 2)
    #expect(
      whole.map { Statement($0.text, origin: .script) }
        == .text("first\n# second \"\"\" third\nfourth"))
  }

  @Test func opensPromptsOnlyWhereALineBegins() throws {
    let script = "# see \"\"\" above\nsay \"\"\" aloud\n:print \"\"\"a\nb\"\"\"\n"
    #expect(
      try ScriptReader.lines(of: script).map(\.text)
        == ["# see \"\"\" above", "say \"\"\" aloud", ":print \"\"\"a\nb\"\"\"", ""])
  }

  @Test func readsEveryKindOfLineEnd() throws {
    #expect(
      try ScriptReader.lines(of: ":a\r\n:b\n\r\n:c").map(\.text) == [":a", ":b", "", ":c"])
  }

  /// Each line is looked at once, however long the prompt.
  @Test func readsLongPromptsWhole() throws {
    let text = String(repeating: "twenty letters a line\n", count: 200_000)
    let lines = try ScriptReader.lines(of: "\"\"\"\n\(text)\"\"\"\n:show")
    #expect(lines.map(\.number) == [1, 200_003])
    #expect(lines.first?.text.utf8.count == text.utf8.count + 7)
  }

  @Test func namesTheLineOfAnUnclosedPrompt() {
    #expect(throws: ScriptReader.UnclosedFence(line: 2)) {
      try ScriptReader.lines(of: ":a\n\"\"\"open\n:b\n")
    }
  }

  @Test(
    arguments: [
      (":load x\n:rank a | b\n\n  :quit 3", [":load x", ":rank a | b", "  :quit 3"]),
      (":print \"\"\"one\n:two\n\"\"\"\n:show", [":print \"\"\"one\n:two\n\"\"\"", ":show"]),
      (":rank a |\nb", [":rank a |\nb"]),
      ("what is this?\n:not a command", ["what is this?\n:not a command"]),
      ("::text\n:text", ["::text\n:text"]),
      (":rank a | b\n# a note\n!ls\n:show", [":rank a | b", "!ls", ":show"]),
      ("# a note\n\n:print two", [":print two"]),
      ("# a heading\nand its text\n:b", ["# a heading\nand its text\n:b"]),
      (":print \"\"\"open\n:show", [":print \"\"\"open\n:show"]),
      ("", [""]),
    ])
  func cutsWhatIsPastedAtItsCommands(_ text: String, _ statements: [String]) {
    #expect(ScriptReader.statements(typed: text) == statements)
  }
}
