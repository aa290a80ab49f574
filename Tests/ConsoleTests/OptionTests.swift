@testable import Console
import Testing

/// An option that would change nothing is refused, not swallowed.
@Suite struct OptionTests {
  @Test(arguments: [
    ":attn text=cat", ":attn tower=text text=cat on=cat-face", ":rank a | b column=3",
    ":load tokenizer=/tmp/tokenizer.json", ":log timing=on", ":log force", ":log off force",
    ":step end token=1", ":plan template=\"a {}\"", ":check labels < 3 tol=1",
  ])
  func refusesOptionsThatHaveNoPart(_ line: String) async throws {
    let test = TestSession()
    try await test.run(":load emoji-clip", ":image \(TestSession.cat)")
    #expect(try await test.run(line).failure?.code == "usage")
  }

  @Test func namesTheWordThatIsOneTooMany() async throws {
    let test = TestSession()
    try await test.run(":image \(TestSession.cat)")
    for (line, word) in [
      (":preview cat-face as-model junk", "junk"), (":preview cat-face as-modle", "as-modle"),
    ] {
      let failure = try #require(try await test.run(line).failure)
      #expect(failure.message.contains("\"\(word)\" is one too many"), "\(failure.message)")
    }
  }

  @Test func refusesATruthThatContradictsItself() async throws {
    let folder = try Scratch()
    let test = TestSession()
    try await test.run(":load emoji-clip", ":image \(TestSession.cat) as tom")
    let twice = try folder.write("twice.tsv", "tom\ta\ntom.png\ta\nanother\tb\nanother\tc\n")
    #expect(try await test.run(":rank a | b truth=\(twice)", ":check tally.total == 1").failure == nil)
    let torn = try folder.write("torn.tsv", "tom\ta\ntom.png\tb\n")
    #expect(try await test.run(":rank a | b truth=\(torn)").failure?.code == "truth.ambiguous")
  }
}
