/// A result as numbers in a shape and as rows with headings.
struct ExportTable {
  let values: [Float]
  let shape: [Int]
  let headings: [String]
  let rows: [[String]]
  /// For JSON: the result's own data.
  let data: any CommandResult

  init(_ result: AttentionResult) {
    let trace = result.trace
    values = trace.weights
    shape = trace.shape
    data = result
    if trace.tower == .text {
      headings = ["token", "weight"]
      rows = zip(trace.pieces, trace.weights).map { [$0, "\($1)"] }
    } else {
      headings = ["row", "column", "weight"]
      rows = trace.weights.enumerated().map { index, weight in
        ["\(index / trace.shape[1])", "\(index % trace.shape[1])", "\(weight)"]
      }
    }
  }

  init(_ result: RankResult) {
    let items = result.results.flatMap { picture in
      picture.items.map { (picture: picture.image.name, item: $0) }
    }
    values = items.map(\.item.logit)
    shape = [result.results.count, result.results.first?.items.count ?? 0]
    headings = ["image", "label", "probability", "logit", "cosine", "margin"]
    rows = items.map {
      [
        $0.picture, $0.item.label, "\($0.item.probability)", "\($0.item.logit)",
        "\($0.item.cosine)", "\($0.item.margin)",
      ]
    }
    data = result
  }

  init(_ result: EmbedResult) {
    values = result.vector
    shape = [result.vector.count]
    headings = ["index", "value"]
    rows = result.vector.enumerated().map { ["\($0)", "\($1)"] }
    data = result
  }

  /// RFC 4180, with LF line ends.
  var csv: String {
    ([headings] + rows).map { row in
      row.map(ExportTable.field).joined(separator: ",") + "\n"
    }.joined()
  }

  /// By scalars: a mark that a quote or a line end forms a character with hides neither.
  private static func field(_ text: String) -> String {
    let special = ",\"\n\r".unicodeScalars
    guard text.unicodeScalars.contains(where: { special.contains($0) }) else { return text }
    var quoted = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted.append(scalar) }
      quoted.append(scalar)
    }
    return "\"" + String(quoted) + "\""
  }
}

/// NumPy's `.npy`, format version 1.0: little-endian f32 in row-major order.
enum NumPyFile {
  static func encode(_ values: [Float], shape: [Int]) -> [UInt8] {
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(sizes)), }"
    // Magic, version and length take 10 bytes; the data begins at a multiple of 64.
    let padding = 64 - (10 + header.utf8.count + 1) % 64
    header += String(repeating: " ", count: padding % 64) + "\n"
    let length = UInt16(header.utf8.count)
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
    bytes += Array(header.utf8)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }
    return bytes
  }
}
