extension ImageProcessor {
  /// Prepares one picture, which already stands upright.
  ///
  /// - Throws: ``MediaError`` if a picture of this proportion cannot be resized as the settings
  ///   demand, or does not divide into patches.
  package func process(_ image: Bitmap) throws(MediaError) -> ProcessedImage {
    let plan = try plan(width: image.width, height: image.height)
    let source = alpha == .compositedOnWhite ? image.compositedOnWhite() : image
    let visible = PixelRectangle(
      columns: plan.part.columns.clamped(to: 0..<plan.width),
      rows: plan.part.rows.clamped(to: 0..<plan.height))
    let resized = Resampler.resize(
      source, width: plan.width, height: plan.height, filter: filter, window: visible)
    // A crop of at least one pixel always meets the picture, being central.
    let offset = (x: visible.columns.lowerBound, y: visible.rows.lowerBound)
    let seen = resized.droppingAlpha().padded(
      to: PixelRectangle(
        columns: plan.part.columns.shifted(by: -offset.x),
        rows: plan.part.rows.shifted(by: -offset.y)),
      fill: crop?.fill ?? 0)
    return prepared(seen, region: plan.region(sourceWidth: image.width, sourceHeight: image.height))
  }

  private func prepared(_ seen: Bitmap, region: SourceRegion) -> ProcessedImage {
    guard case .patches(let size, let limit) = resizing else {
      return ProcessedImage(
        pixels: planes(of: seen), shape: [3, seen.height, seen.width], patchGrid: nil,
        asModelSees: seen, region: region)
    }
    let grid = PatchGrid(rows: seen.height / size, columns: seen.width / size, limit: limit)
    return ProcessedImage(
      pixels: patches(of: seen, size: size), shape: [grid.rows * grid.columns, size * size * 3],
      patchGrid: grid, asModelSees: seen, region: region)
  }

  /// `[height, width, 3]` samples to `[3, height, width]` values.
  private func planes(of bitmap: Bitmap) -> [Float] {
    let table = scaling.table()
    let count = bitmap.width * bitmap.height
    return [Float](unsafeUninitializedCapacity: 3 * count) { values, initialized in
      bitmap.pixels.withUnsafeBufferPointer { samples in
        for channel in 0..<3 {
          table[channel].withUnsafeBufferPointer { table in
            for index in 0..<count {
              values[channel * count + index] = table[Int(samples[3 * index + channel])]
            }
          }
        }
      }
      initialized = 3 * count
    }
  }

  /// `[rows * size, columns * size, 3]` samples to `[rows * columns, size * size * 3]` values.
  private func patches(of bitmap: Bitmap, size: Int) -> [Float] {
    let table = scaling.table()
    var values: [Float] = []
    values.reserveCapacity(bitmap.pixels.count)
    for top in stride(from: 0, to: bitmap.height, by: size) {
      for left in stride(from: 0, to: bitmap.width, by: size) {
        for row in top..<top + size {
          let start = row * bitmap.stride + left * 3
          for index in 0..<size * 3 {
            values.append(table[index % 3][Int(bitmap.pixels[start + index])])
          }
        }
      }
    }
    return values
  }
}

// MARK: Geometry

/// The size a picture is resized to, and the part of it that is kept.
struct ProcessingPlan: Equatable {
  let width: Int
  let height: Int
  /// May reach beyond the resized picture.
  let part: PixelRectangle

  /// The kept part in pixels of the source.
  func region(sourceWidth: Int, sourceHeight: Int) -> SourceRegion {
    let across = Double(sourceWidth) / Double(width)
    let down = Double(sourceHeight) / Double(height)
    return SourceRegion(
      x: Double(part.columns.lowerBound) * across, y: Double(part.rows.lowerBound) * down,
      width: Double(part.columns.count) * across, height: Double(part.rows.count) * down)
  }
}

