import Checkpoints
import Foundation
import Models
import Tensors
import TestSupport
import Testing

/// A fixture's model, loaded as the product loads it, and the fixture's numbers.
struct ModelCase<Model> {
  let bundle: ModelBundle
  let model: Model
  let expected: [String: ExpectedTensor]
  let context: ExecutionContext

  /// - Parameter folder: the checkpoint; nil for the fixture's own folder as it is.
  init(_ fixture: String, isa: String, checkpoint: AssembledCheckpoint? = nil) throws {
    let checkpoint = try checkpoint ?? AssembledCheckpoint(fixture)
    try self.init(fixture, isa: isa, bundle: checkpoint.load())
  }

  init(_ fixture: String, isa: String, bundle: ModelBundle) throws {
    try self.init(Fixture(fixture), isa: isa, bundle: bundle)
  }

  init(_ fixture: Fixture, isa: String, bundle: ModelBundle) throws {
    self.bundle = bundle
    model = try #require(bundle.model as? Model, "it is \(type(of: bundle.model))")
    expected = try fixture.expected()
    context = ExecutionContext(
      kernels: try #require(KernelTable.named(isa)), pool: ThreadPool(threadCount: 2),
      precision: .f32)
  }

  func floats(_ key: String) throws -> [Float] { try #require(expected[key], "\(key)").floats }

  func tensor(_ key: String) throws -> Tensor {
    let stored = try #require(expected[key], "\(key)")
    return context.tensor(stored.floats, Shape(stored.shape))
  }

  /// The rows of a matrix of integers.
  func rows(_ key: String) throws -> [[Int]] {
    let stored = try #require(expected[key], "\(key)")
    let width = stored.shape[1]
    return (0..<stored.shape[0]).map { Array(stored.integers[$0 * width..<($0 + 1) * width]) }
  }

  func expect(_ actual: Tensor, _ key: String) throws {
    expectAgreement(actual.array, try floats(key), key)
  }

  /// What `compute` returns and what every tap saw of it.
  func traced<Result>(_ compute: () throws -> Result) rethrows -> (result: Result, taps: Taps) {
    let taps = Taps(attention: { _ in true }, hidden: { _ in true })
    context.taps = taps
    defer { context.taps = nil }
    return (try compute(), taps)
  }

  /// Compares what the taps saw of a tower with the fixture's lists, every one of them.
  func expectTraces(_ taps: Taps, _ tower: String, case name: String) throws {
    let hidden = taps.hidden.filter { $0.site.tower == tower }
    let attention = taps.attention.filter { $0.site.tower == tower }
    #expect(hidden.count == expected.keys.count { $0.hasPrefix("\(name)/\(tower)/hidden/") })
    #expect(attention.count == expected.keys.count { $0.hasPrefix("\(name)/\(tower)/attention/") })
    for (site, states) in hidden { try expect(states, "\(name)/\(tower)/hidden/\(site.layer)") }
    for (site, map) in attention {
      try expect(map, "\(name)/\(tower)/attention/\(site.layer)")
      expectRowsSumToOne(map, "\(site)")
    }
  }

  /// Compares embeddings, and the logits and probabilities that follow from them.
  func expectRanking(
    _ model: some DualEncoder, images: Tensor, texts: Tensor, case name: String
  ) throws {
    try expect(images, "\(name)/image_embeds")
    try expect(texts, "\(name)/text_embeds")
    let cosines = try context.linear(images, weight: texts)
    let logits = cosines.array.map(model.similarity.logit)
    let wanted = try floats("\(name)/logits_per_image")
    expectAgreement(logits, wanted, "\(name)/logits_per_image")
    for (a, e) in zip(logits, wanted) { #expect(abs(a - e) < 1e-3) }
    guard let probabilities = expected["\(name)/probabilities"]?.floats else { return }
    let count = texts.shape[0]
    let rows = stride(from: 0, to: logits.count, by: count).flatMap {
      model.similarity.probabilities(Array(logits[$0..<$0 + count]))
    }
    expectAgreement(rows, probabilities, "\(name)/probabilities")
  }

  /// Texts as the engine computes them: one at a time, each with the ids that its model wants.
  func embedded(_ texts: [[Int]], by model: some DualEncoder) throws -> Tensor {
    let rows = try texts.map { try model.embed(texts: [model.inputIDs(from: $0)], in: context) }
    return try context.concatenated(rows, axis: 0)
  }
}

func expectRowsSumToOne(_ map: Tensor, _ what: String) {
  let (values, width) = (map.array, map.shape.width)
  for row in stride(from: 0, to: values.count, by: width) {
    let sum = values[row..<row + width].reduce(0, +)
    #expect(abs(sum - 1) < 1e-5, "a row of \(what) sums to \(sum)")
  }
}

let isas = KernelTable.available.map(\.name)
