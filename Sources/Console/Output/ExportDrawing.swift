import Foundation
import Media
import Pictures

/// A result drawn in SVG, for papers and slides: sharp at any size, its words still text.
struct ExportDrawing {
  private let width, height: Int
  private let title: String
  private var elements: [String] = []

  /// Of text, in pixels; a cell is as wide as the usual monospaced letter of that size.
  private static let (fontSize, cell) = (16, 10)
  /// Of a line of text with what stands around it.
  private static let line = 26
  private static let margin = 10

  /// The whole file.
  var text: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" \
    width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
    font-family="monospace" font-size="\(ExportDrawing.fontSize)">
    <title>\(ExportDrawing.escaped(title))</title>
    \(elements.joined(separator: "\n"))
    </svg>

    """
  }

  /// A map over the picture: the picture as it is, and a block for each position over it.
  init(
    _ map: HeatMap, over ground: Bitmap, region: PixelRegion, title: String
  ) throws(MediaError) {
    (width, height, self.title) = (ground.width, ground.height, title)
    let png = Data(try PNGWriter.encode(ground)).base64EncodedString()
    elements.append(
      #"<image width="\#(width)" height="\#(height)" xlink:href="data:image/png;base64,\#(png)"/>"#)
    elements.append(#"<g fill-opacity="\#(HeatOverlay().opacity)" shape-rendering="crispEdges">"#)
    let values = map.normalised
    let across = Double(region.width) / Double(map.columns)
    let down = Double(region.height) / Double(map.rows)
    for (index, weight) in map.weights.enumerated() {
      let (row, column) = (index / map.columns, index % map.columns)
      let (x, y) = (Double(region.left) + Double(column) * across, Double(region.top) + Double(row) * down)
      elements.append(
        ExportDrawing.rectangle(x, y, across, down, ColorMap.heat(values[index]))
          + "<title>\(weight)</title></rect>")
    }
    elements.append("</g>")
  }

  /// Words with their weights, each on its colour, in lines of so many cells.
  init(words: [String], weights: [Float], title: String) {
    let limit = 80
    let greatest = weights.max() ?? 0
    var (column, row) = (0, 0)
    var elements: [String] = []
    for (word, weight) in zip(words, weights) {
      let label = word + " " + Format.percent(weight)
      let cells = max(1, Glyph.width(of: label))
      if column > 0, column + cells > limit { (column, row) = (0, row + 1) }
      let x = ExportDrawing.margin + column * ExportDrawing.cell
      let y = ExportDrawing.margin + row * ExportDrawing.line
      let share = greatest > 0 ? weight / greatest : 0
      elements.append(
        #"<g fill-opacity="\#(HeatOverlay().opacity)">"#
          + ExportDrawing.rectangle(
            Double(x), Double(y), Double(cells * ExportDrawing.cell),
            Double(ExportDrawing.line - 2), ColorMap.heat(share)) + "</rect></g>")
      elements.append(ExportDrawing.words(label, x, y))
      column += cells + 1
    }
    width = 2 * ExportDrawing.margin + limit * ExportDrawing.cell
    height = 2 * ExportDrawing.margin + (row + 1) * ExportDrawing.line
    self.title = title
    self.elements = elements
  }

  /// Labels with a bar as long as each one's probability, under the name of each picture.
  init(_ ranking: RankResult) {
    let labels = ranking.results.flatMap { $0.items.map(\.label) }
    let names = ranking.results.map(\.image.name)
    let column = (labels.map { Glyph.width(of: $0) }.max() ?? 0) + 2
    let (longest, bar) = (names.map { Glyph.width(of: $0) }.max() ?? 0, 400)
    var y = ExportDrawing.margin
    var elements: [String] = []
    for picture in ranking.results {
      elements.append(ExportDrawing.words(picture.image.name, ExportDrawing.margin, y, isHeading: true))
      y += ExportDrawing.line
      for item in picture.items {
        let x = ExportDrawing.margin + column * ExportDrawing.cell
        let length = Double(bar) * Double(min(1, max(0, item.probability)))
        elements.append(ExportDrawing.words(item.label, ExportDrawing.margin, y))
        elements.append(
          ExportDrawing.rectangle(
            Double(x), Double(y), length, Double(ExportDrawing.line - 8), ColorMap.heat(0.6))
            + "</rect>")
        elements.append(
          ExportDrawing.words(
            Format.percent(item.probability), x + Int(length) + ExportDrawing.cell, y))
        y += ExportDrawing.line
      }
    }
    width = 2 * ExportDrawing.margin + max(longest, column + 10) * ExportDrawing.cell + bar
    height = y + ExportDrawing.margin
    title = names.joined(separator: ", ")
    self.elements = elements
  }

  // MARK: Elements

  /// A rectangle whose element is still open.
  private static func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ color: RGB
  ) -> String {
    let hex = String(format: "#%02x%02x%02x", color.red, color.green, color.blue)
    let numbers = [x, y, width, height].map { String(format: "%.2f", $0) }
    return #"<rect x="\#(numbers[0])" y="\#(numbers[1])" width="\#(numbers[2])" "#
      + #"height="\#(numbers[3])" fill="\#(hex)">"#
  }

  private static func words(_ text: String, _ x: Int, _ y: Int, isHeading: Bool = false) -> String {
    let weight = isHeading ? #" font-weight="bold""# : ""
    return #"<text x="\#(x)" y="\#(y + fontSize)" xml:space="preserve"\#(weight)>"#
      + escaped(text) + "</text>"
  }

  /// Text that is content and nothing else: no marks of XML, and none that it forbids.
  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{fffe}", "\u{ffff}": out += "\u{fffd}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
