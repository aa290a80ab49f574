import Media

extension Bitmap {
  /// The picture enlarged by a whole factor, with lines between `rows` × `columns` parts.
  ///
  /// Enlarged so that a line of one pixel does not hide what it separates.
  package func withGrid(rows: Int, columns: Int) throws(PictureError) -> Bitmap {
    guard rows > 0, columns > 0 else {
      throw .malformedHeatMap(rows: rows, columns: columns, weights: 0)
    }
    let source = try opaque(over: RGB(128, 128, 128))
    let factor = max(1, 512 / max(width, height))
    let (wide, tall) = (width * factor, height * factor)
    var samples = [UInt8](repeating: 0, count: wide * tall * 3)
    for y in 0..<tall {
      let onRow = y > 0 && y * rows / tall != (y - 1) * rows / tall
      for x in 0..<wide {
        let onColumn = x > 0 && x * columns / wide != (x - 1) * columns / wide
        let from = (y / factor * width + x / factor) * 3
        let to = (y * wide + x) * 3
        for channel in 0..<3 {
          let value = source.pixels[from + channel]
          // Against the brightness below, so that lines show on black and on white.
          samples[to + channel] = onRow || onColumn ? value &+ 128 : value
        }
      }
    }
    return try .rgb(width: wide, height: tall, samples)
  }
}
