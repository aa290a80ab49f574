import Testing

@testable import Training

@Suite struct RecipeRefusalTests {
  /// Every key of Gaze's own in the full recipe: its line from 1, the key, and its value, which is
  /// empty where a section or list follows.
  static let keys: [(line: Int, key: String, value: String)] =
    fullRecipe.split(separator: "\n").enumerated().compactMap { index, line in
      let parts = line.drop { $0 == " " || $0 == "-" }
        .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !["en", "ko"].contains(parts[0]) else { return nil }
      return (index + 1, String(parts[0]), parts[1].trimmingPrefix(" ").description)
    }

  /// The full recipe with another text for the key and value on a line.
  private static func text(_ line: Int, _ old: String, _ new: String) -> String {
    var lines = fullRecipe.split(separator: "\n").map(String.init)
    lines[line - 1] = lines[line - 1].replacing(old, with: new)
    return lines.joined(separator: "\n")
  }

  @Test func knowsTheNearestOfEveryMisspeltKey() {
    #expect(Self.keys.count == 76)
    for (line, key, _) in Self.keys {
      let found = refusal(Self.text(line, "\(key):", "\(key)q:"))
      #expect(found.line == line, "\(key)q: \(found)")
      #expect(found.problem.hasSuffix("\(key)q: there is no such key"), "\(found)")
      #expect(found.remedy?.contains("did you mean ") == true, "\(found)")
      #expect(found.remedy?.contains(key) == true, "\(found)")
    }
  }

  @Test func namesTheLineOfEveryValueOfAnotherKind() {
    for (line, key, value) in Self.keys where !value.isEmpty && value != "|" {
      for other in ["{odd: 1}", "", "[[]]", "!!python/name x"] {
        let found = refusal(Self.text(line, ": \(value)", ": \(other)"))
        #expect(found.line == line, "\(key): \(other): \(found)")
        #expect(found.problem.contains(key), "\(key): \(other): \(found)")
      }
    }
  }

  @Test func namesTheLineOfEverySectionOfAnotherKind() {
    for key in ["model", "loss", "optimizer", "schedule", "evaluation", "tokenizer"] {
      let found = refusal(shortRecipe + "\(key): [5]")
      #expect(found.line == 6)
      #expect(found.problem == "\(key): expected keys with values, found a list")
    }
    #expect(refusal("5").problem == "expected keys with values, found '5'")
    #expect(refusal("- name: x").problem == "expected keys with values, found a list")
  }

  @Test(arguments: [
    ("name: emoji-clip", "", "the key name is missing", 1),
    ("  folder: runs/emoji-clip\n", "", "the key folder is missing in output", 76),
    ("  source: tune.jsonl\n", "", "the key source is missing in evaluation", 70),
    ("path: openmoji.jsonl\n      ", "", "the key path is missing in data.sources[1]", 7),
  ])
  func namesWhatIsMissing(_ old: String, _ new: String, _ problem: String, _ line: Int) throws {
    let found = refusal(try fullRecipe(with: new, for: old).text)
    #expect(found.problem == problem)
    #expect(found.line == line)
  }

