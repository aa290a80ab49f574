import Testing

@testable import Training

/// Every key of a recipe on a line of its own, none with its default but the loss, for only that
/// one takes all keys of its section.
let fullRecipe = """
  name: emoji-clip
  seed: 17
  precision: f32
  data:
    sources:
      - noto.jsonl
      - path: openmoji.jsonl
        repeats: 2
    languages:
      en: 1
      ko: 2.5
    templates:
      en: ["{}", "an emoji of {}"]
      ko: ["{} 이모지"]
    augmentation:
      area: [0.5, 1.2]
      aspect: 1.3
      rotation: 15
      shift: 0.1
      flip: 0.5
      brightness: 0.2
      contrast: 0.25
      saturation: 0.3
      hue: 0.05
      grey: 0.15
      erase: 0.35
      erase-area: 0.2
      blur: 1
      background: random
    workers: 2
    cache: 64 MB
  tokenizer:
    vocabulary: 6000
    minimum-count: 3
  model:
    image-size: 96
    patch-size: 16
    embedding: 128
    vision:
      width: 256
      layers: 5
      heads: 4
      feed-forward: 1024
    text:
      width: 160
      layers: 2
      heads: 5
      feed-forward: 640
      positions: 24
    activation: gelu
    patch-dropout: 0.5
    checkpoint-activations: true
  loss:
    kind: softmax
    temperature: 0.1
    label-smoothing: 0.01
  optimizer:
    learning-rate: 1e-3
    betas: [0.85, 0.95]
    epsilon: 1e-8
    weight-decay: 0.2
    clip: 0.5
    average: 0.999
  schedule:
    steps: 2000
    warm-up: 100
    final-rate: 0.01
    batch: 128
    chunk: 64
  evaluation:
    source: tune.jsonl
    every: 50
    limit: 500
    templates: ["an emoji of {}"]
    labels: labels.en.txt
  output:
    folder: runs/emoji-clip
    save-every: 40
    dtype: bf16
    licence: CC BY-SA 4.0
    notes: |
      Drawn by hand.
      Twice.
  """

/// What a recipe cannot do without, in six lines.
let shortRecipe = """
  name: short
  data:
    sources: [pairs.tsv]
  output:
    folder: run

  """

func recipe(_ text: String) throws -> Recipe {
  try RecipeFile(path: "folder/recipe.yaml", bytes: Array(text.utf8)).recipe
}

/// The line, problem and remedy for which a recipe is refused, or why there are none.
func refusal(_ text: String) -> (line: Int?, problem: String, remedy: String?) {
  refusal(bytes: Array(text.utf8))
}

func refusal(bytes: [UInt8]) -> (line: Int?, problem: String, remedy: String?) {
  do {
    _ = try RecipeFile(path: "recipe.yaml", bytes: bytes)
    return (nil, "it was read", nil)
  } catch .recipe(let file, let line, let problem, let remedy) {
    return file == "recipe.yaml" ? (line, problem, remedy) : (nil, "of the file \(file)", nil)
  } catch {
    return (nil, "another error: \(error)", nil)
  }
}

/// The full recipe with `old`, which it holds once, replaced, and the line on which that stands.
func fullRecipe(with new: String, for old: String) throws -> (text: String, line: Int) {
  let places = fullRecipe.ranges(of: old)
  let place = try #require(places.count == 1 ? places.first : nil, "\(old) stands \(places.count) times")
  let line = fullRecipe[..<place.lowerBound].count { $0 == "\n" } + 1
  return (fullRecipe.replacingCharacters(in: place, with: new), line)
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
