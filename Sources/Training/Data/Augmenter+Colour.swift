import Foundation

extension Augmenter {
  /// Weights of red, green and blue in grey (ITU-R BT.601).
  private static let grey = SIMD3<Float>(0.299, 0.587, 0.114)

  /// Brightness scales every value, contrast the distance from the mean of grey, saturation that
  /// from each pixel's grey; hue turns colours about the axis of grey in YIQ. Values stay in 0...1.
  func adjustColours(_ out: UnsafeMutablePointer<Float>, _ change: Augmentation) {
    let count = side * side
    if change.brightness != 1 {
      for index in 0..<3 * count { out[index] = Self.clamped(out[index] * change.brightness) }
    }
    if change.contrast != 1 {
      let offset = (1 - change.contrast) * meanGrey(out)
      for index in 0..<3 * count { out[index] = Self.clamped(out[index] * change.contrast + offset) }
    }
    if change.isGrey {
      mix(out, ColourMatrix.saturation(0, grey: Self.grey))
    } else if change.saturation != 1 || change.hue != 0 {
      let saturation = ColourMatrix.saturation(change.saturation, grey: Self.grey)
      mix(out, change.hue == 0 ? saturation : ColourMatrix.hue(turns: change.hue) * saturation)
    }
  }

  @inline(__always)
  private static func clamped(_ value: Float) -> Float { min(max(value, 0), 1) }

  private func meanGrey(_ out: UnsafeMutablePointer<Float>) -> Float {
    let count = side * side
    var sums = SIMD3<Float>.zero
    for channel in 0..<3 {
      let plane = out + channel * count
      // Four sums at a time, in an order that never changes.
      var four = SIMD4<Float>.zero
      for index in stride(from: 0, to: count & ~3, by: 4) {
        four += SIMD4(plane[index], plane[index + 1], plane[index + 2], plane[index + 3])
      }
      for index in count & ~3..<count { four.x += plane[index] }
      sums[channel] = four.sum()
    }
    return (sums * Self.grey).sum() / Float(count)
  }

  /// Every pixel times a matrix.
  private func mix(_ out: UnsafeMutablePointer<Float>, _ matrix: ColourMatrix) {
    let count = side * side
    let (red, green, blue) = (out, out + count, out + 2 * count)
    let (r, g, b) = (matrix.red, matrix.green, matrix.blue)
    for index in 0..<count {
      let (x, y, z) = (red[index], green[index], blue[index])
      red[index] = Self.clamped(r.x * x + r.y * y + r.z * z)
      green[index] = Self.clamped(g.x * x + g.y * y + g.z * z)
      blue[index] = Self.clamped(b.x * x + b.y * y + b.z * z)
    }
  }

  /// Fills a rectangle with one colour.
  func erase(_ out: UnsafeMutablePointer<Float>, _ eraser: Augmentation.Eraser) {
    func pixels(_ start: Double, _ length: Double) -> Range<Int> {
      let first = min(max(Int((start * Double(side)).rounded()), 0), side)
      return first..<min(max(Int(((start + length) * Double(side)).rounded()), first), side)
    }
    let columns = pixels(eraser.x, eraser.width)
    for row in pixels(eraser.y, eraser.height) {
      for channel in 0..<3 {
        let line = out + (channel * side + row) * side
        for column in columns { line[column] = eraser.colour[channel] }
      }
    }
  }

  /// A Gaussian of this deviation in pixels, cut off at three of them; edges repeat outwards.
  func blur(_ out: UnsafeMutablePointer<Float>, deviation: Double) {
    let reach = min(max(Int((3 * deviation).rounded(.up)), 1), side)
    let raw = (0...reach).map { Float(exp(-Double($0 * $0) / (2 * deviation * deviation))) }
    let total = 2 * raw.reduce(0, +) - raw[0]
    let weights = raw.map { $0 / total }
    for channel in 0..<3 {
      let target = out + channel * side * side
      blurRows(target, into: plane, weights)
      blurColumns(plane, into: target, weights)
    }
  }

  private func blurRows(
    _ source: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>, _ weights: [Float]
  ) {
    let reach = weights.count - 1
    for row in 0..<side {
      let (line, result) = (source + row * side, target + row * side)
      for column in 0..<side { result[column] = line[column] * weights[0] }
      for distance in 1...reach {
        let weight = weights[distance]
        // Only near the edges do places fall outside.
        let inner = min(distance, side)..<max(side - distance, min(distance, side))
        for column in inner {
          result[column] += (line[column - distance] + line[column + distance]) * weight
        }
        for column in 0..<side where !inner.contains(column) {
          let (left, right) = (max(column - distance, 0), min(column + distance, side - 1))
          result[column] += (line[left] + line[right]) * weight
        }
      }
    }
  }

  private func blurColumns(
    _ source: UnsafeMutablePointer<Float>, into target: UnsafeMutablePointer<Float>, _ weights: [Float]
  ) {
    for row in 0..<side {
      let (line, result) = (source + row * side, target + row * side)
      for column in 0..<side { result[column] = line[column] * weights[0] }
      for distance in 1..<weights.count {
        let weight = weights[distance]
        let above = source + max(row - distance, 0) * side
        let below = source + min(row + distance, side - 1) * side
        for column in 0..<side { result[column] += (above[column] + below[column]) * weight }
      }
    }
  }
}

/// What red, green and blue become, each from all three.
struct ColourMatrix: Equatable {
  var red: SIMD3<Float>
  var green: SIMD3<Float>
  var blue: SIMD3<Float>

  /// A pixel's own colour times `factor`, and its grey for the rest.
  static func saturation(_ factor: Float, grey: SIMD3<Float>) -> ColourMatrix {
    let rest = grey * (1 - factor)
    return ColourMatrix(
      red: rest + SIMD3(factor, 0, 0), green: rest + SIMD3(0, factor, 0),
      blue: rest + SIMD3(0, 0, factor))
  }

  /// Colours turned by a part of the circle in the plane of I and Q; brightness Y stays.
  static func hue(turns: Double) -> ColourMatrix {
    let (c, s) = (Float(cos(turns * 2 * .pi)), Float(sin(turns * 2 * .pi)))
    let turn = ColourMatrix(
      red: SIMD3(1, 0, 0), green: SIMD3(0, c, -s), blue: SIMD3(0, s, c))
    return fromYIQ * (turn * toYIQ)
  }

  // NTSC's luma and chroma axes; the inverse is computed from the same digits, so that no turn
  // changes nothing.
  private static let toYIQ = ColourMatrix(
    red: SIMD3(0.299, 0.587, 0.114), green: SIMD3(0.595716, -0.274453, -0.321263),
    blue: SIMD3(0.211456, -0.522591, 0.311135))
  private static let fromYIQ = toYIQ.inverse

  private var inverse: ColourMatrix {
    func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
      SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }
    // The columns of the inverse are the rows' cross products over the determinant.
    let (x, y, z) = (cross(green, blue), cross(blue, red), cross(red, green))
    let determinant = (red * x).sum()
    return ColourMatrix(
      red: SIMD3(x.x, y.x, z.x) / determinant, green: SIMD3(x.y, y.y, z.y) / determinant,
      blue: SIMD3(x.z, y.z, z.z) / determinant)
  }

  /// The right one first.
  static func * (a: ColourMatrix, b: ColourMatrix) -> ColourMatrix {
    func row(_ r: SIMD3<Float>) -> SIMD3<Float> { r.x * b.red + r.y * b.green + r.z * b.blue }
    return ColourMatrix(red: row(a.red), green: row(a.green), blue: row(a.blue))
  }
}
