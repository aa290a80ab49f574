/// How a stored picture must be turned to stand upright: the eight values of the EXIF tag 0x0112.
package enum Orientation: Int, Sendable, CaseIterable {
  case upright = 1
  case mirrored, turnedHalf, flipped, transposed, turnedRight, transversed, turnedLeft

  /// Whether rows become columns.
  package var swapsSides: Bool { rawValue >= Orientation.transposed.rawValue }

  /// The picture turned upright, with the pixels of Pillow's `ImageOps.exif_transpose`.
  ///
  /// - Parameter check: told of the bytes written; ends the work by throwing.
  func applied<Failure>(
    to bitmap: Bitmap, asking check: (_ bytes: Int) throws(Failure) -> Void
  ) throws(Failure) -> Bitmap {
    guard self != .upright else { return bitmap }
    let width = swapsSides ? bitmap.height : bitmap.width
    let height = swapsSides ? bitmap.width : bitmap.height
    let channels = bitmap.channels
    let walk = sourceWalk(width: bitmap.width, height: bitmap.height)
    return try .filled(width: width, height: height, channels: channels) { out throws(Failure) in
      try bitmap.pixels.withUnsafeBufferPointer { stored throws(Failure) in
        var target = 0
        for y in 0..<height {
          try check(width * channels)
          var source = (walk.start + y * walk.perRow) * channels
          for _ in 0..<width {
            for channel in 0..<channels { out[target + channel] = stored[source + channel] }
            target += channels
            source += walk.perColumn * channels
          }
        }
      }
    }
  }

  /// Where in the stored picture, counted in pixels, the upright one begins, and how far one step
  /// to the right and one step down lead there.
  private func sourceWalk(
    width: Int, height: Int
  ) -> (start: Int, perColumn: Int, perRow: Int) {
    let last = width * height - 1
    return switch self {
    case .upright: (0, 1, width)
    case .mirrored: (width - 1, -1, width)
    case .turnedHalf: (last, -1, -width)
    case .flipped: (last - width + 1, 1, -width)
    case .transposed: (0, width, 1)
    case .turnedRight: (last - width + 1, -width, 1)
    case .transversed: (last, -width, -1)
    case .turnedLeft: (width - 1, width, -1)
    }
  }
}