extension ImageProcessor {
  /// The patches that a picture of this size is cut into; nil where the model cuts it.
  ///
  /// - Throws: ``MediaError`` as ``process(_:)`` does.
  package func patchGrid(width: Int, height: Int) throws(MediaError) -> PatchGrid? {
    guard case .patches(let size, let limit) = resizing else { return nil }
    let part = try plan(width: width, height: height).part
    return PatchGrid(rows: part.rows.count / size, columns: part.columns.count / size, limit: limit)
  }

  /// What is done to a picture of this size.
  func plan(width: Int, height: Int) throws(MediaError) -> ProcessingPlan {
    let target = target(width: width, height: height)
    let part =
      if let crop {
        PixelRectangle(
          columns: crop.rounding.window(crop.width, of: target.width),
          rows: crop.rounding.window(crop.height, of: target.height))
      } else {
        PixelRectangle(columns: 0..<target.width, rows: 0..<target.height)
      }
    let area = part.columns.count.multipliedReportingOverflow(by: part.rows.count)
    guard target.width > 0, target.height > 0, max(target.width, target.height) < 1 << 24,
      !area.overflow, area.partialValue <= Self.maximumPixels
    else {
      throw .proportion(
        width: width, height: height, resizedWidth: target.width, resizedHeight: target.height)
    }
    return ProcessingPlan(width: target.width, height: target.height, part: part)
  }

  private func target(width: Int, height: Int) -> (width: Int, height: Int) {
    switch resizing {
    case .none:
      return (width, height)
    case .exact(let width, let height):
      return (width, height)
    case .shortestEdge(let edge):
      let (short, long) = (min(width, height), max(width, height))
      let longer = Int(Double(edge * long) / Double(short))
      return width <= height ? (edge, longer) : (longer, edge)
    case .cover(let boxWidth, let boxHeight):
      let ratio = min(Double(width) / Double(boxWidth), Double(height) / Double(boxHeight))
      return (Self.divided(width, by: ratio), Self.divided(height, by: ratio))
    case .fit(let boxWidth, let boxHeight):
      let ratio = max(Double(width) / Double(boxWidth), Double(height) / Double(boxHeight))
      return (Self.divided(width, by: ratio), Self.divided(height, by: ratio))
    case .patches(let size, let limit):
      return Self.patchAligned(width: width, height: height, size: size, limit: limit)
    }
  }

  private static func divided(_ side: Int, by ratio: Double) -> Int {
    Int((Double(side) / ratio).rounded(.toNearestOrEven))
  }

  /// NaFlex: the largest scale, found by bisection, at which the sides, rounded up to whole
  /// patches, hold at most `limit` of them.
  static func patchAligned(
    width: Int, height: Int, size: Int, limit: Int
  ) -> (width: Int, height: Int) {
    let tolerance = 1e-5
    func aligned(_ side: Int, _ scale: Double) -> Int {
      max(size, Int((Double(side) * scale / Double(size)).rounded(.up)) * size)
    }
    var (low, high) = (tolerance / 10, 100.0)
    while high - low >= tolerance {
      let middle = (low + high) / 2
      let patches = aligned(height, middle) / size * (aligned(width, middle) / size)
      if patches <= limit { low = middle } else { high = middle }
    }
    return (aligned(width, low), aligned(height, low))
  }
}

extension ImageProcessor.Crop.Rounding {
  /// The central `count` of `total` places; begins below zero where there are fewer.
  func window(_ count: Int, of total: Int) -> Range<Int> {
    let first =
      switch self {
      case .down: (total - count) >> 1
      case .halfToEven where total >= count:
        Int((Double(total - count) / 2).rounded(.toNearestOrEven))
      case .halfToEven: -((count - total) / 2)
      }
    return first..<first + count
  }
}

extension Range<Int> {
  fileprivate func shifted(by distance: Int) -> Range<Int> {
    lowerBound + distance..<upperBound + distance
  }
}
