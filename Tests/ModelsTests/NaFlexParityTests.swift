import Checkpoints
import Media
import Models
import Tensors
import TestSupport
import Testing

/// SigLIP 2 NaFlex: the reference pads pictures to one count of patches and masks; here each
/// picture has its own patches and nothing else, and the numbers agree.
@Suite struct NaFlexParityTests {
  private func loaded(_ isa: String) throws -> ModelCase<SigLIP> {
    let checkpoint = try AssembledCheckpoint(
      "siglip2-naflex", adding: ["tokenizer.json": tinyTokenizer(count: 80, padding: 0)])
    return try ModelCase("siglip2-naflex", isa: isa, checkpoint: checkpoint)
  }

  /// The real rows of one picture in a padded tensor `[B, limit, D]`.
  private func real(
    _ f: ModelCase<SigLIP>, _ key: String, picture: Int, count: Int
  ) throws -> [Float] {
    let stored = try #require(f.expected[key], "\(key)")
    let start = picture * stored.shape[1] * stored.shape[2]
    return Array(stored.floats[start..<start + count * stored.shape[2]])
  }

  /// The fixture's pictures, prepared by the checkpoint's own processor.
  private func pictures(_ f: ModelCase<SigLIP>) throws -> [ProcessedImage] {
    let shapes = try f.rows("base/input/spatial_shapes")
    return try shapes.enumerated().map { index, shape in
      let stored = try #require(f.expected["base/input/image/\(index)"])
      let bitmap = try Bitmap(
        width: stored.shape[1], height: stored.shape[0], channels: 3, pixels: stored.bytes)
      let picture = try f.bundle.imageProcessor.process(bitmap)
      #expect(picture.patchGrid.map { [$0.rows, $0.columns] } == shape)
      return picture
    }
  }

  @Test(arguments: isas)
  func realPatchesGiveTheNumbersOfPaddedOnes(_ isa: String) throws {
    let f = try loaded(isa)
    #expect(f.bundle.family == "siglip2")
    for (picture, prepared) in try pictures(f).enumerated() {
      let grid = try #require(prepared.patchGrid)
      let count = grid.rows * grid.columns
      let pixels = f.context.tensor(
        try real(f, "base/input/pixel_values", picture: picture, count: count), [1, count, 48])
      let (states, taps) = try f.traced {
        let states = try f.model.vision.encode(pixels, grid: grid, in: f.context)
        _ = try f.model.vision.pool(states, in: f.context)
        return states
      }
      expectAgreement(
        states.array,
        try real(f, "base/vision/last_hidden_state", picture: picture, count: count), "states")
      #expect(taps.hidden.count == 3)
      for (site, hidden) in taps.hidden {
        let key = "base/vision/hidden/\(site.layer)"
        expectAgreement(
          hidden.array, try real(f, key, picture: picture, count: count), key)
      }
      for (site, map) in taps.attention where site.tower == "vision" {
        let stored = try f.floats("base/vision/attention/\(site.layer)")
        let expected = (0..<4).flatMap { head in
          (0..<count).flatMap { row in
            let start = ((picture * 4 + head) * 16 + row) * 16
            return stored[start..<start + count]
          }
        }
        expectAgreement(map.array, expected, "\(site)")
      }
      let pool = try #require(taps.attention.first { $0.site == f.model.towers[0].pool })
      let expected = try f.floats("base/vision/head_attention")
      expectAgreement(
        try f.context.mean(pool.probabilities, axis: 1).array,
        Array(expected[picture * 16..<picture * 16 + count]), "head_attention")
    }
  }

  @Test(arguments: isas)
  func picturesBecomePatchesAndEmbeddings(_ isa: String) throws {
    let f = try loaded(isa)
    let rows = try pictures(f).map { try f.model.embed(pictures: [$0], in: f.context) }
    let images = try f.context.concatenated(rows, axis: 0)
    let texts = try f.rows("base/input/input_ids")
    try f.expectRanking(
      f.model, images: images, texts: try f.embedded(texts, by: f.model), case: "base")
  }

  @Test(arguments: isas)
  func textsEqualTheReference(_ isa: String) throws {
    let f = try loaded(isa)
    let texts = try f.rows("base/input/input_ids")
    let (states, taps) = try f.traced { try f.model.text.encode(texts, in: f.context) }
    try f.expectTraces(taps, "text", case: "base")
    try f.expect(states, "base/text/last_hidden_state")
  }

  @Test func gridsOfAsManyPatchesDoNotShareABatch() throws {
    let f = try loaded("portable")
    func picture(_ width: Int, _ height: Int) throws -> ProcessedImage {
      try f.bundle.imageProcessor.process(
        Bitmap(
          width: width, height: height, channels: 3,
          pixels: [UInt8](repeating: 90, count: width * height * 3)))
    }
    let (wide, tall) = (try picture(20, 12), try picture(12, 20))
    #expect(wide.shape == tall.shape)
    #expect(!wide.canShareBatch(with: tall))
    #expect(wide.canShareBatch(with: try picture(40, 24)))
    // And a grid that is not the pixels' own is an error.
    let pixels = f.context.tensor(wide.pixels, Shape([1] + wide.shape))
    #expect(throws: TensorError.self) { try f.model.embed(pixels: pixels, in: f.context) }
  }
}
