import Pictures

/// One place of the grid.
package struct Cell: Hashable, Sendable {
  package var base: Unicode.Scalar
  package var marks: [Unicode.Scalar]
  /// 1 or 2 columns, or 0 for the second half of a wide character.
  package var width: UInt8
  package var style: Style

  package init(
    _ base: Unicode.Scalar, marks: [Unicode.Scalar] = [], width: UInt8 = 1, style: Style = .plain
  ) {
    self.base = base
    self.marks = marks
    self.width = width
    self.style = style
  }

  package static let blank = Cell(" ")

  package var isBlank: Bool { base == " " && marks.isEmpty && width == 1 }
  package var isSecondHalf: Bool { width == 0 }

  /// The cells of a text: a wide character is followed by its second half.
  package static func cells(of text: String, style: Style = .plain) -> [Cell] {
    var cells: [Cell] = []
    cells.reserveCapacity(text.utf8.count)
    for character in text { append(character, style: style, to: &cells) }
    return cells
  }

  static func append(_ character: Character, style: Style, to cells: inout [Cell]) {
    for glyph in Glyph.glyphs(of: character) {
      cells.append(
        Cell(glyph.base, marks: glyph.marks, width: UInt8(glyph.width), style: style))
      if glyph.width == 2 { cells.append(Cell(" ", width: 0, style: style)) }
    }
  }
}
