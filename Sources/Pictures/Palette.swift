/// The colours that indexed terminals are taken to have.
package enum Palette {
  /// xterm's 256 colours: 16 named ones, a 6×6×6 cube, 24 greys.
  ///
  /// Users may redefine the first 16, so nothing maps a picture onto them while the others exist.
  package static let xterm256: [RGB] = makeXterm256()

  /// The index in 16..<256 of the colour nearest to `color`, exact for the members themselves.
  package static func nearest256(to color: RGB) -> Int {
    func level(_ value: UInt8) -> Int {
      // Midpoints between 0, 95, 135, 175, 215, 255.
      value < 48 ? 0 : value < 115 ? 1 : (Int(value) - 35) / 40
    }
    let (r, g, b) = (level(color.red), level(color.green), level(color.blue))
    let cube = 16 + 36 * r + 6 * g + b
    let mean = (Int(color.red) + Int(color.green) + Int(color.blue)) / 3
    let grey = 232 + min(23, max(0, (mean - 3) / 10))
    return distance(xterm256[grey], color) < distance(xterm256[cube], color) ? grey : cube
  }

  /// The index, below `count` (8 or 16), of the named colour nearest to `color`.
  package static func nearestNamed(to color: RGB, count: Int) -> Int {
    var best = 0
    for index in 1..<max(2, min(16, count))
    where distance(xterm256[index], color) < distance(xterm256[best], color) {
      best = index
    }
    return best
  }

  /// Squared distance with the weights of human vision: green counts most, blue least.
  private static func distance(_ a: RGB, _ b: RGB) -> Int {
    let red = Int(a.red) - Int(b.red)
    let green = Int(a.green) - Int(b.green)
    let blue = Int(a.blue) - Int(b.blue)
    return 3 * red * red + 6 * green * green + blue * blue
  }

  private static func makeXterm256() -> [RGB] {
    let named = [
      0x000000, 0x800000, 0x008000, 0x808000, 0x000080, 0x800080, 0x008080, 0xc0c0c0,
      0x808080, 0xff0000, 0x00ff00, 0xffff00, 0x0000ff, 0xff00ff, 0x00ffff, 0xffffff,
    ]
    let levels: [UInt8] = [0, 95, 135, 175, 215, 255]
    var colors = named.map { RGB(hex: $0) }
    for red in levels {
      for green in levels {
        for blue in levels { colors.append(RGB(red, green, blue)) }
      }
    }
    for step in 0..<24 {
      let value = UInt8(8 + 10 * step)
      colors.append(RGB(value, value, value))
    }
    return colors
  }
}
