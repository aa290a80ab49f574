@testable import Console
import Foundation
import Testing

/// Lines of standard input: as bytes they are cut, and none is repaired on the way.
@Suite struct StandardInputTests {
  private func lines(of bytes: [UInt8]) throws -> [InputLine] {
    let folder = try Scratch()
    let descriptor = open(try folder.write("input", bytes), O_RDONLY)
    defer { close(descriptor) }
    let input = try InputLines(descriptor)
    return Array(sequence(state: input) { $0.nextLine() })
  }

  private func line(_ text: String, _ number: Int, isUTF8: Bool = true) -> InputLine {
    InputLine(text: text, number: number, isUTF8: isUTF8)
  }

  @Test func cutsAtNewlines() throws {
    #expect(try lines(of: []).isEmpty)
    #expect(
      try lines(of: Array("one\r\n\n둘\nlast\r".utf8))
        == [line("one", 1), line("", 2), line("둘", 3), line("last\r", 4)])
  }

  /// Longer than what is read at once, with a character across the seam.
  @Test func takesLinesOfAnyLength() throws {
    let text = String(repeating: "a", count: 4095) + String(repeating: "글", count: 30_000)
    #expect(try lines(of: Array("\(text)\nb\n".utf8)) == [line(text, 1), line("b", 2)])
  }

  @Test func dropsAMarkAtTheVeryStartOnly() throws {
    #expect(
      try lines(of: Array("\u{feff}one\n\u{feff}two\n".utf8))
        == [line("one", 1), line("\u{feff}two", 2)])
  }

  @Test func tellsWhatIsNotUTF8() throws {
    #expect(
      try lines(of: Array("a\n:rank ".utf8) + [0xFF] + Array(" | b\nc".utf8))
        == [line("a", 1), line(":rank \u{fffd} | b", 2, isUTF8: false), line("c", 3)])
  }

  @Test func failsAStatementThatIsNotUTF8() {
    var reader = InputReader()
    #expect(reader.take(line("\"\"\"", 4))?.text == nil)
    #expect(reader.unclosedLine == 4)
    #expect(reader.take(line("\u{fffd}", 5, isUTF8: false))?.text == nil)
    let damaged = reader.take(line("\"\"\"", 6))
    #expect(damaged?.number == 4)
    #expect(damaged?.failure?.code == "file.encoding")
    #expect(damaged?.failure?.message == "stdin:5: the line is not UTF-8")
    let next = reader.take(line(":print a", 7))
    #expect(next?.text == ":print a")
    #expect(next?.number == 7)
    #expect(next?.failure == nil)
    #expect(reader.unclosedLine == nil)
  }

  @Test func performsNothingOfWhatItRepaired() async throws {
    let folder = try Scratch()
    let bytes = Array(":print ".utf8) + [0xFF] + Array("\n:print b\n".utf8)
    let descriptor = open(try folder.write("input", bytes), O_RDONLY)
    defer { close(descriptor) }
    let (input, test) = (try InputLines(descriptor), TestSession())
    await test.session.run([.standardInput]) { input.nextLine() }
    #expect(test.codes == ["file.encoding", nil])
    #expect(test.transcript().output == "b\n")
    #expect(await test.session.exitState.code == 1)
  }
}
