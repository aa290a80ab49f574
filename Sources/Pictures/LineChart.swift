import Media

/// Curves drawn as pixels. Axes and words are the caller's.
package struct LineChart: Sendable {
  package struct Point: Hashable, Sendable {
    /// 0 at the left, 1 at the right.
    package var x: Double
    /// 0 at the bottom, 1 at the top.
    package var y: Double

    package init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  package struct Curve: Sendable {
    /// From left to right, none of them more than finite.
    package var points: [Point]
    package var color: RGB
    /// In pixels.
    package var thickness: Double
    /// How much the ground below is tinted, from 0 to 1.
    package var shade: Double

    package init(_ points: [Point], color: RGB, thickness: Double = 1, shade: Double = 0) {
      self.points = points
      self.color = color
      self.thickness = thickness
      self.shade = shade
    }
  }

  /// Back to front.
  package var curves: [Curve]
  package var background: RGB

  package init(_ curves: [Curve], background: RGB = RGB(0, 0, 0)) {
    self.curves = curves
    self.background = background
  }

  /// The curves over `width` × `height` pixels.
  package func bitmap(width: Int, height: Int) throws(PictureError) -> Bitmap {
    guard width > 0, height > 0 else {
      throw .malformedBitmap(width: width, height: height, channels: 3, bytes: 0)
    }
    var pixels = [RGB](repeating: background, count: width * height)
    for curve in curves {
      for (column, span) in LineChart.spans(of: curve.points, columns: width).enumerated() {
        guard let span else { continue }
        // Measured in pixels from the top; the line's middle keeps off the edges.
        let room = Double(height) - curve.thickness
        let top = (1 - span.upperBound) * room
        let bottom = (1 - span.lowerBound) * room + curve.thickness
        for row in 0..<height {
          let (y, at) = (Double(row), row * width + column)
          // The part of the pixel that the line covers, which makes it smooth.
          let covered = max(0, min(bottom, y + 1) - max(top, y))
          let below = max(0, y + 1 - max(bottom, y))
          let opacity = min(1, covered + below * curve.shade)
          guard opacity > 0 else { continue }
          pixels[at] = curve.color.over(pixels[at], opacity: Int(opacity * 255 + 0.5))
        }
      }
    }
    var samples: [UInt8] = []
    samples.reserveCapacity(pixels.count * 3)
    for pixel in pixels { samples += [pixel.red, pixel.green, pixel.blue] }
    return try .rgb(width: width, height: height, samples)
  }

  /// What the line through `points` covers over each of `count` columns; nil where there is none.
  static func spans(of points: [Point], columns count: Int) -> [ClosedRange<Double>?] {
    var spans = [ClosedRange<Double>?](repeating: nil, count: count)
    func extend(_ column: Int, to y: Double) {
      let y = min(1, max(0, y))
      let span = spans[column] ?? y...y
      spans[column] = min(span.lowerBound, y)...max(span.upperBound, y)
    }
    func column(_ x: Double) -> Int { min(count - 1, max(0, Int(x * Double(count)))) }
    if points.count == 1 { extend(column(points[0].x), to: points[0].y) }
    for (a, b) in zip(points, points.dropFirst()) {
      let (first, last) = (column(a.x), max(column(a.x), column(b.x)))
      for place in first...last {
        // Where the segment enters the column and where it leaves it.
        for edge in [place, place + 1] {
          let x = min(b.x, max(a.x, Double(edge) / Double(count)))
          let share = b.x > a.x ? (x - a.x) / (b.x - a.x) : Double(edge - place)
          extend(place, to: a.y + (b.y - a.y) * share)
        }
      }
    }
    return spans
  }
}
