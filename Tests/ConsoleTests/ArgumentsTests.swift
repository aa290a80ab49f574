@testable import Console
import Testing

@Suite struct ArgumentsTests {
  private static let file = Positional(ValueKind<String>.path(), "a file", repeats: true)
  private static let size = Option("size", .integer(1...9), "a size")
  private static let template = Option("template", .text(), "a template")
  private static let force = Flag("force", "a flag")

  private func signature(_ form: Signature.Form) -> Signature {
    Signature(
      "verb", "does", form: form,
      [Self.file.parameter, Self.size.parameter, Self.template.parameter, Self.force.parameter],
      examples: [])
  }

  private func parse(_ rest: String, _ form: Signature.Form = .words) throws -> Arguments {
    try Arguments(rest, for: signature(form))
  }

  private func failure(_ rest: String, _ form: Signature.Form = .words) -> CommandFailure? {
    #expect(throws: CommandFailure.self) { _ = try parse(rest, form) }
    do throws(CommandFailure) { _ = try Arguments(rest, for: signature(form)) } catch {
      return error
    }
    return nil
  }

  @Test func takesOptionsAndFlagsFromTheTrailingRunOnly() throws {
    let arguments = try parse("size=1 a force b size=2 force")
    #expect(arguments.words.map(\.text) == ["size=1", "a", "force", "b"])
    #expect(try arguments[Self.size] == 2)
    #expect(arguments[Self.force])
  }

  @Test func takesQuotedWordsLiterally() throws {
    let arguments = try parse(#"a "size=2" "force""#)
    #expect(arguments.words.map(\.text) == ["a", "size=2", "force"])
    #expect(try arguments[Self.size] == nil)
    #expect(!arguments[Self.force])
  }

  @Test func endsOptionsAtTwoHyphens() throws {
    let arguments = try parse("a size=3 -- size=2 force -- x=y")
    #expect(arguments.words.map(\.text) == ["a", "size=2", "force", "--", "x=y"])
    #expect(try arguments[Self.size] == 3)
    #expect(!arguments[Self.force])
    #expect(try parse(#""--" a"#).words.map(\.text) == ["--", "a"])
  }

  @Test func refusesUnknownRepeatedAndMalformedOptions() throws {
    let unknown = failure("a sise=2")
    #expect(unknown?.message == "verb has no option sise=")
    #expect(unknown?.remedy?.contains("did you mean size=?") == true)
    #expect(failure("a size=1 size=2")?.message == "the option size= is given twice")
    for wrong in ["a size=0", "a size=10", "a size=x", "a size="] {
      #expect(throws: CommandFailure.self) { try parse(wrong)[Self.size] }
    }
  }

  @Test func countsWords() {
    #expect(failure("size=2")?.message == "verb needs FILE")
  }

  @Test func keepsLabelsWhole() throws {
    let arguments = try parse(#"a  big cat | "x | y" | n=1 size=2"#, .labels)
    #expect(
      arguments.groups.map { $0.map(\.text) } == [["a", "big", "cat"], ["x | y"], ["n=1"]])
    // What is nearly an option is a slip, and what is not is a label.
    #expect(try parse("x=1 | y=2", .labels).groups.count == 2)
    #expect(failure("a | b templte=x", .labels)?.message == "verb has no option templte=")
    #expect(try parse("-- a | templte=x", .labels).groups.count == 2)
  }

  @Test func keepsRawTextByteForByte() throws {
    #expect(try parse(#"say "a"  size=2 -- {x} "#, .raw).rest == #"say "a"  size=2 -- {x} "#)
    #expect(try parse("\"\"\"\na\n b\n\"\"\"", .raw).rest == "a\n b")
  }
}
