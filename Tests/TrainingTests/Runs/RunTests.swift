import Foundation
import Testing

@testable import Checkpoints
@testable import Media
@testable import Models
@testable import Tensors
@testable import Training

/// What runs make of their data, and what they leave.
@Suite struct RunTests {
  private func load(_ run: TinyRun, _ folder: String) throws -> ModelBundle {
    try ModelRegistry.load(CheckpointLocator(environment: [:]).locate(run.file(folder)))
  }

  // MARK: Files that cannot be used

  @Test func goesOnWithoutWhatIsBroken() throws {
    let run = try TinyRun()
    try run.data.write([1, 2, 3], to: "2.png")
    let rows = String(decoding: try run.bytes("pairs.jsonl"), as: UTF8.self)
    try run.data.write(
      rows + "{\"image\": \"none.png\", \"caption\": \"x\"}\nno JSON\n", to: "pairs.jsonl")
    let summary = try run.train(run.write(adding: TinyRun.evaluation)).summary
    #expect(summary.step == 6)
    let found = summary.skipped.map { "\(FilePaths.name(of: $0.path)): \($0.problem)" }
    #expect(found.count == 3, "\(found)")
    #expect(found.contains { $0.hasPrefix("pairs.jsonl, line 9: ") && $0.contains("none.png") })
    #expect(found.contains { $0.hasPrefix("pairs.jsonl, line 10: ") })
    #expect(found.contains { $0.hasPrefix("2.png: ") })
    #expect(summary.last?.skippedFiles == 3)
    #expect(summary.heldOut?.pictures == 7)
  }

  @Test func endsWhereNothingCanBeUsed() throws {
    let run = try TinyRun()
    for index in 0..<8 { try run.data.write([1, 2, 3], to: "\(index).png") }
    let refusal = try #require(run.refusal(run.write()))
    #expect(refusal.problem.contains(".png: neither this picture ("), "\(refusal)")
    for index in 0..<8 { try FileManager.default.removeItem(atPath: run.file("\(index).png")) }
    let missing = try #require(run.refusal(run.write(folder: "other")))
    #expect(missing.problem.contains("no picture with a caption can be used"), "\(missing)")
    #expect(!FileManager.default.fileExists(atPath: run.file("other")))
  }

  // MARK: What is measured

  @Test func learnsEightPicturesByHeart() throws {
    let run = try TinyRun()
    for language in ["en", "ko"] {
      let labels = TinyRun.captions.map { language == "en" ? $0.0 : $0.1 } + ["사과", "house"]
      try run.data.write(labels.joined(separator: "\n"), to: "labels.\(language).txt")
    }
    let recipe = try run.write(
      [
        "steps: 6": "steps: 120", "batch: 4": "batch: 8", "save-every: 2": "save-every: 120",
        "  augmentation: {area: [0.7, 1], rotation: 10, flip: 0.5}\n": "",
      ], adding: "evaluation: {source: pairs.jsonl, every: 60, labels: \"labels.{language}.txt\"}\n")
    let heldOut = try #require(try run.train(recipe).summary.heldOut)
    #expect(heldOut.pictures == 8 && heldOut.labels == 10 && heldOut.step == 120)
    #expect(heldOut.top1 == 1 && heldOut.top5 == 1, "\(heldOut)")
    #expect(heldOut.byLanguage.mapValues(\.top1) == ["en": 1, "ko": 1])
  }

  @Test func labelsThatNoCaptionIsAmongAreRefused() throws {
    let run = try TinyRun()
    try run.data.write("house\nsun\n", to: "labels.txt")
    let recipe = try run.write(adding: "evaluation: {source: pairs.jsonl, labels: labels.txt}\n")
    let refusal = try #require(run.refusal(recipe))
    #expect(refusal.problem.hasSuffix("none of the captions in pairs.jsonl is among the labels"))
  }

