/// A rectangle of whole pixels.
package struct PixelRectangle: Sendable, Equatable {
  package var columns: Range<Int>
  package var rows: Range<Int>

  package init(columns: Range<Int>, rows: Range<Int>) {
    self.columns = columns
    self.rows = rows
  }
}

/// Resizing with the results of Pillow 13.0's `Image.resize`, to the bit.
///
/// Two passes over 8-bit samples, each rounding to 8 bits. RGBA is resized with alpha multiplied
/// in. The order of the passes shows in the result and is the release's: vertical first if
/// the height shrinks by more than twice as many pixels as the width.
package enum Resampler {
  /// - Parameters:
  ///   - width, height: the size to resize to; at least 1.
  ///   - window: the part of the resized picture that is wanted, not empty and inside it; nil for
  ///     all of it. Only this part is computed, with the same samples as a crop would have.
  package static func resize(
    _ bitmap: Bitmap, width: Int, height: Int, filter: ResampleFilter,
    window: PixelRectangle? = nil
  ) -> Bitmap {
    precondition(width > 0 && height > 0, "a picture has at least one pixel")
    let window = window ?? PixelRectangle(columns: 0..<width, rows: 0..<height)
    precondition(
      !window.columns.isEmpty && !window.rows.isEmpty && window.columns.lowerBound >= 0
        && window.rows.lowerBound >= 0 && window.columns.upperBound <= width
        && window.rows.upperBound <= height, "the window lies inside the picture")
    let across = ResampleAxis(source: bitmap.width, target: width, filter: filter)
    let down = ResampleAxis(source: bitmap.height, target: height, filter: filter)
    if across.isIdentity && down.isIdentity { return bitmap.cropped(to: window) }
    if filter == .nearest { return nearest(bitmap, across, down, window) }
    guard bitmap.hasAlpha else { return smooth(bitmap, across, down, window) }
    return smooth(bitmap.premultiplied(), across, down, window).unpremultiplied()
  }

  private static func smooth(
    _ bitmap: Bitmap, _ across: ResampleAxis, _ down: ResampleAxis, _ window: PixelRectangle
  ) -> Bitmap {
    let (columns, rows) = (window.columns, window.rows)
    let verticalFirst =
      down.target < down.source
      && down.source - down.target > 2 * (across.source - across.target)
    let part = PixelRectangle(
      columns: across.sources(of: columns), rows: down.sources(of: rows))
    if verticalFirst {
      let flat = VerticalPass(bitmap, down, columns: part.columns, rows: rows).run()
      return HorizontalPass(
        flat, across, columns: columns, rows: 0..<rows.count, origin: part.columns.lowerBound
      ).run()
    }
    let narrow = HorizontalPass(bitmap, across, columns: columns, rows: part.rows, origin: 0).run()
    return VerticalPass(
      narrow, down, columns: 0..<columns.count, rows: rows, origin: part.rows.lowerBound
    ).run()
  }

  private static func nearest(
    _ bitmap: Bitmap, _ across: ResampleAxis, _ down: ResampleAxis, _ window: PixelRectangle
  ) -> Bitmap {
    let columns = across.nearest(of: window.columns)
    let rows = down.nearest(of: window.rows)
    let channels = bitmap.channels
    return .filled(width: columns.count, height: rows.count, channels: channels) { out in
      out.initialize(repeating: 0)
      for (y, row) in rows.enumerated() {
        guard let row else { continue }
        for (x, column) in columns.enumerated() {
          guard let column else { continue }
          for channel in 0..<channels {
            out[(y * columns.count + x) * channels + channel] =
              bitmap.pixels[row * bitmap.stride + column * channels + channel]
          }
        }
      }
    }
  }
}

extension Bitmap {
  /// A part that lies inside the picture.
  package func cropped(to part: PixelRectangle) -> Bitmap {
    padded(to: part, fill: 0)
  }

  /// A part that may reach beyond the picture; samples out there are `fill`.
  package func padded(to part: PixelRectangle, fill: UInt8) -> Bitmap {
    let (columns, rows) = (part.columns, part.rows)
    if columns == 0..<width && rows == 0..<height { return self }
    let inside = columns.clamped(to: 0..<width)
    return .filled(width: columns.count, height: rows.count, channels: channels) { out in
      out.initialize(repeating: fill)
      guard !inside.isEmpty, let base = out.baseAddress else { return }
      pixels.withUnsafeBufferPointer { samples in
        guard let source = samples.baseAddress else { return }
        for row in rows.clamped(to: 0..<height) {
          let target =
            (row - rows.lowerBound) * columns.count
            + inside.lowerBound - columns.lowerBound
          (base + target * channels).update(
            from: source + (row * width + inside.lowerBound) * channels,
            count: inside.count * channels)
        }
      }
    }
  }

  /// Colours multiplied by alpha, as Pillow resizes RGBA.
  func premultiplied() -> Bitmap {
    mappingColours { colour, alpha in
      UInt8(truncatingIfNeeded: dividedBy255(Int32(colour) * Int32(alpha)))
    }
  }

  /// The reverse, as far as eight bits remember.
  func unpremultiplied() -> Bitmap {
    mappingColours { colour, alpha in
      guard alpha != 0, alpha != 255 else { return colour }
      return UInt8(truncatingIfNeeded: min(255 * Int32(colour) / Int32(alpha), 255))
    }
  }

  @inline(__always)
  private func mappingColours(_ map: (_ colour: UInt8, _ alpha: UInt8) -> UInt8) -> Bitmap {
    .filled(width: width, height: height, channels: 4) { out in
      pixels.withUnsafeBufferPointer { rgba in
        for start in Swift.stride(from: 0, to: rgba.count, by: 4) {
          for channel in 0..<3 {
            out[start + channel] = map(rgba[start + channel], rgba[start + 3])
          }
          out[start + 3] = rgba[start + 3]
        }
      }
    }
  }
}
