import Engine
import Media
import Pictures

/// The data of `:attn` and `:step`.
struct AttentionResult: CommandResult {
  private enum CodingKeys: CodingKey {
    case method, tower, layer, layers, head, heads, token, positions, on, text, shape, weights
    case outside, sinks, pieces, score
  }

  let trace: AttentionTrace
  private let picture: StagedPicture?
  private let text: String?
  private let overlay: TracingState.Overlay

  init(_ trace: AttentionTrace, on request: TraceRequest, overlay: TracingState.Overlay) {
    self.trace = trace
    picture = request.picture
    text = request.text
    self.overlay = overlay
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(trace.method.rawValue, forKey: .method)
    try container.encode(trace.tower.rawValue, forKey: .tower)
    switch trace.layer {
    case .index(let layer): try container.encode(layer, forKey: .layer)
    case .all: try container.encode("all", forKey: .layer)
    case .pool: try container.encode("pool", forKey: .layer)
    }
    try container.encode(trace.layers, forKey: .layers)
    switch trace.head {
    case .index(let head): try container.encode(head, forKey: .head)
    case .mean: try container.encode("mean", forKey: .head)
    case .max: try container.encode("max", forKey: .head)
    }
    try container.encode(trace.heads, forKey: .heads)
    try container.encodeIfPresent(trace.token, forKey: .token)
    try container.encode(trace.positions, forKey: .positions)
    try container.encodeIfPresent(picture?.name, forKey: .on)
    try container.encodeIfPresent(text, forKey: .text)
    try container.encode(trace.shape, forKey: .shape)
    try container.encode(trace.weights, forKey: .weights)
    try container.encode(trace.outside, forKey: .outside)
    try container.encodeIfPresent(trace.sinks, forKey: .sinks)
    if trace.tower == .text { try container.encode(trace.pieces, forKey: .pieces) }
    try container.encodeIfPresent(trace.score, forKey: .score)
  }

  // MARK: For eyes

  var report: Report {
    trace.tower == .vision ? pictureReport : wordReport
  }

  /// `vision, layer 5 of 0–5, mean of 6 heads, token 0`.
  var caption: String {
    let layer =
      switch trace.layer {
      case .index(let layer): "layer \(layer) of 0–\(trace.layers - 1)"
      case .all: "all \(trace.layers) layers"
      case .pool: "pool"
      }
    let head =
      switch trace.head {
      case .index(let head): "head \(head) of 0–\(trace.heads - 1)"
      case .mean: "mean of \(trace.heads) heads"
      case .max: "greatest of \(trace.heads) heads"
      }
    let method = trace.method == .raw ? "" : ", \(trace.method.rawValue)"
    let token = trace.token.map { "token \($0)" } ?? "the pool's query"
    return "\(trace.tower.rawValue)\(method), \(layer), \(head), \(token)"
  }

  private var heading: Report.Block {
    let subject = trace.tower == .vision ? picture?.name : text
    return .line(StyledText([(subject ?? "", .heading), ("  " + caption, .faint)]))
  }

  private var outside: Report.Block {
    var place = trace.tower == .vision ? "off the picture" : "off the words"
    if let sinks = trace.sinks {
      let names = sinks.map(String.init).joined(separator: ", ")
      place += sinks.isEmpty
        ? "; there are no sinks" : " or on sinks: token\(sinks.count == 1 ? "" : "s") \(names)"
    }
    let score = trace.score.map { "; logit \(Format.decimal(Double($0), 2))" } ?? ""
    return .line(StyledText("  \(Format.percent(trace.outside)) of the mass is \(place)\(score)", .faint))
  }

  private var pictureReport: Report {
    guard let map = heatMap else { return Report([heading, outside]) }
    var blocks: [Report.Block] = [
      heading, .line(StyledText("  " + map.sentence, .number)), outside,
    ]
    if let drawn = try? drawing() {
      blocks.append(.heatMap(HeatMapBlock(map: map, drawing: drawn, caption: caption)))
    }
    return Report(blocks)
  }

  var heatMap: HeatMap? {
    guard trace.shape.count == 2 else { return nil }
    return try? HeatMap(rows: trace.shape[0], columns: trace.shape[1], weights: trace.weights)
  }

  /// The longest side of a drawing: more than any terminal shows, enough for a slide.
  private static let longestSide = 512

  /// The map over the part of the picture that the model saw, with the border that the processor
  /// added where the grid covers one.
  func drawing() throws -> Bitmap? {
    guard let picture, let map = heatMap, let region = trace.region else { return nil }
    let canvas = try picture.bitmap.reduced(toFit: AttentionResult.longestSide)
    guard overlay != .picture else { return canvas }
    let (ground, seen) = AttentionResult.ground(canvas, under: region, of: picture.bitmap)
    return try map.overlay(
      on: ground, region: seen,
      style: HeatOverlay(scaling: overlay == .blocks ? .blocks : .bilinear))
  }

  /// The map over the picture, or over the words, in shapes.
  func vectorDrawing() throws -> ExportDrawing? {
    let title = "\(picture?.name ?? text ?? ""), \(caption)"
    guard trace.tower == .vision else {
      return ExportDrawing(words: trace.pieces, weights: trace.weights, title: title)
    }
    guard let picture, let map = heatMap, let region = trace.region else { return nil }
    let canvas = try picture.bitmap.reduced(toFit: AttentionResult.longestSide)
    let (ground, seen) = AttentionResult.ground(canvas, under: region, of: picture.bitmap)
    return try ExportDrawing(map, over: ground, region: seen, title: title)
  }

  /// A canvas that holds the whole part of the picture that the model saw, and where that is.
  private static func ground(
    _ canvas: Bitmap, under region: SourceRegion, of picture: Bitmap
  ) -> (bitmap: Bitmap, region: PixelRegion) {
    let columns = AttentionResult.pixels(
      from: region.x, count: region.width, canvas.width, of: picture.width)
    let rows = AttentionResult.pixels(
      from: region.y, count: region.height, canvas.height, of: picture.height)
    let whole = PixelRectangle(
      columns: min(0, columns.lowerBound)..<max(canvas.width, columns.upperBound),
      rows: min(0, rows.lowerBound)..<max(canvas.height, rows.upperBound))
    let seen = PixelRegion(
      left: columns.lowerBound - whole.columns.lowerBound,
      top: rows.lowerBound - whole.rows.lowerBound, width: columns.count, height: rows.count)
    return (canvas.padded(to: whole, fill: 128), seen)
  }

  /// A stretch of a side of the picture on the same side of the canvas, at least a pixel of it.
  private static func pixels(
    from start: Double, count: Double, _ canvas: Int, of side: Int
  ) -> Range<Int> {
    let scale = Double(canvas) / Double(side)
    let first = Int((start * scale).rounded())
    return first..<max(first + 1, Int(((start + count) * scale).rounded()))
  }

  private var wordReport: Report {
    let greatest = trace.weights.max() ?? 0
    // Shares of the mass, of which the rest is off the words, whatever the weights come to.
    let sum = trace.weights.reduce(0, +)
    let scale = sum > 0 ? (1 - trace.outside) / sum : 0
    let rows = zip(trace.pieces, trace.weights).map { piece, weight in
      let length = greatest > 0 ? Int((weight / greatest * 20).rounded()) : 0
      return [
        StyledText(piece, .label), StyledText(Format.percent(weight * scale), .number),
        StyledText(String(repeating: "#", count: max(0, length)), .good),
      ]
    }
    return Report([
      heading, .table(Table([("token", .left), ("weight", .right), ("", .left)], rows: rows)),
      outside,
    ])
  }
}
