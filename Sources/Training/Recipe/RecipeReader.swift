import Checkpoints
import Models
import Tensors

// What each section of a recipe may say, in the order of the structs that it fills. A limit that is
// no law of the arithmetic keeps a slip of the keyboard from asking for more than any machine has.

/// A part of a recipe that is filled by the keys of its section.
private protocol RecipePart {
  /// Changes what `section` says; the rest keeps its default.
  mutating func read(_ section: RecipeSection) throws(TrainingError)
  /// Whether values go together; asked once no key is left that may be a misspelt one of these.
  func check(_ section: RecipeSection) throws(TrainingError)
}

extension RecipePart {
  fileprivate func check(_ section: RecipeSection) throws(TrainingError) {}
}

extension RecipeNode {
  fileprivate func fill(_ part: inout some RecipePart) throws(TrainingError) {
    let section = try RecipeSection(self)
    try part.read(section)
    try section.finish()
    try part.check(section)
  }
}

extension RecipeSection {
  fileprivate func part(_ key: String, _ part: inout some RecipePart) throws(TrainingError) {
    try member(key)?.fill(&part)
  }
}

extension Recipe: RecipePart {
  /// What a file's outermost value says.
  ///
  /// - Throws: ``TrainingError/recipe(file:line:problem:remedy:)`` naming line, key and limit.
  init(_ node: RecipeNode) throws(TrainingError) {
    self.init(name: "", data: DataRecipe(sources: []), output: OutputRecipe(folder: ""))
    try node.fill(&self)
  }

  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    name = try section.required("name").text(upTo: 100)
    if let node = section.member("seed") { seed = try node.seed() }
    try section.choice("precision", &precision, among: [.bf16, .f32])
    try section.required("data").fill(&data)
    if let node = section.member("tokenizer") {
      if node.isScalar { tokenizer = .file(try node.text()) } else { try node.fill(&tokenizer) }
    }
    try section.part("model", &model)
    try section.part("loss", &loss)
    try section.part("optimizer", &optimizer)
    try section.part("schedule", &schedule)
    if let node = section.member("evaluation") {
      var evaluation = EvaluationRecipe(source: "")
      try node.fill(&evaluation)
      self.evaluation = evaluation
    }
    try section.required("output").fill(&output)
  }

  fileprivate func check(_ section: RecipeSection) throws(TrainingError) {
    guard model.start == nil || !section.has("tokenizer") else {
      throw section.error(
        at: ["tokenizer"], "the tokenizer is that of the checkpoint that model.start names",
        remedy: "take out tokenizer, or model.start")
    }
  }
}

// MARK: Data

extension DataRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    sources = []
    for node in try section.required("sources").elements("sources") {
      sources.append(try Source(node))
    }
    if let node = section.member("languages") { languages = try DataRecipe.weights(node) }
    if let node = section.member("templates") {
      templates = try Templates.read(node, languages: languages)
    }
    try section.part("augmentation", &augmentation)
    try section.integer("workers", &workers, in: 1...256)
    if let node = section.member("cache") { cacheBytes = try node.byteCount(upTo: 1 << 40) }
  }

  private static func weights(_ node: RecipeNode) throws(TrainingError) -> [String: Double] {
    try node.section { section throws(TrainingError) in
      var weights: [String: Double] = [:]
      for (language, node) in section.allMembers() {
        weights[try node.language(language)] = try node.number(in: 0.001...1000)
      }
      return weights
    }
  }
}

extension DataRecipe.Source: RecipePart {
  fileprivate init(_ node: RecipeNode) throws(TrainingError) {
    if node.isScalar {
      self.init(path: try node.text())
      return
    }
    self.init(path: "")
    try node.fill(&self)
  }

  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    path = try section.required("path").text()
    try section.integer("repeats", &repeats, in: 1...10_000)
  }
}

/// A list of templates for all languages, or one for each.
private enum Templates {
  static func read(
    _ node: RecipeNode, languages: [String: Double]
  ) throws(TrainingError) -> [String: [String]] {
    if node.isList { return ["": try list(node)] }
    return try node.section { section throws(TrainingError) in
      var templates: [String: [String]] = [:]
      for (language, node) in section.allMembers() {
        guard languages.isEmpty || languages[language] != nil else {
          throw node.error(
            "data.languages has no \(language.quoted)",
            remedy: "it has " + languages.keys.sorted().joined(separator: ", ").escaped)
        }
        templates[try node.language(language)] = try list(node)
      }
      return templates
    }
  }

