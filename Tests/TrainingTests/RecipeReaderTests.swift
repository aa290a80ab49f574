import Models
import Tensors
import Testing

@testable import Training

@Suite struct RecipeReaderTests {
  @Test func readsEveryKey() throws {
    var expected = Recipe(
      name: "emoji-clip", seed: 17, precision: .f32,
      data: DataRecipe(
        sources: [.init(path: "noto.jsonl"), .init(path: "openmoji.jsonl", repeats: 2)],
        languages: ["en": 1, "ko": 2.5],
        templates: ["en": ["{}", "an emoji of {}"], "ko": ["{} 이모지"]],
        augmentation: AugmentationRecipe(
          area: 0.5...1.2, aspect: 1.3, rotation: 15, shift: 0.1, flip: 0.5, brightness: 0.2,
          contrast: 0.25, saturation: 0.3, hue: 0.05, grey: 0.15, erase: 0.35, eraseArea: 0.2,
          blur: 1, background: .random),
        workers: 2, cacheBytes: 64_000_000),
      tokenizer: .trained(vocabulary: 6000, minimumCount: 3),
      output: OutputRecipe(
        folder: "runs/emoji-clip", saveEvery: 40, dtype: .bf16, licence: "CC BY-SA 4.0",
        notes: "Drawn by hand.\nTwice."))
    expected.model = ModelRecipe(
      imageSize: 96, patchSize: 16, embeddingWidth: 128,
      vision: TransformerRecipe(width: 256, layers: 5, heads: 4, feedForwardWidth: 1024),
      text: TransformerRecipe(width: 160, layers: 2, heads: 5, feedForwardWidth: 640),
      textPositions: 24, activation: .gelu, patchDropout: 0.5,
      checkpointsActivations: true)
    expected.loss = LossRecipe(kind: .softmax, temperature: 0.1, labelSmoothing: 0.01)
    expected.optimizer = OptimizerRecipe(
      learningRate: 1e-3, beta1: 0.85, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.2, clip: 0.5,
      averageDecay: 0.999)
    expected.schedule = ScheduleRecipe(
      steps: 2000, warmUp: 100, finalRate: 0.01, batch: 128, chunk: 64)
    expected.evaluation = EvaluationRecipe(
      source: "tune.jsonl", every: 50, limit: 500, templates: ["": ["an emoji of {}"]],
      labels: "labels.en.txt")
    let found = try recipe(fullRecipe)
    #expect(found == expected)
  }

  @Test func leavesTheRestAtItsDefault() throws {
    let expected = Recipe(
      name: "short", data: DataRecipe(sources: [.init(path: "pairs.tsv")]),
      output: OutputRecipe(folder: "run"))
    #expect(try recipe(shortRecipe) == expected)
    #expect(try recipe("\u{FEFF}" + shortRecipe) == expected)
    #expect(try recipe(shortRecipe.replacing("\n", with: "\r\n")) == expected)
  }

  @Test func readsWhatHasTwoForms() throws {
    func read(_ lines: String) throws -> Recipe { try recipe(shortRecipe + lines) }
    #expect(try read("tokenizer: other/tokenizer.json").tokenizer == .file("other/tokenizer.json"))
    #expect(
      try read("tokenizer: {minimum-count: 5}").tokenizer
        == .trained(vocabulary: 5000, minimumCount: 5))
    #expect(try read("optimizer: {clip: none}").optimizer.clip == nil)
    #expect(try read("schedule: {steps: 7}").schedule.warmUp == 7)
    #expect(try read("seed: 18446744073709551615").seed == .max)
    #expect(try read("model: {start: emoji-clip}").model.start == "emoji-clip")
    let lists = shortRecipe.replacing(
      "[pairs.tsv]", with: "[a b.tsv, {path: 'c: d.csv'}]\n  templates: ['{}', 'no {}']")
    #expect(try recipe(lists).data.sources.map(\.path) == ["a b.tsv", "c: d.csv"])
    #expect(try recipe(lists).data.templates == ["": ["{}", "no {}"]])
  }

  /// YAML 1.1 makes booleans, octal and base-60 numbers of these.
  @Test func takesNamesForNames() throws {
    let text = """
      name: yes
      data:
        sources: [on, 010, 1:30, 2001-01-01, "null"]
        languages: {no: 1, en: 1}
      output: {folder: 5}
      """
    let found = try recipe(text)
    #expect(found.name == "yes")
    #expect(found.data.sources.map(\.path) == ["on", "010", "1:30", "2001-01-01", "null"])
    #expect(found.data.languages == ["no": 1, "en": 1])
    #expect(found.output.folder == "5")
  }

  @Test(arguments: [
    ("512", 512), ("0", 0), ("1 kB", 1000), ("2KiB", 2048), ("512 MB", 512_000_000),
    ("3 MiB", 3 << 20), ("2 GB", 2_000_000_000), ("1024 GiB", 1 << 40),
  ])
  func readsSizes(_ text: String, _ expected: Int) throws {
    let found = try recipe(shortRecipe.replacing("tsv]", with: "tsv]\n  cache: \(text)"))
    #expect(found.data.cacheBytes == expected)
  }

  @Test func findsPathsBesideTheRecipe() throws {
    func located(_ path: String, in file: String) throws -> String {
      try RecipeFile(path: file, bytes: Array(shortRecipe.utf8)).located(path)
    }
    #expect(try located("a/b.tsv", in: "folder/recipe.yaml") == "folder/a/b.tsv")
    #expect(try located("/a/b.tsv", in: "folder/recipe.yaml") == "/a/b.tsv")
    #expect(try located("a/b.tsv", in: "recipe.yaml") == "a/b.tsv")
    #expect(try located("b.tsv", in: "/recipe.yaml") == "/b.tsv")
  }
}
