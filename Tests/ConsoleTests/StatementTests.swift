import Console
import Testing

@Suite struct StatementTests {
  @Test(arguments: [
    (":rank a | b", Statement.command(verb: "rank", rest: "a | b")),
    ("  :load  x ", .command(verb: "load", rest: "x ")),
    ("::text", .text(":text")), ("::/text", .text("/text")),
    ("# comment", .nothing), ("   ", .nothing), ("", .nothing),
    ("!ls", .shell("ls")), ("what is # this", .text("what is # this")),
    ("/etc/passwd", .text("/etc/passwd")),
  ])
  func readsScriptLines(_ line: String, _ expected: Statement) {
    #expect(Statement(line, origin: .script) == expected)
  }

  @Test func understandsSlashVerbsAtThePromptOnly() {
    #expect(Statement("/rank a", origin: .prompt) == .command(verb: "rank", rest: "a"))
    #expect(Statement("# not a comment", origin: .prompt) == .text("# not a comment"))
  }

  @Test func joinsMultiLinePrompts() {
    var reader = ScriptReader()
    #expect(reader.take(":print one")?.line == 1)
    #expect(reader.take("\"\"\"first") == nil)
    #expect(reader.isOpen)
    #expect(reader.take("second") == nil)
    let whole = reader.take("third\"\"\"")
    #expect(whole?.text == "first\nsecond\nthird")
    #expect(whole?.line == 2)
  }
}
