import Foundation

/// Which places of a picture the pixels of a square show: `u = u0 + x·ux + y·uy`, and `v` alike.
///
/// `x` and `y` count pixels of the square from the centre of the first; `u` and `v` are measured in
/// the picture's own pixels from its top left corner, so that the first pixel's centre is at 0.5.
struct AffineView: Equatable {
  var (u0, ux, uy) = (0.0, 0.0, 0.0)
  var (v0, vx, vy) = (0.0, 0.0, 0.0)

  /// The whole picture fits into the square, in whole pixels as resizing makes it, and lies in its
  /// middle, rounded towards the top left; then come part, mirroring, turn and shift.
  init(width: Int, height: Int, side: Int, _ change: Augmentation) {
    let fitted = CachedPicture.fitted(width: width, height: height, side: side)
    // Pixels of the picture per pixel of the square that shows all of it.
    let (across, down) = (Double(width) / Double(fitted.width), Double(height) / Double(fitted.height))
    let half = Double(side) / 2
    func middle(_ length: Int, _ fitted: Int, _ scale: Double, part: Double, place: Double) -> Double {
      let centre = (half + Double((fitted - side) >> 1)) * scale
      let room = max(Double(length) - part * Double(side) * scale, 0) / 2
      return centre + place * room
    }
    let centreU = middle(width, fitted.width, across, part: change.viewWidth, place: change.placeX)
    let centreV = middle(height, fitted.height, down, part: change.viewHeight, place: change.placeY)
    let scaleU = across * change.viewWidth * (change.isFlipped ? -1 : 1)
    let scaleV = down * change.viewHeight
    // Back from a place that was turned clockwise.
    let (cosine, sine) = change.angle == 0 ? (1, 0) : (cos(change.angle), sin(change.angle))
    (ux, uy) = (scaleU * cosine, scaleU * sine)
    (vx, vy) = (-scaleV * sine, scaleV * cosine)
    // Of the first pixel's centre against the middle of the shifted view.
    let x = 0.5 - half - change.shiftX * Double(side)
    let y = 0.5 - half - change.shiftY * Double(side)
    u0 = centreU + x * ux + y * uy
    v0 = centreV + x * vx + y * vy
  }

  /// Places within one pixel of the square over which the picture is averaged, so that reducing
  /// does not alias: as far apart as gives them, with the interpolation at each, the variance of an
  /// even average over the pixel. One place where nothing is reduced.
  var taps: [(u: Double, v: Double)] {
    let across = Self.offsets(scale: (ux * ux + vx * vx).squareRoot())
    let down = Self.offsets(scale: (uy * uy + vy * vy).squareRoot())
    return down.flatMap { y in across.map { x in (x * ux + y * uy, x * vx + y * vy) } }
  }

  /// Along one axis of the square, in its pixels, each of which is `scale` pixels of the picture.
  private static func offsets(scale: Double) -> [Double] {
    guard scale > 1.001 else { return [0] }
    let spread = scale * scale - 1
    // Steps of 1.34 pixels at most: wider ones let the finest stripes through. Beyond 16 places a
    // picture is a speck, and more would only be slower.
    let count = min(max(Int((spread / 1.8 + 1).squareRoot().rounded(.up)), 2), 16)
    let step = (spread / Double(count * count - 1)).squareRoot() / scale
    return (0..<count).map { (Double($0) - Double(count - 1) / 2) * step }
  }
}

/// A linear function along a row in fixed point with 32 fractional bits.
struct FixedLine {
  var start: Int
  var step: Int

  init(start: Double, step: Double) {
    self.start = Self.fixed(start)
    self.step = Self.fixed(step)
  }

  static let one = 1 << 32

  private static func fixed(_ value: Double) -> Int {
    // Far beyond any picture and far below where 256 steps overflow.
    Int((min(max(value, -1e6), 1e6) * Double(one)).rounded())
  }

  /// The `x` in `0..<count` where `0 <= start + x * step < limit`.
  func range(below limit: Int, count: Int) -> Range<Int> {
    guard step != 0 else { return start >= 0 && start < limit ? 0..<count : 0..<0 }
    let (first, end) =
      step > 0
      ? (Self.up(-start, step), Self.up(limit - start, step))
      : (Self.up(start - limit + 1, -step), Self.up(start + 1, -step))
    let low = min(max(first, 0), count)
    return low..<max(low, min(end, count))
  }

  /// Divided, rounded up; `divisor` is positive.
  private static func up(_ value: Int, _ divisor: Int) -> Int {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest > 0 ? quotient + 1 : quotient
  }
}
