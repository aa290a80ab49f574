import Foundation
import Testing

@testable import Checkpoints
@testable import Tensors
@testable import Training

/// What going on refuses, and what a fresh run does.
@Suite struct SavedStateTests {
  private func trained() throws -> (run: TinyRun, recipe: String) {
    let run = try TinyRun()
    let recipe = try run.write()
    try run.train(recipe, steps: 2)
    return (run, recipe)
  }

  @Test func namesTheSettingsThatChanged() throws {
    let (run, _) = try trained()
    let changed = try run.write([
      "0.01": "0.02", "vision: {width: 16, layers: 1": "vision: {width: 16, layers: 2",
    ])
    let refusal = try #require(run.refusal(changed, resumes: true))
    #expect(refusal.problem.contains("other settings: model.vision.layers, optimizer.learning-rate"))
    #expect(refusal.remedy == "restore them, or train into another folder")
    // What changes no number may change.
    let harmless = try run.write(["save-every: 2": "save-every: 3", "workers: 1": "workers: 2"])
    #expect(try run.train(harmless, resumes: true).summary.step == 6)
  }

  @Test func noticesOtherDataAndTokenizers() throws {
    let (run, recipe) = try trained()
    let rows = String(decoding: try run.bytes("pairs.jsonl"), as: UTF8.self)
    try run.data.write(rows.replacing("violet", with: "purple"), to: "pairs.jsonl")
    #expect(run.refusal(recipe, resumes: true)?.problem.contains("other pictures or captions") == true)
    try run.data.write(rows, to: "pairs.jsonl")
    try run.data.write(run.bytes("run/tokenizer.json").map { $0 }, to: "own/tokenizer.json")
    let own = try run.write(
      folder: "second", ["tokenizer: {vocabulary: 540, minimum-count: 1}": "tokenizer: own"])
    try run.train(own, steps: 1)
    let words = String(decoding: try run.bytes("own/tokenizer.json"), as: UTF8.self)
    try run.data.write(words + "\n", to: "own/tokenizer.json")
    #expect(run.refusal(own, resumes: true)?.problem.contains("other words in its tokenizer") == true)
  }

  @Test func wantsARunToGoOnFrom() throws {
    let run = try TinyRun()
    let recipe = try run.write()
    let refusal = try #require(run.refusal(recipe, resumes: true))
    #expect(refusal.problem.hasSuffix("run: there is no saved run in it"))
    try run.data.write("x", to: "run/notes.txt")
    #expect(run.refusal(recipe, resumes: true)?.problem.hasSuffix("there is no saved run in it") == true)
  }

  @Test func neverWritesOverAnything() throws {
    let run = try TinyRun()
    let recipe = try run.write()
    try run.data.write("mine", to: "run/notes.txt")
    #expect(run.refusal(recipe)?.problem.hasSuffix("run: it is not empty") == true)
    #expect(try run.names("run") == ["notes.txt"])
    let second = try run.write(folder: "second")
    try run.train(second, steps: 1)
    let before = try run.bytes("second/training-state.safetensors")
    let refusal = try #require(run.refusal(second))
    #expect(refusal.problem.hasSuffix("second: a run was saved in it"))
    #expect(refusal.remedy?.hasPrefix("go on with resume") == true)
    #expect(try run.bytes("second/training-state.safetensors") == before)
    try run.data.write("mine", to: "file")
    let third = try run.write(folder: "file")
    #expect(run.refusal(third)?.problem.contains("no folder that can be read") == true)
    #expect(try run.bytes("file") == Data("mine".utf8))
  }

  // MARK: Files that lie

  /// The saved state with its tensors and its record as `change` makes them.
  private func forge(
    _ run: TinyRun, _ change: (inout [String: Tensor], inout String) throws -> Void
  ) throws {
    let path = run.file("run/" + TrainingState.fileName)
    let store = try WeightStore(file: path)
    let context = TinyRunContext.make()
    var tensors: [String: Tensor] = [:]
    for name in store.names {
      let stored = try store.tensor(name)
      tensors[name] = context.tensor(stored.array, stored.shape)
    }
    var text = try #require(store.files[0].metadata.first { $0.key == "gaze.training" }?.value)
    try change(&tensors, &text)
    try SafeTensorsWriter.write(
      tensors.map { StoredTensor($0.key, $0.value) }, metadata: ["gaze.training": text], to: path)
  }

