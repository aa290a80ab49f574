import Foundation
import JSONDocuments
import Media
import Testing

@testable import Training

/// The picture of these tests: no symmetry, sharp edges, all channels different.
private func scene(width: Int, height: Int) throws -> Bitmap {
  try .made(width: width, height: height) { x, y, c in
    let block = (x * 5 / width + y * 3 / height * 2 + c) % 4 * 60
    return block + x * 40 / width + y * 30 / height
  }
}

/// What comes out, in 0...1: `[3, side, side]`.
private func render(_ bitmap: Bitmap, side: Int, _ change: Augmentation = .init()) -> [Float] {
  render(CachedPicture(bitmap), side: side, change)
}

private func render(
  _ picture: CachedPicture, side: Int, _ change: Augmentation = .init()
) -> [Float] {
  let augmenter = Augmenter(side: side, mean: .zero, deviation: SIMD3(repeating: 1))
  return [Float](unsafeUninitializedCapacity: 3 * side * side) { buffer, count in
    guard let base = buffer.baseAddress else { return }
    augmenter.render(picture, change, into: base)
    count = 3 * side * side
  }
}

private func greatestDifference(_ a: [Float], _ b: [Float]) -> Float {
  zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

struct AugmenterGeometryTests {
  private let side = 16

  /// A value of one picture where another place of the other is.
  private func expect(
    _ turned: [Float], equals original: [Float], at place: (_ x: Int, _ y: Int) -> (x: Int, y: Int)?
  ) {
    for channel in 0..<3 {
      for y in 0..<side {
        for x in 0..<side {
          let value = turned[(channel * side + y) * side + x]
          let source = place(x, y)
          let isInside = source.map { (0..<side).contains($0.x) && (0..<side).contains($0.y) } ?? false
          let expected = source.flatMap { isInside ? original[(channel * side + $0.y) * side + $0.x] : 1 }
          guard let expected else { continue }
          #expect(abs(value - expected) < 1.5 / 255, "channel \(channel), \(x), \(y)")
        }
      }
    }
  }

  /// Without augmentation, training sees what the checkpoint's image processor makes.
  @Test(arguments: [8, 16, 40, 61])
  func defaultsAreTheImageProcessor(size: Int) throws {
    let settings = """
      {"image_processor_type": "CLIPImageProcessor", "do_center_crop": false, "resample": 3,
       "size": {"height": 16, "width": 16},
       "image_mean": [0.5, 0.4, 0.3], "image_std": [0.25, 0.3, 0.35]}
      """
    let json = try JSONDocument(bytes: Array(settings.utf8), source: "settings").root
    let processor = try ImageProcessor(huggingFace: json)
    let folder = try DataFolder()
    let bitmap = try scene(width: size, height: size)
    try folder.write(PNGWriter.encode(bitmap), to: "a.png")
    try folder.write("a.png\tx", to: "t.tsv")
    let source = PictureSource(
      try folder.read("t.tsv"), side: side, cacheBytes: 1 << 20, augmentation: AugmentationRecipe())
    let augmenter = Augmenter(
      side: side, mean: SIMD3(0.5, 0.4, 0.3), deviation: SIMD3(0.25, 0.3, 0.35))
    var pixels = [Float](repeating: 0, count: 3 * side * side)
    let isUsable = pixels.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { source.plain(at: 0, with: augmenter, into: $0) } ?? false
    }
    #expect(isUsable)
    let reference = try #require(source.processed(at: 0, by: processor))
    #expect(greatestDifference(pixels, reference.pixels) < 1e-5)
    // A recipe that may draw something, and drew nothing, sees it at most a little softer.
    var moving = AugmentationRecipe()
    moving.rotation = 10
    let still = PictureSource(
      source.catalogue, side: side, cacheBytes: 0, augmentation: moving)
    let kept = try #require(still.picture(at: 0))
    let drawn = render(kept, side: side)
    let exact = try processor.process(bitmap).asModelSees.pixels
    let errors = (0..<exact.count).map { index in
      let (pixel, channel) = index.quotientAndRemainder(dividingBy: 3)
      return abs(drawn[channel * side * side + pixel] - Float(exact[index]) / 255)
    }
    #expect(errors.reduce(0, +) / Float(errors.count) < 0.015)
  }

  /// The whole picture in the middle, on white.
  @Test func proportionsAreKept() throws {
    let bitmap = try Bitmap.plain(0, side: 16).cropped(to: PixelRectangle(columns: 0..<16, rows: 0..<7))
    let seen = render(bitmap, side: side)
    let rows = (0..<side).map { seen[$0 * side + 3] }
    // Nine rows are left: five above and four below, as a central crop rounds.
    func run(_ value: Float, _ count: Int) -> [Float] { Array(repeating: value, count: count) }
    #expect(rows == run(1, 5) + run(0, 7) + run(1, 4))
  }

  @Test(arguments: [(16, 16), (16, 9), (24, 31)])
  func mirroringSwapsLeftAndRight(width: Int, height: Int) throws {
    let bitmap = try scene(width: width, height: height)
    var change = Augmentation()
    change.isFlipped = true
    let (plain, flipped) = (render(bitmap, side: side), render(bitmap, side: side, change))
    #expect(greatestDifference(plain, flipped) > 0.1)
    expect(flipped, equals: plain) { x, y in (side - 1 - x, y) }
  }

  @Test func aQuarterTurnIsClockwise() throws {
    let bitmap = try scene(width: 16, height: 16)
    var change = Augmentation()
    change.angle = .pi / 2
    expect(render(bitmap, side: side, change), equals: render(bitmap, side: side)) { x, y in
      (y, side - 1 - x)
    }
  }

  @Test func shiftsLeaveTheBackground() throws {
    let bitmap = try scene(width: 16, height: 16)
    var change = Augmentation()
    (change.shiftX, change.shiftY) = (3.0 / 16, -2.0 / 16)
    expect(render(bitmap, side: side, change), equals: render(bitmap, side: side)) { x, y in
      (x - 3, y + 2)
    }
  }

  /// Half of each side, in the corner that the place says.
  @Test(arguments: [(-1.0, -1.0), (1.0, -1.0), (0.0, 1.0)])
  func partsLieWithinThePicture(placeX: Double, placeY: Double) throws {
    let bitmap = try scene(width: 32, height: 32)
    var change = Augmentation()
    (change.viewWidth, change.viewHeight) = (0.5, 0.5)
    (change.placeX, change.placeY) = (placeX, placeY)
    let (left, top) = (Int((placeX + 1) * 8), Int((placeY + 1) * 8))
    let part = bitmap.cropped(to: PixelRectangle(columns: left..<left + 16, rows: top..<top + 16))
    #expect(greatestDifference(render(bitmap, side: side, change), render(part, side: side)) < 1e-6)
  }

  @Test func aLargerViewLeavesAMargin() throws {
    var change = Augmentation()
    (change.viewWidth, change.viewHeight) = (2, 2)
    let seen = render(try .plain(51, side: 32), side: side, change)
    for y in 0..<side {
      for x in 0..<side {
        let isInside = (4..<12).contains(x) && (4..<12).contains(y)
        #expect(abs(seen[y * side + x] - (isInside ? 0.2 : 1)) < 1e-6)
      }
    }
  }

  /// The finest stripes that a picture can have become grey, not coarse stripes.
  @Test(arguments: [1.5, 2, 2.3, 2.5, 3, 4, 7.5], [0, 0.4])
  func reducingDoesNotAlias(scale: Double, angle: Double) throws {
    let bitmap = try Bitmap.made(width: 200, height: 200) { x, _, _ in x % 2 * 255 }
    var change = Augmentation()
    change.viewWidth = scale * 16 / 200
    change.viewHeight = change.viewWidth
    change.angle = angle
    let seen = render(bitmap, side: side, change)
    // One place for each pixel would give black and white.
    #expect(seen.allSatisfy { abs($0 - 0.5) < (scale < 2 ? 0.3 : 0.2) })
  }

  /// What hides behind transparent pixels never shows, not even at their edge.
  @Test func alphaIsOverWhite() throws {
    let bitmap = try Bitmap.made(width: 8, height: 8, channels: 4) { x, _, channel in
      x < 4 ? [255, 0, 0, 255][channel] : [0, 255, 0, 0][channel]
    }
    let seen = render(bitmap, side: side)
    let count = side * side
    #expect(seen[0] == 1 && seen[count] == 0)
    #expect(seen[side - 1] == 1 && seen[count + side - 1] == 1)
    for index in 0..<count {
      #expect(abs(seen[index] - 1) < 0.01)
      #expect(abs(seen[count + index] - seen[2 * count + index]) < 0.01)
    }
    #expect((0..<count).contains { (0.2..<0.8).contains(seen[count + $0]) })
  }

  @Test func extremeProportionsFit() throws {
    for (width, height) in [(1, 1), (1, 300), (300, 1)] {
      let seen = render(try .made(width: width, height: height) { _, _, _ in 0 }, side: side)
      #expect(seen[(side / 2 - 1) * side + side / 2 - 1] + seen[side / 2 * side + side / 2] < 2)
      #expect(seen.allSatisfy { (0...1).contains($0) })
    }
  }

  /// Held against every place along the line.
  @Test func rangesAreWhereTheLineIsInside() {
    var generator = SplitMix(seed: 4)
    for _ in 0..<2000 {
      let step = generator.index(below: 3) == 0 ? 0 : generator.uniform(-3...3)
      let line = FixedLine(start: generator.uniform(-30...30), step: step)
      let limit = generator.index(below: 20) << 32
      let inside = (0..<12).filter { x in
        (0..<limit).contains(line.start + x * line.step)
      }
      #expect(Array(line.range(below: limit, count: 12)) == inside)
    }
  }
}

