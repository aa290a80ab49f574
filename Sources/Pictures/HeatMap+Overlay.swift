import Media

/// How a heat map is laid over a picture.
package struct HeatOverlay: Hashable, Sendable {
  package enum Scaling: String, CaseIterable, Hashable, Sendable {
    /// Colours change smoothly from the centre of one position to the next.
    case bilinear
    /// Each position is a block with hard edges: what the model really distinguishes.
    case blocks
  }

  package var scaling: Scaling
  /// How much the colour hides the picture, from 0 to 1.
  package var opacity: Float
  /// What is left of the brightness outside the region that the model saw, from 0 to 1.
  package var dimming: Float

  package init(scaling: Scaling = .bilinear, opacity: Float = 0.6, dimming: Float = 0.35) {
    self.scaling = scaling
    self.opacity = opacity.isFinite ? min(1, max(0, opacity)) : 0.6
    self.dimming = dimming.isFinite ? min(1, max(0, dimming)) : 0.35
  }
}

extension HeatMap {
  /// An RGB copy of `bitmap` with this map over `region` (the whole picture by default) and the
  /// rest dimmed.
  ///
  /// The colours show ``normalised``: the picture says where, the sentence says how much.
  package func overlay(
    on bitmap: Bitmap, region: PixelRegion? = nil, style: HeatOverlay = HeatOverlay(),
    backdrop: RGB = RGB(128, 128, 128)
  ) throws(PictureError) -> Bitmap {
    let region =
      region ?? PixelRegion(left: 0, top: 0, width: bitmap.width, height: bitmap.height)
    guard region.isInside(width: bitmap.width, height: bitmap.height) else {
      throw .regionOutside(region, width: bitmap.width, height: bitmap.height)
    }
    let source = try bitmap.opaque(over: backdrop)
    var samples = source.pixels.map { UInt8(Float($0) * style.dimming + 0.5) }
    let values = normalised
    let across = Interpolation(positions: columns, pixels: region.width, style.scaling)
    let down = Interpolation(positions: rows, pixels: region.height, style.scaling)
    for y in 0..<region.height {
      let (above, below, v) = (down.first[y] * columns, down.second[y] * columns, down.share[y])
      for x in 0..<region.width {
        let (left, right, u) = (across.first[x], across.second[x], across.share[x])
        let top = values[above + left] * (1 - u) + values[above + right] * u
        let bottom = values[below + left] * (1 - u) + values[below + right] * u
        let color = ColorMap.heat(top * (1 - v) + bottom * v)
        let at = ((region.top + y) * source.width + region.left + x) * 3
        let pixel = RGB(source.pixels[at], source.pixels[at + 1], source.pixels[at + 2])
        let mixed = color.over(pixel, opacity: Int(style.opacity * 255 + 0.5))
        samples[at] = mixed.red
        samples[at + 1] = mixed.green
        samples[at + 2] = mixed.blue
      }
    }
    return try .rgb(width: source.width, height: source.height, samples)
  }
}

/// For each pixel of one axis, the two positions it lies between and the share of the second.
private struct Interpolation {
  var first: [Int] = []
  var second: [Int] = []
  var share: [Float] = []

  /// Pixel centres are mapped onto position centres; beyond the outer centres the edge repeats.
  init(positions: Int, pixels: Int, _ scaling: HeatOverlay.Scaling) {
    for pixel in 0..<pixels {
      let center = (Float(pixel) + 0.5) * Float(positions) / Float(pixels)
      switch scaling {
      case .blocks:
        let position = min(positions - 1, Int(center))
        first.append(position)
        second.append(position)
        share.append(0)
      case .bilinear:
        let offset = min(Float(positions - 1), max(0, center - 0.5))
        let position = Int(offset)
        first.append(position)
        second.append(min(positions - 1, position + 1))
        share.append(offset - Float(position))
      }
    }
  }
}
