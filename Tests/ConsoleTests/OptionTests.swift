@testable import Console
import Testing

/// An option that would change nothing is refused, not swallowed.
@Suite struct OptionTests {
  @Test(arguments: [
    ":attn text=cat", ":attn tower=text text=cat on=cat-face", ":rank a | b column=3",
    ":load tokenizer=/tmp/tokenizer.json", ":log timing=on", ":log force", ":log off force",
    ":step end token=1", ":check labels < 3 tol=1",
  ])
  func refusesOptionsThatHaveNoPart(_ line: String) async throws {
    let test = TestSession()
    try await test.run(":load emoji-clip", ":image \(TestSession.cat)")
    #expect(try await test.run(line).failure?.code == "usage")
  }
}
