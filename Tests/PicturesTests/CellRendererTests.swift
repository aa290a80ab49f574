import Media
import Pictures
import Testing

/// A picture whose colour at each pixel `color` gives.
func bitmap(_ width: Int, _ height: Int, _ color: (Int, Int) -> RGB) throws -> Bitmap {
  var pixels: [UInt8] = []
  for y in 0..<height {
    for x in 0..<width {
      let pixel = color(x, y)
      pixels += [pixel.red, pixel.green, pixel.blue]
    }
  }
  return try Bitmap(width: width, height: height, channels: 3, pixels: pixels)
}

let black = RGB(0, 0, 0)
let white = RGB(255, 255, 255)

@Suite struct CellRendererTests {
  @Test(arguments: SymbolSet.allCases, ColorDepth.allCases)
  func everyCombinationFillsTheCanvasWithItsOwnSymbols(symbols: SymbolSet, colors: ColorDepth)
    throws
  {
    let picture = try bitmap(40, 40) { x, y in RGB(UInt8(x * 6), UInt8(y * 6), 128) }
    let cells = try CellRenderer(symbols: symbols, colors: colors)
      .render(picture, columns: 30, rows: 10)
    #expect(cells.columns == 20)
    #expect(cells.rows == 10)
    #expect(cells.cells.count == 200)
    for cell in cells.cells {
      switch symbols {
      case .ascii: #expect((0x20..<0x7f).contains(cell.scalar.value))
      case .halfBlocks: #expect(" ▀▄█".unicodeScalars.contains(cell.scalar))
      case .symbols: #expect(cell.scalar.value >= 0x20)
      }
      switch colors {
      case .monochrome:
        #expect(cell.foreground == nil)
        #expect(cell.background == nil)
      case .named16, .indexed256:
        let shown = colors == .named16 ? Array(Palette.xterm256[..<16]) : Palette.xterm256
        if let foreground = cell.foreground { #expect(shown.contains(foreground)) }
        if let background = cell.background { #expect(shown.contains(background)) }
      case .trueColor: break
      }
    }
  }

  @Test func asciiShowsALeftToRightGradientInOrder() throws {
    let picture = try bitmap(100, 10) { x, _ in
      RGB(UInt8(x * 255 / 99), UInt8(x * 255 / 99), UInt8(x * 255 / 99))
    }
    let cells = try CellRenderer(symbols: .ascii, colors: .monochrome)
      .stretch(picture, columns: 10, rows: 1)
    #expect(cells.lines == [" .:-=+*#%@"])
  }

  @Test func halfBlocksShowTwoPixelsInOneCell() throws {
    let picture = try bitmap(8, 8) { _, y in y < 4 ? RGB(255, 0, 0) : RGB(0, 0, 255) }
    let cells = try CellRenderer(symbols: .halfBlocks, colors: .trueColor)
      .stretch(picture, columns: 1, rows: 1)
    let cell = cells[0, 0]
    let top = cell.scalar == "▀" ? cell.foreground : cell.background
    let bottom = cell.scalar == "▀" ? cell.background : cell.foreground
    #expect("▀▄".unicodeScalars.contains(cell.scalar))
    #expect(top == RGB(255, 0, 0))
    #expect(bottom == RGB(0, 0, 255))
  }

  @Test func transparentPixelsShowTheBackdrop() throws {
    let clear = try Bitmap(width: 2, height: 2, channels: 4, pixels: Array(repeating: 0, count: 16))
    let renderer = CellRenderer(
      symbols: .ascii, colors: .trueColor, backdrop: RGB(10, 200, 30))
    #expect(try renderer.stretch(clear, columns: 1, rows: 1)[0, 0].foreground == RGB(10, 200, 30))
  }

  @Test func greyPicturesStayGrey() throws {
    let grey = try Bitmap(width: 1, height: 1, channels: 1, pixels: [77])
    let cells = try CellRenderer(symbols: .ascii, colors: .trueColor)
      .stretch(grey, columns: 3, rows: 2)
    #expect(cells.cells.allSatisfy { $0.foreground == RGB(77, 77, 77) })
  }

  @Test(arguments: [
    (100, 100, 80, 24, 48, 24), (300, 100, 80, 24, 80, 13), (100, 300, 80, 24, 16, 24),
    (10000, 1, 80, 24, 80, 1), (1, 10000, 80, 24, 1, 24), (5, 5, 0, -3, 1, 1),
  ])
  func canvasKeepsProportions(
    width: Int, height: Int, columns: Int, rows: Int, fitColumns: Int, fitRows: Int
  ) {
    let size = CellRenderer(symbols: .ascii, colors: .monochrome)
      .fit(width: width, height: height, columns: columns, rows: rows)
    #expect(size == (fitColumns, fitRows))
  }

  @Test func anImpossibleCanvasIsAnError() throws {
    let picture = try bitmap(1, 1) { _, _ in white }
    let renderer = CellRenderer(symbols: .symbols, colors: .trueColor)
    #expect(throws: PictureError.canvasSize(columns: 0, rows: 5, limit: 1000)) {
      try renderer.stretch(picture, columns: 0, rows: 5)
    }
    #expect(throws: PictureError.canvasSize(columns: 5, rows: 1001, limit: 1000)) {
      try renderer.stretch(picture, columns: 5, rows: 1001)
    }
  }

  @Test func paletteMembersMapToThemselves() {
    for index in 16..<256 {
      let color = Palette.xterm256[index]
      #expect(Palette.xterm256[Palette.nearest256(to: color)] == color)
    }
    for index in 0..<16 {
      #expect(Palette.nearestNamed(to: Palette.xterm256[index], count: 16) == index)
    }
  }

  @Test func gridLinesSeparatePartsOfAnEnlargedPicture() throws {
    let picture = try bitmap(4, 2) { x, _ in x < 2 ? RGB(10, 20, 30) : RGB(200, 100, 50) }
    let grid = try picture.withGrid(rows: 1, columns: 2)
    #expect((grid.width, grid.height) == (512, 256))
    func at(_ x: Int, _ y: Int) -> [UInt8] {
      Array(grid.pixels[(y * 512 + x) * 3..<(y * 512 + x) * 3 + 3])
    }
    #expect(at(255, 9) == [10, 20, 30])
    #expect(at(256, 9) == [72, 228, 178])
    #expect(at(257, 9) == [200, 100, 50])
    #expect(throws: PictureError.self) { try picture.withGrid(rows: 0, columns: 2) }
  }

  @Test func reductionKeepsProportionsAndMeans() throws {
    let picture = try bitmap(400, 200) { x, _ in x % 2 == 0 ? black : RGB(200, 100, 50) }
    let small = try picture.reduced(toFit: 100)
    #expect(small.width == 100)
    #expect(small.height == 50)
    #expect(Array(small.pixels[..<3]) == [100, 50, 25])
    #expect(try picture.reduced(toFit: 1000).width == 400)
  }
}