  /// A model to which every picture and text is the same has learned nothing.
  @Test func tiesAreNotRight() throws {
    let run = try TinyRun()
    // Weights of no size at all: every embedding is the same.
    let recipe = try run.write(
      ["learning-rate: 0.01, average: 0.9": "learning-rate: 1e-9", "steps: 6": "steps: 2"])
    try run.train(recipe)
    let bundle = try load(run, "run")
    let context = TinyRunContext.make()
    var tensors: [String: Tensor] = [:]
    for name in bundle.store.names {
      let stored = try bundle.store.tensor(name)
      let isZero = name.hasSuffix("post_layernorm.weight") || name.hasSuffix("final_layer_norm.weight")
      tensors[name] = isZero ? context.zeros(stored.shape) : context.tensor(stored.array, stored.shape)
      if name.hasSuffix("norm.bias") { tensors[name] = context.filled(stored.shape, with: 1) }
    }
    let model = try #require(bundle.model as? CLIP)
    let flat = try CLIP(
      WeightScope(Parameters(tensors).store(called: "flat")), model.configuration)
    let evaluation = try Evaluation(
      EvaluationRecipe(source: "pairs.jsonl"), relativeTo: run.data.path,
      encoder: PairEncoder(
        tokenizer: bundle.tokenizer, text: model.configuration.text, side: 16),
      normalization: .init(mean: PixelScaling.clipMean, deviation: PixelScaling.clipDeviation),
      unless: Cancellation())
    context.precision = .f32
    let found = try evaluation(flat, step: 1, in: context)
    #expect(found.pictures == 8 && found.top1 == 0 && found.top5 == 0, "\(found)")
  }

  // MARK: Divergence

  @Test func saysWhatToDoWhenItDiverges() throws {
    let run = try TinyRun()
    try run.train(run.write(folder: "first", [", average: 0.9": ""]), steps: 1)
    // One token that is out of range: the loss is no number once its caption is drawn.
    let path = run.file("first/model.safetensors")
    let (store, context) = (try WeightStore(file: path), TinyRunContext.make())
    let token = try #require(load(run, "first").tokenizer.encode("violet")[1])
    let tensors = try store.names.map { name in
      let stored = try store.tensor(name)
      let copy = context.tensor(stored.array, stored.shape)
      if name.hasSuffix("token_embedding.weight") {
        for column in 0..<16 { copy.floats[Int(token) * 16 + column] = column % 2 == 0 ? 3e38 : -3e38 }
      }
      return StoredTensor(name, copy)
    }
    try SafeTensorsWriter.write(tensors, metadata: ["format": "pt"], to: path)
    let recipe = try started(
      run, from: "first", into: "second",
      ["steps: 6": "steps: 50", "batch: 4": "batch: 2", "save-every: 2": "save-every: 1"])
    do {
      try run.train(recipe)
      Issue.record("it went on")
    } catch let error as TrainingError {
      guard case .diverged(let step, _) = error else { throw error }
      #expect("\(error)" == "the loss is not a number at step \(step)")
      #expect(error.code == "train.diverged")
      #expect(error.remedy?.contains("train into another folder") == true)
      // What was saved before is there, and whole.
      try #require(step > 1)
      #expect(try TrainingState.File(in: run.file("second")).record.step == step - 1)
      let again = try #require(run.refusal(recipe, resumes: true))
      #expect(again.problem == "\(error)")
    }
  }

  // MARK: Checkpoints

  /// A recipe that starts from a checkpoint, without sizes and tokenizer.
  private func started(
    _ run: TinyRun, from start: String, into folder: String, _ changes: [String: String] = [:]
  ) throws -> String {
    let recipe = TinyRun.recipe
    let sizes = try #require(recipe.range(of: "tokenizer: {"))
    let end = try #require(recipe.range(of: "optimizer:"))
    let old = String(recipe[sizes.lowerBound..<end.lowerBound])
    var changes = changes
    changes[old] = "model: {start: \(start)}\n"
    changes[", average: 0.9"] = ""
    return try run.write(named: "\(folder).yaml", folder: folder, changes)
  }

