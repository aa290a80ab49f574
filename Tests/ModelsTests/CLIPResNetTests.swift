import Checkpoints
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite struct CLIPResNetTests {
  private func loaded(_ isa: String) throws -> ModelCase<CLIPResNet> {
    let checkpoint = try AssembledCheckpoint(
      "clip-resnet", adding: ["tokenizer.json": tinyTokenizer(count: 90)])
    return try ModelCase("clip-resnet", isa: isa, checkpoint: checkpoint)
  }

  @Test(arguments: isas)
  func everyStageEqualsTheReference(_ isa: String) throws {
    let f = try loaded(isa)
    #expect(f.bundle.family == "clip-resnet")
    let pixels = try f.tensor("base/input/pixel_values")
    let (pooled, taps) = try f.traced {
      try f.model.vision.pool(try f.model.vision.encode(pixels, in: f.context), in: f.context)
    }
    let stages = taps.hidden.filter { $0.site.tower == "vision.stages" }
    #expect(stages.count == 5)
    for (site, states) in stages {
      let first = try f.context.reshaped(
        try f.context.sliced(states, axis: 0, 0..<1), Shape([1] + states.shape.array.dropFirst()))
      try f.expect(
        first, site.layer == 0 ? "base/vision/stem" : "base/vision/stage/\(site.layer - 1)")
    }
    try f.expect(pooled, "base/vision/pooled")
    let map = try #require(taps.attention.first { $0.site.tower == "vision" }).probabilities
    expectRowsSumToOne(map, "the pool")
    let query = try f.context.sliced(map, axis: 2, 0..<1)
    try f.expect(
      f.context.reshaped(query, [map.shape[0], map.shape[1], map.shape[3]]),
      "base/vision/pool_attention")
  }

  @Test(arguments: isas)
  func textsAndLogitsEqualTheReference(_ isa: String) throws {
    let f = try loaded(isa)
    let texts = try f.rows("base/input/input_ids")
    let (states, taps) = try f.traced { try f.model.text.encode(texts, in: f.context) }
    // Here the last of the hidden states is the one after the final norm.
    let hidden = taps.hidden.map(\.states).dropLast() + [states]
    #expect(hidden.count == 3)
    for (layer, tensor) in hidden.enumerated() { try f.expect(tensor, "base/text/hidden/\(layer)") }
    for (site, map) in taps.attention { try f.expect(map, "base/text/attention/\(site.layer)") }
    try f.expect(f.model.text.pool(states, texts: texts, in: f.context), "base/text/pooled")
    // Without taps only the mean cell's query is computed.
    try f.expectRanking(
      f.model,
      images: try f.model.embed(pixels: try f.tensor("base/input/pixel_values"), in: f.context),
      texts: try f.embedded(texts, by: f.model), case: "base")
  }

  @Test func tensorsOfAnotherWidthAreNamed() throws {
    let configuration = try AssembledCheckpoint.text(
      of: "open_clip_config.json", in: "clip-resnet",
      replacing: ["\"width\": 4": "\"width\": 8192"])
    let checkpoint = try AssembledCheckpoint(
      "clip-resnet",
      adding: [
        "tokenizer.json": tinyTokenizer(count: 90), "open_clip_config.json": configuration,
      ])
    let error = #expect(throws: ModelError.self) { try checkpoint.load() }
    #expect(error?.description.contains("visual.bn1.weight") == true)
  }

  @Test func countersAreNoParameters() throws {
    let bundle = try loaded("portable").bundle
    let store = bundle.store
    #expect(store.names.count { $0.hasSuffix("num_batches_tracked") } == 22)
    let numbers = store.names.compactMap { store.entry($0)?.shape.elementCount }.reduce(0, +)
    #expect(bundle.parameters == numbers - 22)
  }

  @Test func describesItsPoolAsALayerOverCells() throws {
    let towers = try loaded("portable").model.towers
    #expect(towers[0].layers == 1 && towers[0].heads == 2 && towers[0].prefix == 1)
    #expect(towers[0].grid.map { [$0.rows, $0.columns] } == [2, 2])
  }

  /// The same tensors without their configuration, as OpenAI's archives hold them.
  @Test func sizesFollowFromShapes() throws {
    let store = try WeightStore(file: Fixture("clip-resnet").path("open_clip_model.safetensors"))
    let found = try OpenAIArchive(store).resNet()
    #expect(found == (try loaded("portable")).model.vision.configuration)
    #expect(!OpenAIArchive.isTransformer(store))
    let cut = try store.renamed { $0.hasPrefix("visual.layer3.") ? nil : $0 }
    #expect(throws: ModelError.self) { try OpenAIArchive(cut).resNet() }
  }
}
