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
    /// With `truth=`: the right label and its place.
    let truth: RankJudgement?
  }

  /// With `truth=`: how many pictures have their right label first, and among the first five.
  struct Tally: Encodable {
    let right: Int
    let topFive: Int
    let total: Int
  }

  private enum CodingKeys: CodingKey {
    case method, results, imageMs, labelMs, labels, image, items, tally
  }

  let results: [PictureResult]
  let imageMs: Double
  let labelMs: Double
  /// How many labels competed, shown or not.
  let labels: Int
  let tally: Tally?
  private let isCompetitive: Bool

  init(_ ranking: Ranking, top: Int?, truth: RankTruth? = nil) {
    results = ranking.pictures.map { picture in
      PictureResult(
        image: Picture(name: picture.name, sha256: picture.sha256),
        items: picture.items.prefix(top ?? .max).map {
          Item(
            label: $0.label, cosine: $0.cosine, logit: $0.logit, probability: $0.probability,
            margin: $0.logit - picture.baseline.logit)
        },
        baseline: Baseline(cosine: picture.baseline.cosine, logit: picture.baseline.logit),
        truth: truth?.judge(picture))
    }
    let places = results.compactMap { $0.truth?.place }
    tally = truth.map { _ in
      Tally(
        right: places.count { $0 == 1 }, topFive: places.count { $0 <= 5 }, total: places.count)
    }
    labels = ranking.pictures.first?.items.count ?? 0
    isCompetitive = ranking.isCompetitive
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
    try container.encodeIfPresent(tally, forKey: .tally)
    if results.count == 1 {
      try container.encode(results[0].image, forKey: .image)
      try container.encode(results[0].items, forKey: .items)
    }
  }

  var report: Report {
    guard let tally else { return Report(results.flatMap(blocks)) }
    let summary = StyledText([
      ("\(tally.right) of \(tally.total)", .heading),
      (" have their own label first, \(tally.topFive) among the first five, of \(labels) labels", .plain),
    ])
    return Report([.table(judgements), .line(summary)])
  }

  /// A line per picture: what it shows, where that came in, what came first.
  private var judgements: Table {
    Table(
      [("picture", .left), ("label", .left), ("place", .right), ("first", .left), ("", .right)],
      rows: results.map { result in
        let place = result.truth?.place ?? 0
        return [
          StyledText(result.image.name, .label), StyledText(result.truth?.label ?? ""),
          StyledText("\(place)", place == 1 ? .good : .warning),
          StyledText(result.items.first?.label ?? "", .faint),
          StyledText(result.items.first.map { Format.percent($0.probability) } ?? "", .number),
        ]
      })
  }

  private func blocks(of result: PictureResult) -> [Report.Block] {
    let heading = StyledText([
      (result.image.name, .heading),
      (
        "  cosine of embeddings, "
          + (isCompetitive ? "softmax over" : "sigmoid for each of") + " \(labels) labels", .faint
      ),
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
