import Media
import Testing

@testable import Training

struct PictureSourceTests {
  private let folder: DataFolder

  init() throws {
    folder = try DataFolder()
    try folder.writePictures(["0.png", "1.png", "2.png"], side: 40)
    try folder.write("0.png\tzero\n1.png\tone\n2.png\ttwo\n", to: "t.tsv")
  }

  private func source(cacheBytes: Int, area: ClosedRange<Double> = 0.5...1) throws -> PictureSource {
    var recipe = AugmentationRecipe()
    recipe.area = area
    return PictureSource(
      try folder.read("t.tsv"), side: 8, cacheBytes: cacheBytes, augmentation: recipe)
  }

  /// A picture that is kept outlives its file, one that is not is read again.
  @Test func asManyAreKeptAsFit() throws {
    let source = try source(cacheBytes: 2 * 18 * 18 * 4)
    for index in 0..<3 { #expect(source.picture(at: index)?.pixels.first == UInt8(index)) }
    for index in 0..<3 { try folder.write("gone", to: "\(index).png") }
    #expect((0..<3).map { source.picture(at: $0)?.pixels.first } == [0, 1, nil])
    #expect(source.skippedCount == 1)
  }

  @Test(arguments: [(40, 16), (13, 13), (5, 8)])
  func picturesAreBroughtToTheSizeNeeded(side: Int, kept: Int) throws {
    try folder.writePictures(["0.png"], side: side)
    #expect(try source(cacheBytes: 0).picture(at: 0)?.width == kept)
    #expect(try source(cacheBytes: 0, area: 1...1).picture(at: 0)?.width == 8)
  }

  /// Once found broken, a picture stays so, however its file changes: a run must not depend on when
  /// it looked.
  @Test func brokenPicturesStayBroken() throws {
    try folder.write("not a picture", to: "1.png")
    let source = try source(cacheBytes: 1 << 20)
    #expect(source.picture(at: 1) == nil)
    try folder.writePictures(["0.png", "1.png"])
    #expect(source.picture(at: 1) == nil)
    #expect(source.skipped.map { FilePaths.name(of: $0.path) } == ["1.png"])
  }

  @Test func bordersRepeatTheEdge() throws {
    let colours = [[200, 100, 0, 51], [9, 8, 7, 255]]
    let bitmap = try Bitmap.made(width: 2, height: 1, channels: 4) { x, _, c in colours[x][c] }
    let picture = CachedPicture(bitmap)
    let row: [UInt8] = [40, 20, 0, 51, 40, 20, 0, 51, 9, 8, 7, 255, 9, 8, 7, 255]
    #expect(picture.pixels == row + row + row)
  }
}
