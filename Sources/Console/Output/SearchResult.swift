import Media

/// The data of `:search`.
struct SearchResult: CommandResult {
  struct Item: Encodable, Sendable {
    let path: String
    let cosine: Float
  }

  private enum CodingKeys: CodingKey { case query, searched, skipped, items }

  let query: String
  /// Pictures that were compared.
  let searched: Int
  /// Files that could not be read.
  let skipped: Int
  let items: [Item]
  private let best: Bitmap?

  init(query: String, searched: Int, skipped: Int, items: [Item], best: Bitmap?) {
    self.query = query
    self.searched = searched
    self.skipped = skipped
    self.items = items
    self.best = best
  }

  var report: Report {
    let count = "\(searched) \(searched == 1 ? "picture" : "pictures")"
      + (skipped > 0 ? ", \(skipped) skipped" : "")
    let table = Table(
      [("cosine", .right), ("picture", .left)],
      rows: items.map {
        [StyledText(Format.decimal(Double($0.cosine), 4), .number), StyledText($0.path, .label)]
      })
    var blocks: [Report.Block] = [
      .line(StyledText([(query, .heading), ("  among \(count)", .faint)])), .table(table),
    ]
    if let best, let first = items.first {
      blocks.append(.picture(PictureBlock(best, caption: first.path)))
    }
    return Report(blocks)
  }
}
