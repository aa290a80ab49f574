import Foundation

/// Carries augmentations out, for one thread: it owns the memory in between.
///
/// Sides are `S`; a picture comes out as `[3, S, S]`, normalised.
package final class Augmenter {
  package let side: Int
  private let mean: SIMD3<Float>
  private let deviation: SIMD3<Float>
  /// One row of sums of RGBA: `[S]`.
  private let sums: UnsafeMutablePointer<SIMD4<UInt16>>
  /// One row of what lies behind: `[S]`.
  private let behind: UnsafeMutablePointer<SIMD4<Float>>
  /// A plane in between, for blurring: `[S, S]`.
  let plane: UnsafeMutablePointer<Float>

  /// - Parameters:
  ///   - mean, deviation: of each channel, in 0...1: a value becomes `(value - mean) / deviation`.
  package init(side: Int, mean: SIMD3<Float>, deviation: SIMD3<Float>) {
    precondition(side > 0, "a picture has at least one pixel")
    self.side = side
    self.mean = mean
    self.deviation = deviation
    sums = .allocate(capacity: side)
    behind = .allocate(capacity: side)
    plane = .allocate(capacity: side * side)
  }

  deinit {
    sums.deallocate()
    behind.deallocate()
    plane.deallocate()
  }

  /// Writes a picture, changed, to `out`: `[3, S, S]`.
  package func render(
    _ picture: CachedPicture, _ change: Augmentation, into out: UnsafeMutablePointer<Float>
  ) {
    sample(picture, change, into: out)
    adjustColours(out, change)
    if let eraser = change.eraser { erase(out, eraser) }
    if change.blur > 0 { blur(out, deviation: change.blur) }
    let count = side * side
    for channel in 0..<3 {
      let plane = out + channel * count
      let (mean, deviation) = (mean[channel], deviation[channel])
      for index in 0..<count { plane[index] = (plane[index] - mean) / deviation }
    }
  }

  /// Draws what the recipe leaves to chance, and writes the result to `out`: `[3, S, S]`.
  package func render(
    _ picture: CachedPicture, _ recipe: AugmentationRecipe, using generator: inout SplitMix,
    into out: UnsafeMutablePointer<Float>
  ) {
    render(picture, Augmentation(recipe, using: &generator), into: out)
  }

  // MARK: Geometry

  /// The picture through its view over the background, in 0...1.
  private func sample(
    _ picture: CachedPicture, _ change: Augmentation, into out: UnsafeMutablePointer<Float>
  ) {
    let view = AffineView(width: picture.width, height: picture.height, side: side, change)
    let taps = view.taps
    let backdrop = Backdrop(change.background, side: side)
    let isUniform = backdrop.isUniform
    if isUniform { backdrop.fill(row: 0, into: behind) }
    picture.pixels.withUnsafeBufferPointer { pixels in
      guard let base = pixels.baseAddress else { return }
      for row in 0..<side {
        for column in 0..<side { sums[column] = .zero }
        let y = Double(row)
        for tap in taps {
          let u = FixedLine(start: view.u0 + y * view.uy + tap.u, step: view.ux)
          let v = FixedLine(start: view.v0 + y * view.vy + tap.v, step: view.vx)
          let across = u.range(below: picture.width << 32, count: side)
          let inside = across.clamped(to: v.range(below: picture.height << 32, count: side))
          add(UnsafeRawPointer(base), rowBytes: picture.rowBytes, u, v, inside)
        }
        if !isUniform { backdrop.fill(row: row, into: behind) }
        compose(row: row, taps: taps.count, into: out)
      }
    }
  }

  /// Adds to each sum what lies at its place, interpolated between four pixels in 1/128.
  @inline(__always)
  private func add(
    _ pixels: UnsafeRawPointer, rowBytes: Int, _ u: FixedLine, _ v: FixedLine, _ inside: Range<Int>
  ) {
    // The border is one pixel wide and pixels are centred at a half.
    var atU = u.start + inside.lowerBound &* u.step + FixedLine.one / 2
    var atV = v.start + inside.lowerBound &* v.step + FixedLine.one / 2
    for column in inside {
      let upper = pixels + ((atV >> 32) &* rowBytes &+ (atU >> 32) &* 4)
      let right = UInt16(truncatingIfNeeded: (atU >> 25) & 127)
      let lower = UInt16(truncatingIfNeeded: (atV >> 25) & 127)
      let above = SIMD8<UInt16>(
        truncatingIfNeeded: upper.loadUnaligned(as: SIMD8<UInt8>.self))
      let below = SIMD8<UInt16>(
        truncatingIfNeeded: (upper + rowBytes).loadUnaligned(as: SIMD8<UInt8>.self))
      let pair = Self.between(above, below, lower)
      sums[column] &+= Self.between(pair.lowHalf, pair.highHalf, right)
      atU &+= u.step
      atV &+= v.step
    }
  }

  // At most 255 * 128 + 64: sixteen bits hold it.

  @inline(__always)
  private static func between(
    _ a: SIMD8<UInt16>, _ b: SIMD8<UInt16>, _ part: UInt16
  ) -> SIMD8<UInt16> {
    let sum: SIMD8<UInt16> = a &* (128 &- part) &+ b &* part
    return (sum &+ SIMD8(repeating: 64)) &>> SIMD8(repeating: 7)
  }

  @inline(__always)
  private static func between(
    _ a: SIMD4<UInt16>, _ b: SIMD4<UInt16>, _ part: UInt16
  ) -> SIMD4<UInt16> {
    let sum: SIMD4<UInt16> = a &* (128 &- part) &+ b &* part
    return (sum &+ SIMD4(repeating: 64)) &>> SIMD4(repeating: 7)
  }

  /// Sums to colours over what lies behind.
  private func compose(row: Int, taps: Int, into out: UnsafeMutablePointer<Float>) {
    let count = side * side
    let (red, green, blue) = (
      out + row * side, out + count + row * side, out + 2 * count + row * side
    )
    let scale = Float(255 * taps)
    for column in 0..<side {
      let front = SIMD4<Float>(sums[column]) / scale
      let colour = front + behind[column] * (1 - front.w)
      red[column] = colour.x
      green[column] = colour.y
      blue[column] = colour.z
    }
  }
}
