import Foundation

/// Colours for 0…1 whose lightness rises evenly, so that "brighter" always means "more".
///
/// The map is a path through OKLCh (B. Ottosson, "A perceptual color space for image processing",
/// 2020): lightness climbs in a straight line while the hue turns from violet through red to
/// yellow. Each colour takes the largest chroma, up to a limit, that sRGB can show.
package enum ColorMap {
  /// 256 steps from dark violet to light yellow.
  package static let heat: [RGB] = (0..<256).map { step in
    let t = Double(step) / 255
    return color(lightness: 0.18 + 0.77 * t, hue: 300 + 165 * t)
  }

  /// The colour for a value; below 0, above 1 and not-a-number count as the nearest end.
  package static func heat(_ value: Float) -> RGB {
    guard value > 0 else { return heat[0] }
    return heat[value < 1 ? Int(value * 255 + 0.5) : 255]
  }

  private static func color(lightness: Double, hue degrees: Double) -> RGB {
    let angle = degrees * .pi / 180
    var chroma = 0.20
    while chroma > 0 {
      let linear = linearRGB(lightness: lightness, a: chroma * cos(angle), b: chroma * sin(angle))
      if linear.allSatisfy({ (-0.0005...1.0005).contains($0) }) {
        return RGB(encode(linear[0]), encode(linear[1]), encode(linear[2]))
      }
      chroma -= 0.002
    }
    let grey = encode(lightness * lightness * lightness)
    return RGB(grey, grey, grey)
  }

  /// OKLab to linear sRGB, with the matrices of the article.
  private static func linearRGB(lightness: Double, a: Double, b: Double) -> [Double] {
    let l = lightness + 0.3963377774 * a + 0.2158037573 * b
    let m = lightness - 0.1055613458 * a - 0.0638541728 * b
    let s = lightness - 0.0894841775 * a - 1.2914855480 * b
    let (l3, m3, s3) = (l * l * l, m * m * m, s * s * s)
    return [
      4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3,
      -1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3,
      -0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3,
    ]
  }

  /// The sRGB transfer curve (IEC 61966-2-1), to 8 bits.
  private static func encode(_ linear: Double) -> UInt8 {
    let value = min(1, max(0, linear))
    let curved = value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055
    return UInt8((curved * 255).rounded())
  }
}
