// The two passes of a resize. All arithmetic is on integers, so the order in which sums are
// computed does not show in the result.

/// Half of one, in the fixed point of the weights: where every sum starts.
private let half: Int32 = 1 << (ResampleAxis.precision - 1)

/// A fixed-point sum as a sample, clamped.
@inline(__always)
private func sample(_ sum: Int32) -> UInt8 {
  UInt8(truncatingIfNeeded: min(max(sum >> ResampleAxis.precision, 0), 255))
}

/// Resizes rows: `[rows, source, channels]` to `[rows, columns, channels]`.
struct HorizontalPass {
  private let bitmap: Bitmap
  private let axis: ResampleAxis
  /// The outputs wanted.
  private let columns: Range<Int>
  /// The rows of `bitmap` that are resized.
  private let rows: Range<Int>
  /// Which source column the first of `bitmap` is.
  private let origin: Int

  init(
    _ bitmap: Bitmap, _ axis: ResampleAxis, columns: Range<Int>, rows: Range<Int>, origin: Int
  ) {
    self.bitmap = bitmap
    self.axis = axis
    self.columns = columns
    self.rows = rows
    self.origin = origin
  }

  /// Weights are computed for a block of columns at a time, of about this many weights: very wide
  /// pictures would need more memory for weights than for pixels.
  private static let block = 1 << 20

  func run() -> Bitmap {
    if axis.isIdentity {
      let first = columns.lowerBound - origin
      return bitmap.cropped(
        to: PixelRectangle(columns: first..<first + columns.count, rows: rows))
    }
    return .filled(width: columns.count, height: rows.count, channels: bitmap.channels) { out in
      var done = columns.lowerBound
      while done < columns.upperBound {
        let first = done
        var starts: [Int] = []
        var counts: [Int] = []
        var weights: [Int32] = []
        while done < columns.upperBound, weights.count < Self.block {
          let sources = axis.sources(of: done)
          starts.append((sources.lowerBound - origin) * bitmap.channels)
          counts.append(sources.count)
          axis.appendWeights(of: done, to: &weights)
          done += 1
        }
        fill(out, from: first, starts: starts, counts: counts, weights: weights)
      }
    }
  }

  /// Computes a block of columns, of which `first` is the first, in every row.
  private func fill(
    _ out: UnsafeMutableBufferPointer<UInt8>, from first: Int, starts: [Int], counts: [Int],
    weights: [Int32]
  ) {
    let channels = bitmap.channels
    let target = (first - columns.lowerBound) * channels
    bitmap.pixels.withUnsafeBufferPointer { samples in
      weights.withUnsafeBufferPointer { weights in
        starts.withUnsafeBufferPointer { starts in
          counts.withUnsafeBufferPointer { counts in
            guard let samples = samples.baseAddress, let out = out.baseAddress,
              let weights = weights.baseAddress
            else { return }
            for row in rows {
              var result = out + (row - rows.lowerBound) * columns.count * channels + target
              let line = samples + row * bitmap.stride
              var weight = weights
              for index in 0..<starts.count {
                let pixel = line + starts[index]
                switch channels {
                case 1: dot1(pixel, weight, counts[index], result)
                case 3: dot3(pixel, weight, counts[index], result)
                default: dot4(pixel, weight, counts[index], result)
                }
                weight += counts[index]
                result += channels
              }
            }
          }
        }
      }
    }
  }
}

@inline(__always)
private func dot1(
  _ pixel: UnsafePointer<UInt8>, _ weights: UnsafePointer<Int32>, _ count: Int,
  _ out: UnsafeMutablePointer<UInt8>
) {
  var sum = half
  for index in 0..<count { sum &+= Int32(pixel[index]) &* weights[index] }
  out[0] = sample(sum)
}

