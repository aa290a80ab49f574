@testable import Console
import Testing

@Suite struct CheckTests {
  private func ranked() async throws -> TestSession {
    let test = TestSession()
    try await test.run(
      ":load emoji-clip", ":image \(TestSession.apple) as apple",
      ":rank red apple | cat face | 사과 | \"x | y\"")
    return test
  }

  @Test func looksIntoTheLastRanking() async throws {
    let test = try await ranked()
    try await test.run(
      ":check top == \"red apple\"", ":expect p(\"red apple\") > 0.5", ":check p(사과) <= 0.5",
      ":check labels == 4", ":check labels == 5 tol=1", ":check labels != 5",
      ":check method ~ /^cos/", ":check items.0.label == \"red apple\"",
      ":check results.0.image.name == apple", ":check ok == true", ":check cached >= 0",
      // Composed and decomposed are one in a check.
      ":check p(\"\u{1109}\u{1161}\u{1100}\u{116a}\") >= 0")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
  }

  @Test(arguments: [
    (":check top == \"cat face\"", "check.failed"),
    (":check labels == 5", "check.failed"),
    (":check labels > 4", "check.failed"),
    (":check p(\"pear\") > 0", "check.field"),
    (":check nowhere == 1", "check.field"),
    (":check items.9.label == x", "check.field"),
    (":check error.code == media.none", "check.field"),
    (":check top < 1", "check.type"),
    (":check labels != five", "check.type"),
    (":check top == \"red apple\" tol=1", "check.type"),
    (":check labels > 3 tol=1", "usage"),
    (":check top ~ \"/(/\"", "check.pattern"),
    (":check top = x", "usage"),
    (":check top", "usage"),
  ])
  func saysWhyACheckDoesNotHold(_ line: String, _ code: String) async throws {
    #expect(try await ranked().run(line).failure?.code == code)
  }

  @Test func anExportLeavesTheLastResultAsItIs() async throws {
    let folder = try Scratch()
    let test = try await ranked()
    try await test.run(
      ":export scores \(folder.file("a.csv"))", ":export scores \(folder.file("a.npy"))",
      ":check top == \"red apple\"")
    #expect(test.codes.allSatisfy { $0 == nil }, "\(test.codes)")
  }

  @Test func comparesProbabilitiesAsRecordsShowThem() async throws {
    let test = try await ranked()
    let record = try #require(test.records.last)
    let result = try #require(try record.outcome.get().result as? RankResult)
    for item in result.results[0].items {
      #expect(
        try await test.run(":check p(\"\(item.label)\") == \(item.probability)").failure == nil)
    }
  }

  @Test func keepsNumbersAsNumbersInRecords() async throws {
    let test = try await ranked()
    let record = try await test.run(":check labels == 4")
    #expect(
      JSONRecord(record).line.contains(
        #""data":{"actual":4,"expected":4,"expr":"labels == 4"}"#))
  }

  @Test func givesUpOnExpressionsThatNeverEnd() async throws {
    let test = TestSession()
    let text = String(repeating: "a", count: 40)
    try await test.run("!printf \(text)b", origin: .prompt)
    let record = try await test.run(#":check output ~ "/^(a+)+$/""#)
    #expect(record.failure?.isCheck == true)
  }
}