  @Test func startsWhereACheckpointStands() throws {
    let run = try TinyRun()
    try run.train(run.write(folder: "first"))
    let recipe = try started(
      run, from: "first", into: "second",
      [
        "batch: 4": "batch: 8", "languages: {en: 1, ko: 1}": "languages: {en: 1}",
        "  augmentation: {area: [0.7, 1], rotation: 10, flip: 0.5}\n": "",
      ])
    let result = try run.train(recipe)
    let expected = try loss(of: try load(run, "first"), run)
    #expect((try #require(result.losses.first) - expected).magnitude < 1e-4, "\(expected)")
    let first = try #require(load(run, "first").model as? CLIP)
    let second = try #require(load(run, "second").model as? CLIP)
    #expect(first.configuration == second.configuration)
    #expect(try run.bytes("first/tokenizer.json") == run.bytes("second/tokenizer.json"))
    #expect(try run.bytes("first/model.safetensors") != run.bytes("second/model.safetensors"))
  }

  /// The softmax loss of all pictures and their English captions, from the similarities that the
  /// loaded checkpoint gives.
  private func loss(of bundle: ModelBundle, _ run: TinyRun) throws -> Double {
    let context = TinyRunContext.make()
    context.precision = .f32
    let model = try #require(bundle.model as? CLIP)
    let pictures = try (0..<8).map { index in
      try bundle.imageProcessor.process(
        ImageFile.decode(
          bytes: Array(run.bytes("\(index).png")), source: "x", budget: .standard).bitmap)
    }
    let images = try model.embed(pictures: pictures, in: context)
    let ids = try TinyRun.captions.map { try bundle.tokenizer.encode($0.0).map { Int($0) } }
    let texts = try model.embed(texts: ids, in: context)
    guard case .softmax(let scale) = model.similarity else { return .nan }
    let cosines = try context.productTransposed(images, texts).array.map { Double($0 * scale) }
    func part(_ row: [Double], _ own: Int) -> Double {
      log(row.reduce(0) { $0 + exp($1) }) - row[own]
    }
    let sums = (0..<8).map { index in
      part((0..<8).map { cosines[index * 8 + $0] }, index)
        + part((0..<8).map { cosines[$0 * 8 + index] }, index)
    }
    return sums.reduce(0, +) / 16
  }

  @Test func aSigmoidRunIsLoadedWithItsBias() throws {
    let run = try TinyRun()
    let recipe = try run.write(
      ["schedule:": "loss: {kind: sigmoid, temperature: 0.1}\nschedule:"])
    let summary = try run.train(recipe).summary
    let model = try #require(load(run, "run").model as? CLIP)
    guard case .sigmoid(let scale, let bias) = model.similarity else {
      Issue.record("\(model.similarity)")
      return
    }
    let average = try run.state("run").tensors
    #expect(average["average.logit_bias"] == [bias])
    #expect(bias != -10 && scale > 1)
    #expect(summary.parameters == average.filter { $0.key.hasPrefix("parameter.") }
      .reduce(0) { $0 + $1.value.count })
  }

  @Test func refusesWhatCannotBeWrittenBeforeItTrains() throws {
    let run = try TinyRun()
    let words = try #require(
      String(data: Data(contentsOf: CLIPSample.repository.appending(
        path: "Sources/gaze/Resources/checkpoints/emoji-clip/tokenizer.json")), encoding: .utf8))
    try run.data.write(
      words.replacing("<|endoftext|>", with: "<|end|>"), to: "tokenizer.json")
    let recipe = try run.write(
      ["tokenizer: {vocabulary: 540, minimum-count: 1}": "tokenizer: tokenizer.json"])
    #expect(run.refusal(recipe) != nil)
    #expect(!FileManager.default.fileExists(atPath: run.file("run")))
    let missing = try run.write(
      ["tokenizer: {vocabulary: 540, minimum-count: 1}": "tokenizer: none.json"])
    #expect(run.refusal(missing)?.problem.contains("none.json") == true)
  }
}