  private static func list(_ node: RecipeNode) throws(TrainingError) -> [String] {
    var templates: [String] = []
    for node in try node.elements("templates", upTo: 1000) {
      let text = try node.text()
      guard text.contains("{}") else {
        throw node.error(
          "\(text.quoted) holds no {}", remedy: "write {} where the caption is to stand")
      }
      templates.append(text)
    }
    return templates
  }
}

extension RecipeNode {
  /// The key of this value as a language's name, such as `en` or `zh-Hant`.
  fileprivate func language(_ key: String) throws(TrainingError) -> String {
    let isName = key.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & ~0x20)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
    guard isName, (1...35).contains(key.utf8.count) else {
      throw error("\(key.quoted) names no language", remedy: "write a code such as en or zh-Hant")
    }
    return key
  }
}

extension AugmentationRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    if let node = section.member("area") {
      let (least, greatest) = try node.pair("the least and the greatest part", in: 0.01...4)
      guard least <= greatest else { throw node.error("the least part stands behind the greatest") }
      area = least...greatest
    }
    try section.number("aspect", &aspect, in: 1...10)
    try section.number("rotation", &rotation, in: 0...180)
    try section.probability("shift", &shift)
    try section.probability("flip", &flip)
    try section.probability("brightness", &brightness)
    try section.probability("contrast", &contrast)
    try section.probability("saturation", &saturation)
    try section.number("hue", &hue, in: 0...0.5)
    try section.probability("grey", &grey)
    try section.probability("erase", &erase)
    try section.number("erase-area", &eraseArea, in: 0.001...1)
    try section.number("blur", &blur, in: 0...32)
    try section.choice("background", &background, among: Background.allCases)
  }
}

extension RecipeNode {
  /// A list of exactly two numbers.
  fileprivate func pair(
    _ what: String, in range: ClosedRange<Double>
  ) throws(TrainingError) -> (Double, Double) {
    let numbers = try elements("numbers")
    guard numbers.count == 2 else { throw error("expected a list of two numbers: \(what)") }
    return (try numbers[0].number(in: range), try numbers[1].number(in: range))
  }
}

// MARK: Tokenizer and model

extension TokenizerRecipe: RecipePart {
  /// Smaller vocabularies lack some of the bytes, within a word and at its end, or the two marks.
  fileprivate static let leastVocabulary = 514

  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    guard case .trained(var vocabulary, var minimumCount) = self else { return }
    try section.integer(
      "vocabulary", &vocabulary, in: TokenizerRecipe.leastVocabulary...1_000_000)
    try section.integer("minimum-count", &minimumCount, in: 1...1_000_000)
    self = .trained(vocabulary: vocabulary, minimumCount: minimumCount)
  }
}

extension ModelRecipe: RecipePart {
  /// Cells of the grid of patches beyond which attention over them would not fit anywhere.
  private static let greatestPatchCount = 16_384
  /// What a checkpoint that the run starts from says itself.
  private static let sizes = [
    "image-size", "patch-size", "embedding", "vision", "text", "activation",
  ]

  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    try section.integer("image-size", &imageSize, in: 1...4096)
    try section.integer("patch-size", &patchSize, in: 1...1024)
    try section.integer("embedding", &embeddingWidth, in: 1...8192)
    try section.part("vision", &vision)
    var tower = TextPart(transformer: text, positions: textPositions)
    try section.part("text", &tower)
    (text, textPositions) = (tower.transformer, tower.positions)
    try section.choice("activation", &activation, among: ActivationName.allCases)
    try section.text("start", &start)
    try section.number("patch-dropout", &patchDropout, in: 0..<1)
    try section.flag("checkpoint-activations", &checkpointsActivations)
  }

  fileprivate func check(_ section: RecipeSection) throws(TrainingError) {
    if start != nil, let size = ModelRecipe.sizes.first(where: section.has) {
      throw section.error(
        at: [size], "the sizes are those of the checkpoint that model.start names",
        remedy: "take out \(size), or start")
    }
    let keys = ["image-size", "patch-size"]
    guard imageSize % patchSize == 0 else {
      throw section.error(
        at: keys, "an image-size of \(imageSize) is not a multiple of the patch-size \(patchSize)")
    }
    let side = imageSize / patchSize
    guard side * side <= ModelRecipe.greatestPatchCount else {
      throw section.error(
        at: keys,
        "\(side) × \(side) patches, where at most \(ModelRecipe.greatestPatchCount) may be",
        remedy: "raise patch-size")
    }
  }
}