  @Test func namesMissingSections() {
    #expect(refusal("name: x\noutput: {folder: y}").problem == "the key data is missing")
    #expect(
      refusal("name: x\ndata: {sources: [y]}").problem == "the key output is missing")
    let near = refusal("name: x\ndata:\n  soruces: [y]\noutput: {folder: y}")
    #expect(near == (3, "data.soruces: there is no such key", "did you mean sources?"))
  }

  /// Old text, new text, what is said of the line where the old one stands.
  static let ranges: [(String, String, String)] = [
    ("seed: 17", "seed: -1", "seed: -1 is outside 0...18446744073709551615"),
    ("seed: 17", "seed: 18446744073709551616", "is outside 0...18446744073709551615"),
    ("seed: 17", "seed: 1.5", "seed: expected a whole number, found '1.5'"),
    ("precision: f32", "precision: int8", "precision: 'int8' is not known"),
    ("precision: f32", "precision: file", "precision: 'file' is not known"),
    ("name: emoji-clip", "name: \"a\\nb\"", "holds a line break"),
    ("name: emoji-clip", "name: \"\\e[2J\"", "name: '\\u{1b}[2J' holds a line break or another"),
    ("name: emoji-clip", "name: \" \"", "name: the text is empty"),
    ("name: emoji-clip", "name: \(String(repeating: "x", count: 101))", "at most 100 may be"),
    ("repeats: 2", "repeats: 0", "data.sources[1].repeats: 0 is outside 1...10000"),
    ("ko: 2.5", "ko: 0", "data.languages.ko: 0 is outside 0.001...1000"),
    ("ko: 2.5", "한: 2.5", "'한' names no language"),
    ("ko: [\"{} 이모지\"]", "ko: [\"이모지\"]", "data.templates.ko[0]: '이모지' holds no {}"),
    ("ko: [\"{} 이모지\"]", "ko: []", "data.templates.ko: the list is empty"),
    ("ko: [\"{} 이모지\"]", "kr: [\"{} 이모지\"]", "data.templates.kr: data.languages has no 'kr'"),
    ("templates: [\"an emoji of {}\"]", "templates: [emoji]", "evaluation.templates[0]: 'emoji'"),
    ("area: [0.5, 1.2]", "area: [1.2, 0.5]", "the least part stands behind the greatest"),
    ("area: [0.5, 1.2]", "area: [0, 1]", "data.augmentation.area[0]: 0 is outside 0.01...4"),
    ("area: [0.5, 1.2]", "area: [1]", "expected a list of two numbers"),
    ("aspect: 1.3", "aspect: 0.9", "data.augmentation.aspect: 0.9 is outside 1...10"),
    ("rotation: 15", "rotation: 181", "rotation: 181 is outside 0...180"),
    ("shift: 0.1", "shift: 1.1", "shift: 1.1 is outside 0...1"),
    ("flip: 0.5", "flip: 1.0001", "data.augmentation.flip: 1.0001 is outside 0...1"),
    ("flip: 0.5", "flip: .nan", "flip: expected a finite number, found '.nan'"),
    ("flip: 0.5", "flip: nan", "flip: expected a finite number, found 'nan'"),
    ("flip: 0.5", "flip: .inf", "flip: expected a finite number, found '.inf'"),
    ("flip: 0.5", "flip: 1e400", "flip: expected a finite number, found '1e400'"),
    ("flip: 0.5", "flip: 0x1p-1", "flip: expected a finite number, found '0x1p-1'"),
    ("flip: 0.5", "flip: '0.5'", "flip: expected a finite number, found '0.5'"),
    ("brightness: 0.2", "brightness: -0.1", "brightness: -0.1 is outside 0...1"),
    ("contrast: 0.25", "contrast: 2", "contrast: 2 is outside 0...1"),
    ("saturation: 0.3", "saturation: 2", "saturation: 2 is outside 0...1"),
    ("hue: 0.05", "hue: 0.6", "hue: 0.6 is outside 0...0.5"),
    ("grey: 0.15", "grey: 2", "grey: 2 is outside 0...1"),
    ("erase: 0.35", "erase: 2", "erase: 2 is outside 0...1"),
    ("erase-area: 0.2", "erase-area: 0", "erase-area: 0 is outside 0.001...1"),
    ("blur: 1", "blur: 33", "blur: 33 is outside 0...32"),
    ("background: random", "background: black", "background: 'black' is not known"),
    ("workers: 2", "workers: 0", "data.workers: 0 is outside 1...256"),
    ("cache: 64 MB", "cache: -1", "cache: expected a size such as 512 MB or 2 GiB, found '-1'"),
    ("cache: 64 MB", "cache: 64 mb", "cache: expected a size such as 512 MB or 2 GiB"),
    ("cache: 64 MB", "cache: 1025 GiB", "cache: 1025 GiB is more than 1024 GiB"),
    ("cache: 64 MB", "cache: 9223372036854775807 GB", "is more than 1024 GiB"),
    ("vocabulary: 6000", "vocabulary: 513", "tokenizer.vocabulary: 513 is outside 514...1000000"),
    ("minimum-count: 3", "minimum-count: 0", "minimum-count: 0 is outside 1...1000000"),
    ("image-size: 96", "image-size: 4097", "model.image-size: 4097 is outside 1...4096"),
    ("image-size: 96", "image-size: 010", "model.image-size: expected a whole number, found '010'"),
    ("image-size: 96", "image-size: 1_0", "expected a whole number, found '1_0'"),
    ("image-size: 96", "image-size: 96.0", "expected a whole number, found '96.0'"),
    (
      "image-size: 96", "image-size: 99999999999999999999",
      "model.image-size: 99999999999999999999 is outside 1...4096"
    ),
    ("patch-size: 16", "patch-size: 0", "patch-size: 0 is outside 1...1024"),
    (
      "patch-size: 16", "patch-size: 17",
      "model.patch-size: an image-size of 96 is not a multiple of the patch-size 17"
    ),
    ("embedding: 128", "embedding: 8193", "embedding: 8193 is outside 1...8192"),
    ("width: 256", "width: 8196", "model.vision.width: 8196 is outside 1...8192"),
    ("layers: 5", "layers: 257", "model.vision.layers: 257 is outside 1...256"),
    ("heads: 4", "heads: 0", "model.vision.heads: 0 is outside 1...256"),
    ("heads: 4", "heads: 3", "model.vision.heads: a width of 256 is not a multiple of 3 heads"),
    ("heads: 5", "heads: 6", "model.text.heads: a width of 160 is not a multiple of 6 heads"),
    ("feed-forward: 1024", "feed-forward: 0", "feed-forward: 0 is outside 1...32768"),
    ("positions: 24", "positions: 2", "model.text.positions: 2 is outside 3...4096"),
    ("activation: gelu", "activation: quickgelu", "activation: 'quickgelu' is not known"),
    ("patch-dropout: 0.5", "patch-dropout: 1", "model.patch-dropout: 1 is outside 0..<1"),
    (
      "checkpoint-activations: true", "checkpoint-activations: yes",
      "checkpoint-activations: expected true or false, found 'yes'"
    ),
    ("kind: softmax", "kind: sigmoids", "loss.kind: 'sigmoids' is not known"),
    ("temperature: 0.1", "temperature: 0", "loss.temperature: 0 is outside 0.01...100"),
    ("temperature: 0.1", "temperature: 0.0099", "temperature: 0.0099 is outside 0.01...100"),
    ("label-smoothing: 0.01", "label-smoothing: 1", "label-smoothing: 1 is outside 0..<1"),
    ("learning-rate: 1e-3", "learning-rate: 0", "learning-rate: 0 is outside 1e-09...1"),
    ("betas: [0.85, 0.95]", "betas: [0.9, 1]", "optimizer.betas[1]: 1 is outside 0..<1"),
    ("betas: [0.85, 0.95]", "betas: [0.9]", "optimizer.betas: expected a list of two numbers"),
    ("epsilon: 1e-8", "epsilon: 0", "epsilon: 0 is outside 1e-12...1"),
    ("weight-decay: 0.2", "weight-decay: 1.5", "weight-decay: 1.5 is outside 0...1"),
    ("clip: 0.5", "clip: 0", "optimizer.clip: 0 is outside 1e-06...1000000"),
    ("clip: 0.5", "clip: never", "optimizer.clip: expected a finite number, found 'never'"),
    ("average: 0.999", "average: 1", "optimizer.average: 1 is outside 0.001..<1"),
    ("steps: 2000", "steps: 0", "schedule.steps: 0 is outside 1...100000000"),
    ("warm-up: 100", "warm-up: 2001", "schedule.warm-up: 2001 is more than the 2000 steps"),
    ("final-rate: 0.01", "final-rate: 2", "schedule.final-rate: 2 is outside 0...1"),
    ("batch: 128", "batch: 1", "schedule.batch: 1 is outside 2...1048576"),
    ("chunk: 64", "chunk: 0", "schedule.chunk: 0 is outside 1...1048576"),
    ("chunk: 64", "chunk: 129", "schedule.chunk: 129 is more than the batch of 128"),
    ("every: 50", "every: 0", "evaluation.every: 0 is outside 1...100000000"),
    ("limit: 500", "limit: 0", "evaluation.limit: 0 is outside 1...100000000"),
    ("save-every: 40", "save-every: 0", "output.save-every: 0 is outside 1...100000000"),
    ("dtype: bf16", "dtype: f64", "output.dtype: 'f64' is not known"),
    ("dtype: bf16", "dtype: int8", "output.dtype: 'int8' is not known"),
  ]

  @Test(arguments: ranges)
  func namesWhatIsOutOfRange(_ old: String, _ new: String, _ problem: String) throws {
    let (text, line) = try fullRecipe(with: new, for: old)
    let found = refusal(text)
    #expect(found.problem.contains(problem), "\(found)")
    #expect(found.line == line)
  }

  @Test func namesWhatDoesNotGoTogether() {
    let sizes = refusal(shortRecipe + "model:\n  patch-size: 4\n  start: emoji-clip")
    #expect(sizes.line == 7)
    #expect(sizes.problem.contains("the sizes are those of the checkpoint that model.start names"))
    #expect(sizes.remedy == "take out patch-size, or start")
    let tokenizer = refusal(shortRecipe + "model:\n  start: emoji-clip\ntokenizer:\n  vocabulary: 600")
    #expect(tokenizer.line == 8)
    #expect(tokenizer.problem.contains("the tokenizer is that of the checkpoint that model.start"))
    #expect(tokenizer.remedy == "take out tokenizer, or model.start")
    let smoothing = refusal(shortRecipe + "loss:\n  label-smoothing: 0.1\n  kind: sigmoid")
    #expect(smoothing.line == 7)
    #expect(smoothing.problem.hasSuffix("the sigmoid loss has no target to spread over others"))
    #expect(refusal(shortRecipe + "loss: {label-smoothing: 0, kind: sigmoid}").problem == "it was read")
    let byDefault = refusal(shortRecipe + "model:\n  image-size: 60")
    #expect(byDefault.line == 7)
    #expect(byDefault.problem.hasSuffix("60 is not a multiple of the patch-size 8"))
    let patches = refusal(shortRecipe + "model: {image-size: 4096, patch-size: 1}")
    #expect(patches.problem.contains("4096 × 4096 patches, where at most 16384 may be"))
    let chunk = refusal(shortRecipe + "schedule:\n  chunk: 257")
    #expect(chunk.problem == "schedule.chunk: 257 is more than the batch of 256")
  }

  @Test func remediesNameWhatIsKnown() {
    #expect(refusal(shortRecipe + "loss: {kind: sofmax}").remedy == "did you mean softmax?")
    #expect(refusal(shortRecipe + "loss: {kind: x}").remedy == "write one of softmax, sigmoid")
    #expect(
      refusal(shortRecipe + "loss: {zzzzzzz: 1}").remedy
        == "known here: kind, temperature, label-smoothing")
  }
}
