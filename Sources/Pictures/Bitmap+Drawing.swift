import Media

extension Bitmap {
  /// The picture as RGB, grey repeated and alpha shown over `backdrop`.
  func opaque(over backdrop: RGB) throws(PictureError) -> Bitmap {
    guard channels != 3 else { return self }
    var rgb: [UInt8] = []
    rgb.reserveCapacity(width * height * 3)
    if channels == 1 {
      for value in pixels { rgb.append(contentsOf: repeatElement(value, count: 3)) }
    } else {
      for start in Swift.stride(from: 0, to: pixels.count, by: 4) {
        let color = RGB(pixels[start], pixels[start + 1], pixels[start + 2])
          .over(backdrop, opacity: Int(pixels[start + 3]))
        rgb.append(color.red)
        rgb.append(color.green)
        rgb.append(color.blue)
      }
    }
    return try .rgb(width: width, height: height, rgb)
  }

  /// An RGB picture, with this module's error when the samples do not fill it.
  static func rgb(width: Int, height: Int, _ samples: [UInt8]) throws(PictureError) -> Bitmap {
    do {
      return try Bitmap(width: width, height: height, channels: 3, pixels: samples)
    } catch {
      throw .malformedBitmap(width: width, height: height, channels: 3, bytes: samples.count)
    }
  }

  /// The mean colour of each block when an RGB picture is cut into `columns` × `rows`.
  ///
  /// A block of a picture smaller than the grid still covers one whole pixel.
  func blockMeans(columns: Int, rows: Int) -> [RGB] {
    func span(_ index: Int, of count: Int, over length: Int) -> Range<Int> {
      let start = index * length / count
      return start..<max(start + 1, (index + 1) * length / count)
    }
    var means: [RGB] = []
    means.reserveCapacity(columns * rows)
    for row in 0..<rows {
      let lines = span(row, of: rows, over: height)
      for column in 0..<columns {
        let block = span(column, of: columns, over: width)
        var (red, green, blue) = (0, 0, 0)
        for y in lines {
          for x in block {
            let at = (y * width + x) * 3
            red += Int(pixels[at])
            green += Int(pixels[at + 1])
            blue += Int(pixels[at + 2])
          }
        }
        let count = lines.count * block.count
        means.append(RGB(UInt8(red / count), UInt8(green / count), UInt8(blue / count)))
      }
    }
    return means
  }

  /// An RGB copy whose longer side is at most `side` pixels, by averaging blocks.
  ///
  /// Previews are drawn from such a copy: a screen shows a few hundred pixels a side, and a
  /// photograph of twelve million would be carried along and blended for nothing.
  package func reduced(
    toFit side: Int, backdrop: RGB = RGB(128, 128, 128)
  ) throws(PictureError) -> Bitmap {
    let source = try opaque(over: backdrop)
    let longest = max(width, height)
    guard side > 0, longest > side else { return source }
    let columns = max(1, width * side / longest)
    let rows = max(1, height * side / longest)
    var samples: [UInt8] = []
    samples.reserveCapacity(columns * rows * 3)
    for mean in source.blockMeans(columns: columns, rows: rows) {
      samples.append(mean.red)
      samples.append(mean.green)
      samples.append(mean.blue)
    }
    return try .rgb(width: columns, height: rows, samples)
  }
}