extension TransformerRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    try section.integer("width", &width, in: 1...8192)
    try section.integer("layers", &layers, in: 1...256)
    try section.integer("heads", &heads, in: 1...256)
    try section.integer("feed-forward", &feedForwardWidth, in: 1...32_768)
  }

  fileprivate func check(_ section: RecipeSection) throws(TrainingError) {
    guard width % heads == 0 else {
      throw section.error(
        at: ["width", "heads"], "a width of \(width) is not a multiple of \(heads) heads")
    }
  }
}

/// A tower with a limit to its texts.
private struct TextPart: RecipePart {
  var transformer: TransformerRecipe
  var positions: Int

  mutating func read(_ section: RecipeSection) throws(TrainingError) {
    try transformer.read(section)
    // A start, an end and something between.
    try section.integer("positions", &positions, in: 3...4096)
  }

  func check(_ section: RecipeSection) throws(TrainingError) { try transformer.check(section) }
}

// MARK: Course

extension LossRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    try section.choice("kind", &kind, among: Kind.allCases)
    // Logits of more than 100 times the cosine are cut off, as in the paper.
    try section.number("temperature", &temperature, in: 0.01...100)
    try section.number("label-smoothing", &labelSmoothing, in: 0..<1)
  }

  fileprivate func check(_ section: RecipeSection) throws(TrainingError) {
    guard kind != .sigmoid || labelSmoothing == 0 else {
      throw section.error(
        at: ["label-smoothing"], "the sigmoid loss has no target to spread over others",
        remedy: "take out label-smoothing, or the kind")
    }
  }
}

extension OptimizerRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    try section.number("learning-rate", &learningRate, in: 1e-9...1)
    if let node = section.member("betas") {
      let betas = try node.elements("numbers")
      guard betas.count == 2 else { throw node.error("expected a list of two numbers") }
      (beta1, beta2) = (try betas[0].number(in: 0..<1), try betas[1].number(in: 0..<1))
    }
    try section.number("epsilon", &epsilon, in: 1e-12...1)
    try section.probability("weight-decay", &weightDecay)
    if let node = section.member("clip") {
      let isNone = try node.scalar("a number or none").text == "none"
      clip = isNone ? nil : try node.number(in: 1e-6...1e6)
    }
    if let node = section.member("average") { averageDecay = try node.number(in: 0.001..<1) }
  }
}

extension ScheduleRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    try section.integer("steps", &steps, in: 1...100_000_000)
    // Who asks for a few steps alone did not ask for a longer warm-up.
    warmUp = min(warmUp, steps)
    try section.integer("warm-up", &warmUp, in: 0...100_000_000)
    try section.probability("final-rate", &finalRate)
    try section.integer("batch", &batch, in: 2...1_048_576)
    try section.integer("chunk", &chunk, in: 1...1_048_576)
  }

  fileprivate func check(_ section: RecipeSection) throws(TrainingError) {
    guard warmUp <= steps else {
      throw section.error(at: ["warm-up"], "\(warmUp) is more than the \(steps) steps there are")
    }
    if let chunk, chunk > batch {
      throw section.error(at: ["chunk"], "\(chunk) is more than the batch of \(batch)")
    }
  }
}

// MARK: Evaluation and output

extension EvaluationRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    source = try section.required("source").text()
    try section.integer("every", &every, in: 1...100_000_000)
    try section.integer("limit", &limit, in: 1...100_000_000)
    if let node = section.member("templates") {
      templates = try Templates.read(node, languages: [:])
    }
    try section.text("labels", &labels)
  }
}

extension OutputRecipe: RecipePart {
  fileprivate mutating func read(_ section: RecipeSection) throws(TrainingError) {
    folder = try section.required("folder").text()
    try section.integer("save-every", &saveEvery, in: 1...100_000_000)
    try section.choice("dtype", &dtype, among: [.f32, .bf16, .f16])
    try section.text("licence", &licence, upTo: 200)
    try section.text("notes", &notes, lines: .many, upTo: 20_000)
  }
}