struct AugmenterColourTests {
  private let side = 8

  private func changed(_ body: (inout Augmentation) -> Void) throws -> (before: [Float], after: [Float]) {
    var change = Augmentation()
    body(&change)
    let bitmap = try Bitmap.made(width: 8, height: 8) { x, y, c in 40 + x * 12 + y * 7 + c * 30 }
    return (render(bitmap, side: side), render(bitmap, side: side, change))
  }

  private func grey(_ values: [Float], _ index: Int) -> Float {
    0.299 * values[index] + 0.587 * values[64 + index] + 0.114 * values[128 + index]
  }

  @Test func brightnessScalesAndStaysWithinWhite() throws {
    let (before, after) = try changed { $0.brightness = 1.5 }
    #expect(greatestDifference(after, before.map { min($0 * 1.5, 1) }) < 1e-6)
    #expect(after.contains(1))
  }

  @Test func contrastScalesTheDistanceFromMeanGrey() throws {
    let (before, after) = try changed { $0.contrast = 0.25 }
    let mean = (0..<64).reduce(0) { $0 + grey(before, $1) } / 64
    #expect(greatestDifference(after, before.map { 0.25 * $0 + 0.75 * mean }) < 1e-5)
  }

  @Test func saturationScalesTheDistanceFromGrey() throws {
    let (before, after) = try changed { $0.saturation = 1.4 }
    let expected = (0..<192).map { min(max(1.4 * before[$0] - 0.4 * grey(before, $0 % 64), 0), 1) }
    #expect(greatestDifference(after, expected) < 1e-5)
  }

