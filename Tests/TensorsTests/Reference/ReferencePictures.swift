extension Reference {
  /// The lengths of a convolution or pooling over `[B, C, H, W]`.
  struct PictureShape: CustomStringConvertible {
    var batch = 1
    var channels: Int
    var height: Int
    var width: Int

    var count: Int { batch * channels * height * width }
    var array: [Int] { [batch, channels, height, width] }
    var description: String { "\(array)" }

    func index(_ b: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
      ((b * channels + c) * height + y) * width + x
    }
  }

  /// How one spatial window moves.
  struct WindowShape: CustomStringConvertible {
    var height: Int
    var width: Int
    var stride = 1
    var padding = 0

    var description: String { "\(height)×\(width) stride \(stride) padding \(padding)" }

    func output(_ shape: PictureShape, channels: Int) -> PictureShape {
      PictureShape(
        batch: shape.batch, channels: channels,
        height: (shape.height + 2 * padding - height) / stride + 1,
        width: (shape.width + 2 * padding - width) / stride + 1)
    }
  }

  /// Cross-correlation with `weight [O, C, h, w]`, zeros around the picture.
  static func convolution<T: ReferenceNumber>(
    _ x: [T], _ shape: PictureShape, weight: [T], bias: [T], _ window: WindowShape
  ) -> [T] {
    let output = window.output(shape, channels: bias.count)
    return cells(of: output) { b, o, row, column in
      var sum = bias[o]
      for c in 0..<shape.channels {
        for dy in 0..<window.height {
          for dx in 0..<window.width {
            let y = row * window.stride - window.padding + dy
            let x0 = column * window.stride - window.padding + dx
            guard y >= 0, y < shape.height, x0 >= 0, x0 < shape.width else { continue }
            let tap = ((o * shape.channels + c) * window.height + dy) * window.width + dx
            sum += x[shape.index(b, c, y, x0)] * weight[tap]
          }
        }
      }
      return sum
    }
  }

  /// Each window's cells, those in the padding as nil, turned into one value.
  static func pooled<T: ReferenceNumber>(
    _ x: [T], _ shape: PictureShape, _ window: WindowShape, _ value: ([T?]) -> T
  ) -> [T] {
    cells(of: window.output(shape, channels: shape.channels)) { b, c, row, column in
      value(
        (0..<window.height * window.width).map { cell in
          let y = row * window.stride - window.padding + cell / window.width
          let left = column * window.stride - window.padding + cell % window.width
          let isInside = y >= 0 && y < shape.height && left >= 0 && left < shape.width
          return isInside ? x[shape.index(b, c, y, left)] : nil
        })
    }
  }

  static func averagePool<T: ReferenceNumber>(
    _ x: [T], _ shape: PictureShape, _ window: WindowShape
  ) -> [T] {
    pooled(x, shape, window) { cells in
      cells.reduce(0) { $0 + ($1 ?? 0) } / T(cells.count)
    }
  }

  static func maxPool<T: ReferenceNumber>(
    _ x: [T], _ shape: PictureShape, _ window: WindowShape
  ) -> [T] {
    pooled(x, shape, window) { cells in cells.compactMap { $0 }.max() ?? -.infinity }
  }

  static func channelAffine<T: ReferenceNumber>(
    _ x: [T], _ shape: PictureShape, scale: [T], shift: [T]
  ) -> [T] {
    x.indices.map { index in
      let channel = index / (shape.height * shape.width) % shape.channels
      return x[index] * scale[channel] + shift[channel]
    }
  }

  /// Squares of `size` pixels, row by row, each channel first.
  static func patches<T>(_ x: [T], _ shape: PictureShape, size: Int) -> [T] {
    var y: [T] = []
    for b in 0..<shape.batch {
      for row in 0..<shape.height / size {
        for column in 0..<shape.width / size {
          for c in 0..<shape.channels {
            for dy in 0..<size {
              for dx in 0..<size {
                y.append(x[shape.index(b, c, row * size + dy, column * size + dx)])
              }
            }
          }
        }
      }
    }
    return y
  }

  private static func cells<T>(
    of shape: PictureShape, _ value: (Int, Int, Int, Int) -> T
  ) -> [T] {
    (0..<shape.count).map { index in
      let (line, column) = index.quotientAndRemainder(dividingBy: shape.width)
      let (plane, row) = line.quotientAndRemainder(dividingBy: shape.height)
      return value(plane / shape.channels, plane % shape.channels, row, column)
    }
  }
}
