import Checkpoints
import Foundation
import Media
import Models
import Tensors
import TestSupport
import Testing

/// Checkpoints whose configuration is almost right. Each is refused with a named error or becomes
/// a model that computes or refuses; a crash would end the whole run.
@Suite struct HostileConfigurationTests {
  /// A picture of no special proportions.
  private func picture() throws -> Bitmap {
    try Bitmap(width: 37, height: 23, channels: 3, pixels: (0..<37 * 23 * 3).map { UInt8($0 % 251) })
  }

  /// What the folder becomes: nil for a refusal.
  private func load(_ checkpoint: AssembledCheckpoint) throws -> ModelBundle? {
    do {
      return try checkpoint.load()
    } catch is ModelError {
      return nil
    }
  }

  /// A picture and a text through the model; a refusal by any of its parts is an answer too.
  private func use(_ bundle: ModelBundle, _ context: ExecutionContext) throws {
    let model = bundle.model
    do {
      let image = try bundle.imageProcessor.process(picture())
      let embedding = try model.embed(pictures: [image], in: context)
      #expect(embedding.elementCount == model.embeddingWidth)
    } catch is MediaError {
    } catch is TensorError {}
    do {
      let ids = try bundle.tokenizer.encode("a photo of a cat", length: .declared).map { Int($0) }
      let input = model.inputIDs(from: ids)
      // The engine refuses a text that is too long before the model sees it.
      guard input.count <= model.textPositions else { return }
      let embedding = try model.embed(texts: [input], in: context)
      #expect(embedding.elementCount == model.embeddingWidth)
    } catch is TensorError {}
  }

  /// A file to mutate, and what its fixture needs to be a whole checkpoint.
  struct Case: Sendable, CustomTestStringConvertible {
    let fixture: String
    let file: String
    /// Tokens of a tokenizer for a fixture without one.
    var vocabulary: Int?
    var hasProcessor = true

    var testDescription: String { "\(fixture)/\(file)" }

    func files(_ mutated: String) throws -> [String: String] {
      var files = [file: mutated]
      files["tokenizer.json"] = vocabulary.map { tinyTokenizer(count: $0, padding: 1) }
      if !hasProcessor {
        files["preprocessor_config.json"] = try AssembledCheckpoint.text(
          of: "preprocessor_config.json", in: "clip", replacing: ["24": "16"])
      }
      return files
    }
  }

  static let cases = [
    Case(fixture: "clip", file: "config.json"),
    Case(fixture: "clip", file: "preprocessor_config.json"),
    Case(fixture: "clip-legacy-eos", file: "config.json", vocabulary: 120, hasProcessor: false),
    Case(fixture: "clip-openclip", file: "open_clip_config.json"),
    Case(fixture: "clip-resnet", file: "open_clip_config.json", vocabulary: 90),
    Case(fixture: "siglip", file: "config.json", vocabulary: 90),
    Case(fixture: "siglip2-naflex", file: "config.json", vocabulary: 80),
    Case(fixture: "siglip2-naflex", file: "preprocessor_config.json", vocabulary: 80),
  ]

  @Test(arguments: cases) func mutatedConfigurationsNeverCrash(_ kind: Case) throws {
    let original = Array(
      try Data(contentsOf: Fixture.root.appending(path: "\(kind.fixture)/\(kind.file)")))
    let unharmed = try AssembledCheckpoint(
      kind.fixture, adding: kind.files(String(decoding: original, as: UTF8.self)))
    let context = ExecutionContext(
      kernels: KernelTable.available[0], pool: ThreadPool(threadCount: 1), precision: .f32)
    try use(unharmed.load(), context)
    var random = SplitMix(seed: UInt64(original.count))
    let count = Mutations.count(400)
    var (loaded, refused) = (0, 0)
    for _ in 0..<count {
      let mutated = String(decoding: Mutations.json(original, &random), as: UTF8.self)
      let checkpoint = try AssembledCheckpoint(kind.fixture, adding: kind.files(mutated))
      guard let bundle = try load(checkpoint) else {
        refused += 1
        continue
      }
      loaded += 1
      try use(bundle, context)
      withExtendedLifetime(checkpoint) {}
    }
    // Both must happen, or the mutations test nothing.
    #expect(loaded > count / 50 && refused > count / 20, "\(loaded) and \(refused)")
  }
}