  @Test func greyIsOneValue() throws {
    let (before, after) = try changed { $0.isGrey = true }
    let expected = (0..<192).map { grey(before, $0 % 64) }
    #expect(greatestDifference(after, expected) < 1e-5)
  }

  @Test func hueTurnsColoursAndKeepsLuma() throws {
    let (before, after) = try changed { $0.hue = 0.1 }
    #expect(greatestDifference(before, after) > 0.02)
    for index in 0..<64 { #expect(abs(grey(before, index) - grey(after, index)) < 1e-5) }
    let (_, whole) = try changed { $0.hue = 1 }
    #expect(greatestDifference(before, whole) < 1e-5)
    // Half a turn of red is its complement of equal luma: less red, more of the rest.
    var change = Augmentation()
    change.hue = 0.5
    let red = render(try .made(width: 8, height: 8) { _, _, c in c == 0 ? 150 : 90 }, side: side, change)
    #expect(red[0] < red[64] && red[0] < red[128])
  }

  @Test func erasingFillsTheRectangle() throws {
    let (before, after) = try changed {
      $0.eraser = .init(x: 0.25, y: 0.5, width: 0.5, height: 0.25, colour: SIMD3(0, 1, 0))
    }
    for index in 0..<64 {
      let isErased = (2..<6).contains(index % 8) && (4..<6).contains(index / 8)
      #expect(after[index] == (isErased ? 0 : before[index]))
      #expect(after[64 + index] == (isErased ? 1 : before[64 + index]))
    }
  }

  /// Held against the sum over all pixels, edges repeated.
  @Test(arguments: [0.3, 1, 2.7])
  func blurIsGaussian(deviation: Double) throws {
    let (before, after) = try changed { $0.blur = deviation }
    let reach = min(Int((3 * deviation).rounded(.up)), side)
    let weights = (-reach...reach).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let total = weights.reduce(0, +)
    for y in 0..<side {
      for x in 0..<side {
        var sum = 0.0
        for (i, a) in weights.enumerated() {
          for (j, b) in weights.enumerated() {
            let (row, column) = (min(max(y + i - reach, 0), 7), min(max(x + j - reach, 0), 7))
            sum += a * b / total / total * Double(before[row * side + column])
          }
        }
        #expect(abs(Double(after[y * side + x]) - sum) < 1e-5)
      }
    }
  }

  /// A transparent picture shows nothing but its background.
  @Test func backgroundsAreWhatTheyAreCalled() throws {
    let clear = try Bitmap.made(width: 4, height: 4, channels: 4) { _, _, _ in 0 }
    func seen(_ background: Augmentation.Background) -> [Float] {
      var change = Augmentation()
      change.background = background
      return render(clear, side: side, change)
    }
    #expect(seen(.white).allSatisfy { $0 == 1 })
    let flat = seen(.flat(SIMD3(0.25, 0.5, 0.75)))
    #expect(flat[5] == 0.25 && flat[64 + 63] == 0.5 && flat[128] == 0.75)
    let gradient = seen(.gradient(SIMD3(0, 0, 1), SIMD3(1, 0, 0), angle: 0))
    for x in 1..<side {
      #expect(gradient[x] > gradient[x - 1])
      #expect(gradient[x] == gradient[7 * side + x])
    }
    #expect(abs(gradient[0] + gradient[7] - 1) < 1e-6)
    let noise = seen(.noise(seed: 5))
    #expect(Set(noise).count > 100)
    #expect(noise.allSatisfy { (0...1).contains($0) })
    #expect(noise == seen(.noise(seed: 5)) && noise != seen(.noise(seed: 6)))
  }
}

struct AugmentationDrawTests {
  @Test func defaultsChangeNothing() {
    for place in 0..<50 {
      var generator = SplitMix(1, UInt64(place))
      var drawn = Augmentation(AugmentationRecipe(), using: &generator)
      // Where a part lies says nothing while it is the whole.
      (drawn.placeX, drawn.placeY) = (0, 0)
      #expect(drawn == Augmentation())
    }
  }

