import Checkpoints
import Media
import Models
import Tensors
import TestSupport
import Testing

@Suite struct SigLIPParityTests {
  /// The fixtures carry no tokenizer; the ids that they were computed with do not need one.
  private func loaded(
    _ fixture: String, _ isa: String, vocabulary: Int
  ) throws -> ModelCase<SigLIP> {
    let checkpoint = try AssembledCheckpoint(
      fixture, adding: ["tokenizer.json": tinyTokenizer(count: vocabulary, padding: 1)])
    return try ModelCase(fixture, isa: isa, checkpoint: checkpoint)
  }

  /// The pool's map, averaged over heads as the references give it.
  private func expectPool(_ f: ModelCase<SigLIP>, _ taps: Taps, _ expected: [Float]) throws {
    let site = try #require(f.model.towers[0].pool)
    let map = try #require(taps.attention.first { $0.site == site }).probabilities
    expectRowsSumToOne(map, "\(site)")
    expectAgreement(try f.context.mean(map, axis: 1).array, expected, "head_attention")
  }

  @Test(
    arguments: isas,
    [("siglip", 90, false), ("siglip-openclip", 80, true), ("siglip2-openclip", 70, true)])
  func everyStateAndMapEqualsTheReference(
    _ isa: String, _ fixture: (name: String, vocabulary: Int, isOpenCLIP: Bool)
  ) throws {
    let f = try loaded(fixture.name, isa, vocabulary: fixture.vocabulary)
    #expect(f.bundle.family == "siglip")
    let pixels = try f.tensor("base/input/pixel_values")
    let (pictures, taps) = try f.traced {
      let states = try f.model.vision.encode(pixels, in: f.context)
      return (states: states, pooled: try f.model.vision.pool(states, in: f.context))
    }
    try f.expectTraces(taps, "vision", case: "base")
    try f.expect(pictures.states, "base/vision/last_hidden_state")
    try expectPool(f, taps, try f.floats("base/vision/head_attention"))

    let texts = try f.rows("base/input/input_ids")
    let (states, textTaps) = try f.traced { try f.model.text.encode(texts, in: f.context) }
    for (site, map) in textTaps.attention { try f.expect(map, "base/text/attention/\(site.layer)") }
    for (site, hidden) in textTaps.hidden.dropLast() {
      try f.expect(hidden, "base/text/hidden/\(site.layer)")
    }
    if fixture.isOpenCLIP {
      try f.expect(states, "base/text/hidden/\(textTaps.hidden.count - 1)")
      try f.expect(pictures.pooled, "base/vision/pooled")
      let pooled = try f.model.text.pool(states, texts: texts, in: f.context)
      try f.expect(f.model.text.project(pooled, in: f.context), "base/text/pooled")
    } else {
      try f.expectTraces(textTaps, "text", case: "base")
      try f.expect(states, "base/text/last_hidden_state")
    }
    try f.expectRanking(
      f.model, images: try f.model.embed(pixels: pixels, in: f.context),
      texts: try f.embedded(texts, by: f.model), case: "base")
  }

  @Test(arguments: isas)
  func aMaskHidesPaddingInBothDirections(_ isa: String) throws {
    let f = try loaded("siglip", isa, vocabulary: 90)
    let texts = try f.rows("masked/input/input_ids")
    let visible = try f.rows("masked/input/attention_mask").map { $0.map { $0 != 0 } }
    let (states, taps) = try f.traced {
      try f.model.text.encode(texts, visible: visible, in: f.context)
    }
    try f.expectTraces(taps, "text", case: "masked")
    let fused = try f.model.text.encode(texts, visible: visible, in: f.context)
    for result in [states, fused] {
      let pooled = try f.model.text.pool(result, texts: texts, in: f.context)
      try f.expect(f.model.text.project(pooled, in: f.context), "masked/text/pooled")
    }
  }

  @Test(arguments: isas)
  func positionsAreInterpolatedForPicturesOfAnotherSize(_ isa: String) throws {
    let f = try loaded("siglip", isa, vocabulary: 90)
    let pixels = try f.tensor("interpolate/input/pixel_values")
    let states = try f.model.vision.encode(pixels, in: f.context)
    try f.expect(states, "interpolate/vision/last_hidden_state")
    try f.expect(f.model.vision.pool(states, in: f.context), "interpolate/vision/pooled")
  }

  @Test func textsArePaddedToFullLengthAsTheTokenizerSays() throws {
    let f = try loaded("siglip", "portable", vocabulary: 90)
    let ids = f.model.inputIDs(from: [7, 8])
    #expect(ids == [7, 8] + [Int](repeating: 1, count: 10))

    let gemma = try AssembledCheckpoint(
      "siglip",
      adding: [
        "tokenizer.json": tinyTokenizer(count: 90, padding: 1),
        "tokenizer_config.json":
          #"{"tokenizer_class": "GemmaTokenizer", "pad_token": {"content": "<unk>"}}"#,
      ])
    let other = try gemma.load()
    #expect(other.model.inputIDs(from: [7, 8]) == [7, 8] + [Int](repeating: 0, count: 10))
  }

  @Test func textsAreCleanedAsTheCheckpointsAuthorsDo() throws {
    let f = try loaded("siglip", "portable", vocabulary: 90)
    let plain = try f.bundle.tokenizer.encode("w5 w6")
    #expect(plain == [5, 6])
    #expect(try f.bundle.tokenizer.encode("  W5,\t \"w6!\" ") == plain)
    let openCLIP = try loaded("siglip-openclip", "portable", vocabulary: 80)
    #expect(try openCLIP.bundle.tokenizer.encode("W5_w6.") == plain)
  }
}
