import Foundation
import Models
import Tensors
import TestSupport
import Testing

@Suite struct CLIPParityTests {
  /// A fixture and the name of its case.
  private static let contrastive = [("clip", "base"), ("clip-legacy-eos", "legacy")]

  private func loaded(_ fixture: String, _ isa: String) throws -> ModelCase<CLIP> {
    guard fixture == "clip-legacy-eos" else { return try ModelCase(fixture, isa: isa) }
    // This one has its configuration and its weights alone.
    let checkpoint = try AssembledCheckpoint(
      fixture,
      adding: [
        "tokenizer.json": tinyTokenizer(count: 120),
        "preprocessor_config.json": try AssembledCheckpoint.text(
          of: "preprocessor_config.json", in: "clip", replacing: ["24": "16"]),
      ])
    return try ModelCase(fixture, isa: isa, checkpoint: checkpoint)
  }

  @Test(arguments: isas, contrastive)
  func everyStateAndMapEqualsTheReference(_ isa: String, _ fixture: (String, String)) throws {
    let f = try loaded(fixture.0, isa)
    let name = fixture.1
    let pixels = try f.tensor("\(name)/input/pixel_values")
    let (states, taps) = try f.traced { try f.model.vision.encode(pixels, in: f.context) }
    try f.expectTraces(taps, "vision", case: name)
    try f.expect(f.model.vision.pool(states, in: f.context), "\(name)/vision/pooled")

    let texts = try f.rows("\(name)/input/input_ids")
    let (textStates, textTaps) = try f.traced { try f.model.text.encode(texts, in: f.context) }
    try f.expectTraces(textTaps, "text", case: name)
    try f.expect(textStates, "\(name)/text/last_hidden_state")
    try f.expect(
      f.model.text.pool(textStates, texts: texts, in: f.context), "\(name)/text/pooled")
  }

  @Test(arguments: isas, contrastive)
  func embeddingsAndLogitsEqualTheReference(_ isa: String, _ fixture: (String, String)) throws {
    let f = try loaded(fixture.0, isa)
    let name = fixture.1
    try f.expectRanking(
      f.model,
      images: try f.model.embed(
        pixels: try f.tensor("\(name)/input/pixel_values"), in: f.context),
      texts: try f.embedded(try f.rows("\(name)/input/input_ids"), by: f.model), case: name)
  }

  /// What nothing reads of the last block is not computed; what is read has the same bits.
  @Test(arguments: isas, Precision.allCases)
  func onePositionOfTheLastBlockIsEnough(_ isa: String, _ precision: Precision) throws {
    let f = try loaded("clip", isa)
    f.context.precision = precision
    let pixels = try f.tensor("base/input/pixel_values")
    let vision = f.model.vision
    let pooled = try vision.pool(try vision.encode(pixels, in: f.context), in: f.context)
    let whole = try f.context.normalized(try vision.project(pooled, in: f.context))
    #expect(try vision.embed(pixels, in: f.context).array == whole.array)

    let text = f.model.text
    for row in try f.rows("base/input/input_ids") {
      let ids = [f.model.inputIDs(from: row)]
      let end = try text.pool(try text.encode(ids, in: f.context), texts: ids, in: f.context)
      let whole = try f.context.normalized(try text.project(end, in: f.context))
      #expect(try text.embed(ids, in: f.context).array == whole.array)
    }
  }

  @Test(arguments: isas)
  func paddingIsHiddenByItsMask(_ isa: String) throws {
    let f = try loaded("clip", isa)
    let texts = try f.rows("masked/input/input_ids")
    let visible = try f.rows("masked/input/attention_mask").map { $0.map { $0 != 0 } }
    let (states, taps) = try f.traced {
      try f.model.text.encode(texts, visible: visible, in: f.context)
    }
    try f.expectTraces(taps, "text", case: "masked")
    let fused = try f.model.text.encode(texts, visible: visible, in: f.context)
    for result in [states, fused] { try f.expect(result, "masked/text/last_hidden_state") }
  }

  @Test func poolsAtTheFirstEndOfText() throws {
    let f = try loaded("clip", "portable")
    let texts = try f.rows("eos/input/input_ids")
    let states = try f.model.text.encode(texts, in: f.context)
    try f.expect(f.model.text.pool(states, texts: texts, in: f.context), "eos/text/pooled")
  }

  @Test(arguments: isas)
  func positionsAreInterpolatedForPicturesOfAnotherSize(_ isa: String) throws {
    let f = try loaded("clip", isa)
    let pixels = try f.tensor("interpolate/input/pixel_values")
    let (states, taps) = try f.traced { try f.model.vision.encode(pixels, in: f.context) }
    #expect(taps.hidden.count == 3)
    for (site, hidden) in taps.hidden {
      try f.expect(hidden, "interpolate/vision/hidden/\(site.layer)")
    }
    try f.expect(f.model.vision.pool(states, in: f.context), "interpolate/vision/pooled")
  }

  @Test(arguments: [[[]], [[1, 2], []], [[560]], [[-1]], [[Int](repeating: 1, count: 13)]])
  func textsThatDoNotFitAreErrors(_ texts: [[Int]]) throws {
    let f = try loaded("clip", "portable")
    #expect(throws: TensorError.self) { try f.model.embed(texts: texts, in: f.context) }
  }
}