  @Test func drawsStayWithinTheRecipe() {
    var recipe = AugmentationRecipe()
    recipe.area = 0.4...1.5
    recipe.aspect = 2
    recipe.rotation = 90
    recipe.shift = 0.1
    (recipe.flip, recipe.grey, recipe.erase) = (0.25, 0.5, 0.75)
    (recipe.brightness, recipe.hue, recipe.blur) = (0.3, 0.1, 2)
    recipe.eraseArea = 0.2
    recipe.background = .random
    let draws = (0..<4000).map { place in
      var generator = SplitMix(2, UInt64(place))
      return Augmentation(recipe, using: &generator)
    }
    for draw in draws {
      #expect((0.399...1.501).contains(draw.viewWidth * draw.viewHeight))
      #expect((0.499...2.001).contains(draw.viewWidth / draw.viewHeight))
      #expect(abs(draw.angle) <= .pi / 2 && abs(draw.shiftX) <= 0.1 && abs(draw.hue) <= 0.1)
      #expect((0.7...1.3).contains(draw.brightness) && draw.contrast == 1 && (0...2).contains(draw.blur))
      guard let eraser = draw.eraser else { continue }
      #expect(eraser.width * eraser.height <= 0.201)
      #expect(eraser.x + eraser.width <= 1.001 && eraser.y + eraser.height <= 1.001)
    }
    func share(_ holds: (Augmentation) -> Bool) -> Double { Double(draws.count(where: holds)) / 4000 }
    #expect(abs(share(\.isFlipped) - 0.25) < 0.03)
    #expect(abs(share(\.isGrey) - 0.5) < 0.03)
    #expect(abs(share { $0.eraser != nil } - 0.75) < 0.03)
    #expect(abs(share { $0.angle > 0 } - 0.5) < 0.03)
    #expect(abs(share { if case .flat = $0.background { true } else { false } } - 0.2) < 0.03)
    #expect(abs(share { $0.background == .white } - 0.4) < 0.03)
  }
}
