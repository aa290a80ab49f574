import Engine

/// The data of `:rank`.
struct RankResult: CommandResult {
  struct Picture: Encodable {
    let name: String
    let sha256: String
  }

  struct Item: Encodable {
    let label: String
    let cosine: Float
    let logit: Float
    let probability: Float
    /// How far the logit stands above that of the empty prompt.
    let margin: Float
  }

  struct Baseline: Encodable {
    let cosine: Float
    let logit: Float
  }

  struct PictureResult: Encodable {
    let image: Picture
    let items: [Item]
    let baseline: Baseline
  }

  private enum CodingKeys: CodingKey {
    case method, results, imageMs, labelMs, labels, image, items
  }

  let results: [PictureResult]
  let imageMs: Double
  let labelMs: Double
  /// How many labels competed, shown or not.
  let labels: Int

  init(_ ranking: Ranking, top: Int?) {
    results = ranking.pictures.map { picture in
      PictureResult(
        image: Picture(name: picture.name, sha256: picture.sha256),
        items: picture.items.prefix(top ?? .max).map {
          Item(
            label: $0.label, cosine: $0.cosine, logit: $0.logit, probability: $0.probability,
            margin: $0.logit - picture.baseline.logit)
        },
        baseline: Baseline(cosine: picture.baseline.cosine, logit: picture.baseline.logit))
    }
    labels = ranking.pictures.first?.items.count ?? 0
    imageMs = ranking.imageMilliseconds
    labelMs = ranking.labelMilliseconds
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode("cosine", forKey: .method)
    try container.encode(results, forKey: .results)
    try container.encode(imageMs, forKey: .imageMs)
    try container.encode(labelMs, forKey: .labelMs)
    try container.encode(labels, forKey: .labels)
    if results.count == 1 {
      try container.encode(results[0].image, forKey: .image)
      try container.encode(results[0].items, forKey: .items)
    }
  }

  var report: Report { Report(results.flatMap(blocks)) }

  private func blocks(of result: PictureResult) -> [Report.Block] {
    let heading = StyledText([
      (result.image.name, .heading),
      ("  cosine of embeddings, softmax over \(labels) labels", .faint),
    ])
    let hidden = labels - result.items.count
    let rest = StyledText("  … and \(hidden) more", .faint)
    return [.line(heading), .table(table(of: result))] + (hidden > 0 ? [.line(rest)] : [])
  }

  private func table(of result: PictureResult) -> Table {
    Table(
      [
        ("label", .left), ("probability", .right), ("logit", .right), ("cosine", .right),
        ("margin", .right),
      ],
      rows: result.items.map { item in
        [
          StyledText(item.label, .label), StyledText(Format.percent(item.probability), .number),
          StyledText(Format.decimal(Double(item.logit), 2), .number),
          StyledText(Format.decimal(Double(item.cosine), 4), .number),
          StyledText(
            (item.margin < 0 ? "-" : "+") + Format.decimal(Double(item.margin.magnitude), 2),
            item.margin < 0 ? .warning : .good),
        ]
      })
  }
}