  private static let weight = "parameter.visual_projection.weight"

  static let forgeries:
    [(name: String, problem: String, change: @Sendable (inout [String: Tensor]) -> Void)] = [
      ("missing", "tensors, where", { $0[weight] = nil }),
      ("renamed", "it has no tensor \(weight)", { $0["parameter.x"] = $0.removeValue(forKey: weight) }),
      ("too many", "tensors, where", { $0["x"] = $0[weight] }),
      (
        "misshapen", "\(weight) is f32 [256], where f32 [16, 16] should be",
        { $0[weight] = $0[weight]?.reshaped([256]) }
      ),
      (
        "of another type", "\(weight) is i32 [16, 16], where f32",
        { tensors in
          guard let tensor = tensors[weight] else { return }
          tensors[weight] = Tensor(
            storage: tensor.storage, elementType: .i32, shape: tensor.shape)
        }
      ),
      (
        "NaN", "\(weight) holds what is no number",
        { $0[weight]?.floats[3] = .nan }
      ),
      (
        "infinite", "square.logit_scale holds what is no number",
        { $0["square.logit_scale"]?.floats[0] = .infinity }
      ),
    ]

  @Test(arguments: forgeries.indices)
  func refusesOtherTensors(_ index: Int) throws {
    let (run, recipe) = try trained()
    let (name, problem, change) = Self.forgeries[index]
    try forge(run) { tensors, _ in change(&tensors) }
    let refusal = try #require(run.refusal(recipe, resumes: true), "\(name)")
    #expect(refusal.problem.contains("run/training-state.safetensors"), "\(name): \(refusal)")
    #expect(refusal.problem.contains(problem), "\(name): \(refusal)")
  }

  static let records: [(old: String, new: String, problem: String)] = [
    (#""step":2,"#, #""step":7,"#, "7 of 6 steps are done"),
    (#""step":2,"#, #""step":-1,"#, "-1 of 6 steps are done"),
    (#""step":2,"#, #""step":2.5,"#, "its record of the run cannot be read"),
    (#""step":2,"#, #""step":"#, "its record of the run cannot be read"),
    (#""stride":1"#, #""stride":0"#, "the run's course"),
    (#""stride":1"#, #""stride":9223372036854775807"#, "the run's course"),
    (
      #""open":[]"#,
      #""open":[{"batchAccuracy":0,"learningRate":0,"logitScale":1,"loss":1,"step":1}]"#,
      "the run's course"
    ),
    (#""loss":"#, #""loss":1e300,"was":"#, "the run's course"),
    (
      #""heldOut":[]"#,
      #""heldOut":[{"step":9,"pictures":1,"labels":1,"top1":0,"top5":0,"byLanguage":{}}]"#,
      "the run's course"
    ),
    (#"["seed","5"]"#, #"["seed","7"]"#, "other settings: seed"),
    (#"["seed","5"]"#, #"["seed"]"#, "other settings: seed"),
    (#""data":"#, #""date":"#, "its record of the run cannot be read"),
  ]

  @Test(arguments: records)
  func refusesOtherRecords(_ old: String, _ new: String, _ problem: String) throws {
    let (run, recipe) = try trained()
    try forge(run) { _, record in
      try #require(record.contains(old), "\(record)")
      record = record.replacing(old, with: new)
    }
    let refusal = try #require(run.refusal(recipe, resumes: true))
    #expect(refusal.problem.contains(problem), "\(refusal)")
  }

  @Test func refusesWhatIsNoSavedState() throws {
    let (run, recipe) = try trained()
    let path = "run/training-state.safetensors"
    let whole = Array(try run.bytes(path))
    let others = [
      [], Array(whole.prefix(7)), Array(whole.prefix(200)), Array(whole.dropLast()),
      [UInt8](repeating: 0xFF, count: 999),
    ]
    for bytes in others {
      try run.data.write(bytes, to: path)
      let refusal = try #require(run.refusal(recipe, resumes: true))
      #expect(refusal.problem.contains("training-state.safetensors"), "\(refusal)")
      #expect(refusal.remedy == "train into another folder, without resume")
    }
    try run.data.write(Array(run.bytes("run/model.safetensors")), to: path)
    #expect(run.refusal(recipe, resumes: true)?.problem.hasSuffix("it holds no training run") == true)
    try run.data.write(whole, to: path)
    #expect(try run.train(recipe, resumes: true).summary.step == 6)
  }
}
