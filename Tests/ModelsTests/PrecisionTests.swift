import Models
import Tensors
import TestSupport
import Testing

/// Every family computes at every precision, near the numbers of f32.
@Suite struct PrecisionTests {
  @Test(
    arguments: [("clip", nil), ("clip-resnet", 90), ("siglip", 90)] as [(String, Int?)],
    [Precision.file, .bf16, .int8])
  func embeddingsStayNear(
    _ fixture: (name: String, vocabulary: Int?), _ precision: Precision
  ) throws {
    let tokenizer = fixture.vocabulary.map { ["tokenizer.json": tinyTokenizer(count: $0)] } ?? [:]
    let bundle = try AssembledCheckpoint(fixture.name, adding: tokenizer).load()
    let stored = try Fixture(fixture.name).expected()
    let context = ExecutionContext(pool: ThreadPool(threadCount: 2), precision: precision)
    let pixels = try #require(stored["base/input/pixel_values"])
    let images = try bundle.model.embed(
      pixels: context.tensor(pixels.floats, Shape(pixels.shape)), in: context)
    let ids = try #require(stored["base/input/input_ids"])
    let row = Array(ids.integers.prefix(ids.shape[1]))
    let text = try bundle.model.embed(texts: [bundle.model.inputIDs(from: row)], in: context)
    for (found, key) in [(images, "base/image_embeds"), (text, "base/text_embeds")] {
      let expected = try #require(stored[key]).floats.prefix(bundle.model.embeddingWidth)
      let cosine = zip(found.array, expected).reduce(Float(0)) { $0 + $1.0 * $1.1 }
      #expect(cosine > (precision == .int8 ? 0.97 : 0.999), "\(key): \(cosine)")
    }
  }
}
