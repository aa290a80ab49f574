@testable import Console
import Testing

@Suite struct LoadTests {
  /// Whatever its matrices are held in, the model is the same one: smaller, and nearly as good.
  @Test(arguments: [
    ("f32", "f32", 0.9999), ("f16", "f16", 0.999), ("bf16", "bf16", 0.9999),
    ("q8", "q8_0", 0.999), ("q4", "q4_0", 0.9),
  ])
  func matricesAreHeldInTheTypeThatIsAskedFor(
    _ word: String, _ dtype: String, _ agreement: Double
  ) async throws {
    let test = TestSession()
    try await test.run(
      ":load emoji-clip as whole", ":embed \"red apple\"",
      ":load emoji-clip as held dtype=\(word)", ":check dtype == \(dtype)",
      ":check parameters == 5539201", ":embed \"red apple\"", ":image \(TestSession.apple)",
      ":rank red apple | cat face | house", ":check top == \"red apple\"")
    #expect(test.records.allSatisfy { $0.failure == nil })
    let vectors = try test.records.filter { $0.verb == "embed" }.map { record in
      try #require(try record.outcome.get().result as? EmbedResult).vector
    }
    let cosine = zip(vectors[0], vectors[1]).reduce(0.0) { $0 + Double($1.0 * $1.1) }
    #expect(cosine > agreement)
    let bytes = try test.records.filter { $0.verb == "load" }.map { record in
      try #require(try record.outcome.get().result as? LoadResult).bytes
    }
    switch word {
    case "f32": #expect(bytes[1] > bytes[0])
    case "q8": #expect(Double(bytes[1]) < 0.6 * Double(bytes[0]))
    case "q4": #expect(Double(bytes[1]) < 0.35 * Double(bytes[0]))
    default: #expect(bytes[1] == bytes[0])
    }
  }

  /// Every precision multiplies by blocks, and a trace looks through them.
  @Test(arguments: ["file", "f32", "bf16", "int8"])
  func everyPrecisionReadsBlocks(_ precision: String) async throws {
    let test = TestSession()
    try await test.run(
      ":load emoji-clip dtype=q8", ":set precision \(precision)", ":image \(TestSession.apple)",
      ":rank red apple | cat face | house", ":check top == \"red apple\"", ":attn",
      ":attn method=relevance token=\"red apple\"", ":plan cat")
    #expect(test.records.dropLast(2).allSatisfy { $0.failure == nil })
  }

  @Test func theTypeGoesWithACheckpoint() async throws {
    let test = TestSession()
    #expect(try await test.run(":load dtype=q8").failure?.code == "usage")
    let failure = try #require(await test.run(":load emoji-clip dtype=q5").failure)
    #expect(failure.message.contains("one of f32, f16, bf16, q8, q4"))
    #expect(try await test.run(":show info").failure == nil)
  }
}
