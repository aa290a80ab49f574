import Checkpoints
import JSONDocuments
import Models
import Tensors
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A model and its fixture's numbers.
private struct CLIPFixture {
  let model: CLIP
  let expected: [String: ExpectedTensor]
  let context: ExecutionContext

  init(_ name: String, isa: String) throws {
    let fixture = try Fixture(name)
    let configuration = try CLIPConfiguration(
      JSONDocument(
        bytes: Array(Data(contentsOf: fixture.folder.appending(path: "config.json"))),
        source: "config.json"
      ).root)
    let store = try WeightStore(file: fixture.path("model.safetensors"))
    model = try WeightScope.load(store, ignoring: ["*.position_ids"]) { scope throws(CheckpointError) in
      try CLIP(scope, configuration)
    }
    expected = try fixture.expected()
    context = ExecutionContext(
      kernels: try #require(KernelTable.named(isa)), pool: ThreadPool(threadCount: 2),
      precision: .f32)
  }

  func floats(_ key: String) throws -> [Float] { try #require(expected[key], "\(key)").floats }

  func pixels(_ key: String) throws -> Tensor {
    let stored = try #require(expected[key], "\(key)")
    return context.tensor(stored.floats, Shape(stored.shape))
  }

  func rows(_ key: String) throws -> [[Int]] {
    let stored = try #require(expected[key], "\(key)")
    let width = stored.shape[1]
    return (0..<stored.shape[0]).map { Array(stored.integers[$0 * width..<($0 + 1) * width]) }
  }

  /// Compares everything that the taps saw with the fixture's lists.
  func expectTraces(_ taps: Taps, _ tower: String, case name: String, hidden: Int) throws {
    #expect(taps.hidden.count == hidden)
    for (site, states) in taps.hidden {
      let key = "\(name)/\(tower)/hidden/\(site.layer)"
      expectAgreement(states.array, try floats(key), key)
    }
    for (site, map) in taps.attention {
      let key = "\(name)/\(tower)/attention/\(site.layer)"
      expectAgreement(map.array, try floats(key), key)
      let width = map.shape.width
      for row in stride(from: 0, to: map.elementCount, by: width) {
        let sum = map.array[row..<row + width].reduce(0, +)
        #expect(abs(sum - 1) < 1e-5, "a row of \(site) sums to \(sum)")
      }
    }
  }
}

private let tables = KernelTable.available.map(\.name)

@Suite struct CLIPParityTests {
  @Test(arguments: tables, [("clip", "base"), ("clip-legacy-eos", "legacy")])
  func everyStateAndMapEqualsTheReference(_ isa: String, _ fixture: (String, String)) throws {
    let f = try CLIPFixture(fixture.0, isa: isa)
    let name = fixture.1
    let taps = Taps(attention: { _ in true }, hidden: { _ in true })
    f.context.taps = taps
    let states = try f.model.vision.encode(try f.pixels("\(name)/input/pixel_values"), in: f.context)
    try f.expectTraces(taps, "vision", case: name, hidden: 3)
    let pooled = try f.model.vision.pool(states, in: f.context)
    expectAgreement(pooled.array, try f.floats("\(name)/vision/pooled"), "vision/pooled")

    let textTaps = Taps(attention: { _ in true }, hidden: { _ in true })
    f.context.taps = textTaps
    let texts = try f.rows("\(name)/input/input_ids")
    let textStates = try f.model.text.encode(texts, in: f.context)
    try f.expectTraces(textTaps, "text", case: name, hidden: 3)
    if let last = f.expected["\(name)/text/last_hidden_state"] {
      expectAgreement(textStates.array, last.floats, "text/last_hidden_state")
    }
    expectAgreement(
      try f.model.text.pool(textStates, texts: texts, in: f.context).array,
      try f.floats("\(name)/text/pooled"), "text/pooled")
  }

  @Test(arguments: tables, [("clip", "base"), ("clip-legacy-eos", "legacy")])
  func embeddingsAndLogitsEqualTheReference(_ isa: String, _ fixture: (String, String)) throws {
    let f = try CLIPFixture(fixture.0, isa: isa)
    let name = fixture.1
    let images = try f.model.embed(
      pixels: try f.pixels("\(name)/input/pixel_values"), in: f.context)
    expectAgreement(images.array, try f.floats("\(name)/image_embeds"), "image_embeds")
    // One text at a time and cut at its end: what the engine does, and the same numbers.
    let ids = try f.rows("\(name)/input/input_ids")
    let texts = try ids.flatMap { row in
      try f.model.embed(texts: [f.model.relevantIDs(of: row)], in: f.context).array
    }
    expectAgreement(texts, try f.floats("\(name)/text_embeds"), "text_embeds")
    let cosines = try f.context.linear(
      images, weight: f.context.tensor(texts, [ids.count, f.model.embeddingWidth]))
    let logits = cosines.array.map(f.model.similarity.logit)
    let expected = try f.floats("\(name)/logits_per_image")
    expectAgreement(logits, expected, "logits_per_image")
    for (a, e) in zip(logits, expected) { #expect(abs(a - e) < 1e-3) }
    if let probabilities = f.expected["\(name)/probabilities"]?.floats {
      expectAgreement(
        Array(f.model.similarity.probabilities(Array(logits.prefix(ids.count)))),
        Array(probabilities.prefix(ids.count)), "probabilities")
    }
  }

  @Test(arguments: tables)
  func paddingIsHiddenByItsMask(_ isa: String) throws {
    let f = try CLIPFixture("clip", isa: isa)
    let texts = try f.rows("masked/input/input_ids")
    let visible = try f.rows("masked/input/attention_mask").map { $0.map { $0 != 0 } }
    let taps = Taps(attention: { _ in true }, hidden: { _ in true })
    f.context.taps = taps
    let states = try f.model.text.encode(texts, visible: visible, in: f.context)
    try f.expectTraces(taps, "text", case: "masked", hidden: 3)
    f.context.taps = nil
    let fused = try f.model.text.encode(texts, visible: visible, in: f.context)
    for result in [states, fused] {
      expectAgreement(
        result.array, try f.floats("masked/text/last_hidden_state"), "last_hidden_state")
    }
  }

  @Test func poolsAtTheFirstEndOfText() throws {
    let f = try CLIPFixture("clip", isa: "portable")
    let texts = try f.rows("eos/input/input_ids")
    let states = try f.model.text.encode(texts, in: f.context)
    expectAgreement(
      try f.model.text.pool(states, texts: texts, in: f.context).array,
      try f.floats("eos/text/pooled"), "text/pooled")
  }
}
