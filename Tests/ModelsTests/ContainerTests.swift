import Checkpoints
import Foundation
import Media
import Models
import Tensors
import TestSupport
import Testing
import Tokenizers

/// CLIP in the other containers that it is found in.
@Suite struct ContainerTests {
  /// Embeddings, pooled states and logits, and texts from their characters on.
  private func expectContrast(_ f: ModelCase<CLIP>, texts: [String]) throws {
    let pixels = try f.tensor("base/input/pixel_values")
    let states = try f.model.vision.encode(pixels, in: f.context)
    try f.expect(f.model.vision.pool(states, in: f.context), "base/vision/pooled")
    let rows = try f.rows("base/input/input_ids")
    let textStates = try f.model.text.encode(rows, in: f.context)
    try f.expect(f.model.text.pool(textStates, texts: rows, in: f.context), "base/text/pooled")
    // The reference cuts texts at the tower's length.
    let length = Length.atMost(f.model.textPositions)
    let ids = try texts.map { try f.bundle.tokenizer.encode($0, length: length).map { Int($0) } }
    for (row, own) in zip(rows, ids) {
      #expect(f.model.inputIDs(from: row) == f.model.inputIDs(from: own))
    }
    try f.expectRanking(
      f.model, images: try f.model.embed(pixels: pixels, in: f.context),
      texts: try f.embedded(ids, by: f.model), case: "base")
  }

  private static let texts = [
    "a photo of a cat", "two dogs, running!", "the number 7 in café snow",
  ]

  @Test(arguments: isas, ["clip-torch", "clip-openclip"])
  func containersGiveTheReferencesNumbers(_ isa: String, _ fixture: String) throws {
    let f = try ModelCase<CLIP>(fixture, isa: isa)
    #expect(f.bundle.family == "clip")
    #expect(f.bundle.notes.isEmpty)
    try expectContrast(f, texts: ContainerTests.texts)
  }

  @Test(arguments: ["clip-torch", "clip-openclip"])
  func processorsOfBothContainersMakeTheReferencesPixels(_ fixture: String) throws {
    let f = try ModelCase<CLIP>(fixture, isa: "portable")
    let pixels = try (0..<2).flatMap { index in
      let stored = try #require(f.expected["base/input/image/\(index)"])
      let bitmap = try Bitmap(
        width: stored.shape[1], height: stored.shape[0], channels: 3, pixels: stored.bytes)
      return try f.bundle.imageProcessor.process(bitmap).pixels
    }
    expectAgreement(pixels, try f.floats("base/input/pixel_values"), tolerance: 3e-7, "pixels")
  }

  @Test(arguments: isas)
  func openAIArchivesLoadWithABorrowedTokenizer(_ isa: String) throws {
    let checkpoint = try AssembledCheckpoint(
      "clip-torchscript", adding: ["other.json": tinyTokenizer(count: 110)])
    let options = LoadOptions(
      tokenizer: checkpoint.url.appending(path: "other.json").path,
      locator: CheckpointLocator(environment: [:]))
    let f = try ModelCase<CLIP>(
      "clip-torchscript", isa: isa, bundle: checkpoint.load(naming: "ViT-tiny.pt", options))
    #expect(f.bundle.notes.contains { $0.contains("other.json") })
    #expect(f.model.towers.map(\.heads) == [1, 1])
    try f.expectRanking(
      f.model,
      images: try f.model.embed(pixels: try f.tensor("base/input/pixel_values"), in: f.context),
      texts: try f.embedded(try f.rows("base/input/input_ids"), by: f.model), case: "base")
  }

  @Test func openAIArchivesTakeACachedTokenizerThatFits() throws {
    let cache = try AssembledCheckpoint("clip-torchscript", without: ["ViT-tiny.pt"])
    let archive = try AssembledCheckpoint("clip-torchscript")
    let locator = CheckpointLocator(environment: ["HF_HUB_CACHE": cache.url.path])
    let missing = #expect(throws: ModelError.self) {
      try archive.load(LoadOptions(locator: locator))
    }
    let words = try #require(missing).description
    #expect(words.contains("tokenizer=FILE") && words.contains("openai/clip-vit-base-patch32"))

    // One with another vocabulary is passed over for one that fits.
    for (name, count) in [("clip-vit-base-patch32", 111), ("clip-vit-large-patch14", 110)] {
      let snapshot = cache.url.appending(
        path: "models--openai--\(name)/snapshots/0123456789abcdef0123456789abcdef01234567")
      try FileManager.default.createDirectory(at: snapshot, withIntermediateDirectories: true)
      try Data(tinyTokenizer(count: count).utf8).write(
        to: snapshot.appending(path: "tokenizer.json"))
    }
    let bundle = try withExtendedLifetime(cache) {
      try archive.load(LoadOptions(locator: locator))
    }
    #expect(bundle.tokenizer.idEnd == 110)
    #expect(bundle.notes.contains { $0.contains("openai/clip-vit-large-patch14") })
  }

  @Test func olderFilesOfTheTokenizerServe() throws {
    let vocabulary = #"{"a": 0, "b</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4}"#
    let checkpoint = try AssembledCheckpoint(
      "clip-openclip",
      adding: ["vocab.json": vocabulary, "merges.txt": "#version: 0.2\na b</w>\n"],
      without: ["tokenizer.json"])
    let bundle = try checkpoint.load()
    #expect(try bundle.tokenizer.encode("AB") == [3, 2, 4])
  }

  @Test func missingTokenizersAreNamedWithTheRemedy() throws {
    let checkpoint = try AssembledCheckpoint("clip-openclip", without: ["tokenizer.json"])
    let error = #expect(throws: ModelError.self) { try checkpoint.load() }
    let words = try #require(error).description
    #expect(words.contains("tokenizer.json") && words.contains("tokenizer=FILE"))
  }

  @Test(arguments: isas)
  func wrappedNamesAreTheSameModel(_ isa: String) throws {
    // As training scripts save: parallel's prefix on everything, and the text tower as its own.
    let checkpoint = try AssembledCheckpoint(
      "clip-openclip", without: ["open_clip_model.safetensors"])
    try checkpoint.write(
      header: { header in
        var header = header.replacingOccurrences(of: "\"visual.", with: "\"module.visual.")
          .replacingOccurrences(of: "\"logit_scale", with: "\"module.logit_scale")
        for start in [
          "transformer.", "token_embedding", "positional_embedding", "ln_final", "text_projection",
        ] {
          header = header.replacingOccurrences(of: "\"\(start)", with: "\"module.text.\(start)")
        }
        return header
      }, of: "open_clip_model.safetensors", in: "clip-openclip")
    try expectContrast(
      ModelCase("clip-openclip", isa: isa, checkpoint: checkpoint), texts: ContainerTests.texts)
  }

  @Test func namedFilesOfOpenCLIPGoPastAConfigurationOfTransformers() throws {
    let checkpoint = try AssembledCheckpoint(
      "clip-openclip",
      adding: [
        "config.json": try AssembledCheckpoint.text(of: "config.json", in: "clip"),
        "preprocessor_config.json": try AssembledCheckpoint.text(
          of: "preprocessor_config.json", in: "clip"),
      ])
    let bundle = try checkpoint.load(naming: "open_clip_model.safetensors")
    #expect(bundle.imageProcessor.alpha == .dropped)
    #expect(throws: ModelError.self) { try checkpoint.load() }
  }
}