@inline(__always)
private func dot3(
  _ pixel: UnsafePointer<UInt8>, _ weights: UnsafePointer<Int32>, _ count: Int,
  _ out: UnsafeMutablePointer<UInt8>
) {
  var (red, green, blue) = (half, half, half)
  var pixel = pixel
  for index in 0..<count {
    let weight = weights[index]
    red &+= Int32(pixel[0]) &* weight
    green &+= Int32(pixel[1]) &* weight
    blue &+= Int32(pixel[2]) &* weight
    pixel += 3
  }
  (out[0], out[1], out[2]) = (sample(red), sample(green), sample(blue))
}

@inline(__always)
private func dot4(
  _ pixel: UnsafePointer<UInt8>, _ weights: UnsafePointer<Int32>, _ count: Int,
  _ out: UnsafeMutablePointer<UInt8>
) {
  var sums = SIMD4<Int32>(repeating: half)
  var pixel = pixel
  for index in 0..<count {
    let samples = SIMD4<UInt8>(pixel[0], pixel[1], pixel[2], pixel[3])
    sums &+= SIMD4<Int32>(truncatingIfNeeded: samples) &* weights[index]
    pixel += 4
  }
  for channel in 0..<4 { out[channel] = sample(sums[channel]) }
}

/// Resizes columns: `[source, columns, channels]` to `[rows, columns, channels]`.
struct VerticalPass {
  private let bitmap: Bitmap
  private let axis: ResampleAxis
  /// The columns of `bitmap` that are resized.
  private let columns: Range<Int>
  /// The outputs wanted.
  private let rows: Range<Int>
  /// Which source row the first of `bitmap` is.
  private let origin: Int

  init(
    _ bitmap: Bitmap, _ axis: ResampleAxis, columns: Range<Int>, rows: Range<Int>,
    origin: Int = 0
  ) {
    self.bitmap = bitmap
    self.axis = axis
    self.columns = columns
    self.rows = rows
    self.origin = origin
  }

  /// Sums that are kept at a time; they stay in the nearest cache.
  private static let tile = 2048

  func run() -> Bitmap {
    if axis.isIdentity {
      let first = rows.lowerBound - origin
      return bitmap.cropped(
        to: PixelRectangle(columns: columns, rows: first..<first + rows.count))
    }
    let width = columns.count * bitmap.channels
    var weights: [Int32] = []
    var sums = [Int32](repeating: 0, count: min(width, Self.tile))
    return .filled(width: columns.count, height: rows.count, channels: bitmap.channels) { out in
      for row in rows {
        weights.removeAll(keepingCapacity: true)
        axis.appendWeights(of: row, to: &weights)
        let first = axis.sources(of: row).lowerBound - origin
        let target = UnsafeMutableBufferPointer(
          rebasing: out[(row - rows.lowerBound) * width..<(row - rows.lowerBound + 1) * width])
        sums.withUnsafeMutableBufferPointer { sums in
          weights.withUnsafeBufferPointer { fill(target, first: first, weights: $0, sums: sums) }
        }
      }
    }
  }

  /// Computes one row of the result from the rows of `bitmap` that begin at `first`.
  private func fill(
    _ out: UnsafeMutableBufferPointer<UInt8>, first: Int,
    weights: UnsafeBufferPointer<Int32>, sums: UnsafeMutableBufferPointer<Int32>
  ) {
    bitmap.pixels.withUnsafeBufferPointer { samples in
      guard let samples = samples.baseAddress, let sums = sums.baseAddress,
        let out = out.baseAddress
      else { return }
      let left = samples + columns.lowerBound * bitmap.channels
      let width = columns.count * bitmap.channels
      for start in stride(from: 0, to: width, by: Self.tile) {
        let count = min(Self.tile, width - start)
        for index in 0..<count { sums[index] = half }
        for (tap, weight) in weights.enumerated() {
          let line = left + (first + tap) * bitmap.stride + start
          for index in 0..<count { sums[index] &+= Int32(line[index]) &* weight }
        }
        for index in 0..<count { out[start + index] = sample(sums[index]) }
      }
    }
  }
}
