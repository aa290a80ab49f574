import Media
import Testing

@testable import Training

struct BatchLoaderTests {
  private let folder: DataFolder

  init() throws { folder = try DataFolder() }

  /// Seven pictures, those in `broken` undecodable.
  private func recipe(workers: Int, broken: Set<Int> = []) throws -> DataRecipe {
    var table = "image\tcaption_en\tcaption_ko\n"
    for index in 0..<7 {
      let bitmap = try Bitmap.made(width: 9 + index, height: 12) { x, y, c in x * 20 + y * index + c * 40 }
      let bytes: [UInt8] = broken.contains(index) ? [1, 2, 3] : try PNGWriter.encode(bitmap)
      try folder.write(bytes, to: "\(index).png")
      table += "\(index).png\tpicture \(index)\t그림 \(index)\n"
    }
    try folder.write(table, to: "t.tsv")
    var recipe = DataRecipe(sources: [.init(path: "t.tsv")])
    recipe.workers = workers
    recipe.templates = ["en": ["a {}", "the {}"]]
    recipe.augmentation.area = 0.5...1.2
    recipe.augmentation.rotation = 20
    recipe.augmentation.flip = 0.5
    recipe.augmentation.background = .random
    return recipe
  }

  private func loader(
    _ recipe: DataRecipe, seed: UInt64 = 3, steps: Range<Int> = 0..<5
  ) throws -> (loader: BatchLoader, source: PictureSource) {
    let pictures = try CaptionedPictures(recipe, relativeTo: folder.path)
    let source = PictureSource(
      pictures, side: 8, cacheBytes: 2000, augmentation: recipe.augmentation)
    let loader = BatchLoader(
      source, recipe: recipe, seed: seed, batch: 4, firstStep: steps.lowerBound,
      endStep: steps.upperBound, mean: SIMD3(repeating: 0.5), deviation: SIMD3(repeating: 0.5))
    return (loader, source)
  }

  private func batches(
    _ recipe: DataRecipe, seed: UInt64 = 3, steps: Range<Int> = 0..<5
  ) throws -> [Batch] {
    let (loader, _) = try loader(recipe, seed: seed, steps: steps)
    defer { loader.close() }
    var batches: [Batch] = []
    while let batch = try loader.next() { batches.append(batch) }
    return batches
  }

  private func expectEqual(_ a: [Batch], _ b: [Batch]) {
    #expect(a.map(\.step) == b.map(\.step))
    #expect(a.map(\.texts) == b.map(\.texts))
    #expect(a.map(\.languages) == b.map(\.languages))
    #expect(a.map(\.pictures) == b.map(\.pictures))
    #expect(a.map(\.groups) == b.map(\.groups))
    #expect(a.map { $0.pixels.values.map(\.bitPattern) } == b.map { $0.pixels.values.map(\.bitPattern) })
  }

  @Test func threadsDoNotShowInTheResult() throws {
    let one = try batches(recipe(workers: 1))
    #expect(one.count == 5)
    #expect(one.allSatisfy { $0.count == 4 && $0.pixels.count == 4 * 3 * 8 * 8 })
    expectEqual(one, try batches(recipe(workers: 4)))
  }

  @Test func aResumedRunSeesTheSame() throws {
    let recipe = try recipe(workers: 2)
    expectEqual(Array(try batches(recipe)[3...]), try batches(recipe, steps: 3..<5))
  }

  @Test func anEpochShowsEveryPictureOnce() throws {
    let batches = try batches(recipe(workers: 2), steps: 0..<7)
    let pictures = batches.flatMap(\.pictures)
    for epoch in 0..<4 { #expect(pictures[epoch * 7..<(epoch + 1) * 7].sorted() == Array(0..<7)) }
    for batch in batches {
      for (picture, text) in zip(batch.pictures, batch.texts) { #expect(text.hasSuffix(" \(picture)")) }
    }
  }

  @Test func anotherSeedIsAnotherRun() throws {
    let recipe = try recipe(workers: 1)
    #expect(try batches(recipe).map(\.texts) != batches(recipe, seed: 4).map(\.texts))
  }

  @Test func brokenPicturesAreReplacedAndListed() throws {
    let one = try batches(recipe(workers: 1, broken: [2, 5]))
    #expect(one.flatMap(\.pictures).count == 20)
    #expect(Set(one.flatMap(\.pictures)).isDisjoint(with: [2, 5]))
    expectEqual(one, try batches(recipe(workers: 4, broken: [2, 5])))
    let (loader, source) = try loader(recipe(workers: 2, broken: [2, 5]))
    while try loader.next() != nil {}
    #expect(source.skipped.map { FilePaths.name(of: $0.path) } == ["2.png", "5.png"])
    #expect(source.skipped[0].problem == "2.png: not a picture in a known format; use JPEG, PNG or WebP")
    #expect(source.skippedCount == 2)
  }

  @Test func nothingButBrokenPicturesIsAnError() throws {
    let (loader, _) = try loader(recipe(workers: 2, broken: Set(0..<7)))
    let refused = refusal { _ = try loader.next() }
    #expect(refused?.problem.contains(" nor any of 1000 others can be used") == true)
    #expect(refused?.remedy != nil)
    #expect(try loader.next() == nil)
  }

  @Test func whatMustNotBeMirroredIsNot() throws {
    let bitmap = try Bitmap.made(width: 8, height: 8) { x, y, c in x * 30 + y + c }
    try folder.write(try PNGWriter.encode(bitmap), to: "p.png")
    func pictures(_ line: String) throws -> Set<[Float]> {
      try folder.write(line, to: "t.jsonl")
      var recipe = DataRecipe(sources: [.init(path: "t.jsonl")])
      recipe.augmentation.flip = 0.5
      return Set(
        try batches(recipe).flatMap { batch in
          (0..<batch.count).map { Array(batch.pixels.values[$0 * 192..<($0 + 1) * 192]) }
        })
    }
    #expect(try pictures(#"{"image": "p.png", "caption": "a clock"}"#).count == 2)
    let kept = try pictures(#"{"image": "p.png", "caption": "a clock", "mirror": false}"#)
    #expect(kept.count == 1)
    // Darker on the left, as it was drawn.
    #expect(kept.allSatisfy { $0[0] < $0[7] })
  }

  @Test func nothingComesAfterTheEnd() throws {
    let (loader, _) = try loader(recipe(workers: 3), steps: 0..<1_000_000)
    #expect(try loader.next()?.step == 0)
    loader.close()
    #expect(try loader.next() == nil)
    #expect(try batches(recipe(workers: 1), steps: 4..<4).isEmpty)
  }
}
