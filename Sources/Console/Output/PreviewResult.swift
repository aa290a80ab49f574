import Media
import Pictures

/// The data of `:preview`.
struct PreviewResult: CommandResult {
  struct Region: Encodable {
    let x, y, width, height: Double
  }

  private enum CodingKeys: CodingKey { case name, width, height, patches, region }

  let name: String
  let width: Int
  let height: Int
  /// `as-model`: rows and columns of patches.
  let patches: [Int]?
  /// `as-model`: the part of the upright picture that the model sees, in its pixels.
  let region: Region?
  private let bitmap: Bitmap

  init(
    _ bitmap: Bitmap, name: String, grid: (rows: Int, columns: Int)?, region: SourceRegion?
  ) {
    self.name = name
    width = bitmap.width
    height = bitmap.height
    patches = grid.map { [$0.rows, $0.columns] }
    self.region = region.map { Region(x: $0.x, y: $0.y, width: $0.width, height: $0.height) }
    self.bitmap = grid.flatMap { try? bitmap.withGrid(rows: $0.rows, columns: $0.columns) } ?? bitmap
  }

  var report: Report {
    let what = patches.map { "\(width) × \(height), \($0[0]) × \($0[1]) patches" }
      ?? "\(width) × \(height)"
    return Report([
      .line(StyledText([(name, .label), ("  " + what, .number)])),
      .picture(PictureBlock(bitmap, caption: "\(name)  \(what)", isRequested: true)),
    ])
  }
}
