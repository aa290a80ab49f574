/// What fills one or two columns: a scalar that advances the cursor and the marks that sit on it.
package struct Glyph: Hashable, Sendable {
  package let base: Unicode.Scalar
  /// At most ``markLimit``; more are dropped, as no terminal stacks them.
  package let marks: [Unicode.Scalar]
  /// 1 or 2.
  package let width: Int

  package static let markLimit = 4

  package init(_ base: Unicode.Scalar, width: Int, marks: [Unicode.Scalar] = []) {
    self.base = base
    self.width = width
    self.marks = marks
  }

  /// The glyphs that show a character, safe to send to any terminal.
  ///
  /// Terminals disagree about how many columns a sequence takes whose parts join into one picture,
  /// and after a wrong guess the cursor drifts. So only scalars on whose width all agree are sent:
  /// - a sequence joined by U+200D shows its parts side by side;
  /// - variation selectors and skin tones after an emoji are left out;
  /// - a flag is its two letters;
  /// - decomposed Hangul is composed;
  /// - controls, direction overrides and marks without a base are shown as `\u{…}`;
  /// - a tab is four blanks.
  ///
  /// Only what is shown changes, never the text itself.
  package static func glyphs(of character: Character) -> [Glyph] {
    if let ascii = character.asciiValue, ascii >= 0x20, ascii < 0x7f, character != "\r\n" {
      return [Glyph(Unicode.Scalar(ascii), width: 1)]
    }
    if character == "\t" { return Array(repeating: Glyph(" ", width: 1), count: 4) }
    let scalars = composedHangul(Array(character.unicodeScalars))
    var glyphs: [Glyph] = []
    for (index, scalar) in scalars.enumerated() {
      if let letter = regionalLetter(scalar) {
        glyphs.append(Glyph(letter, width: 1))
        continue
      }
      switch GlyphWidth.kind(of: scalar) {
      case .spacing(let width):
        let isTone = (0x1f3fb...0x1f3ff).contains(scalar.value)
        if isTone && index > 0 { continue }
        glyphs.append(Glyph(scalar, width: width))
      case .combining:
        guard let last = glyphs.last else {
          glyphs += escape(scalar)
          continue
        }
        guard last.marks.count < markLimit else { continue }
        glyphs[glyphs.count - 1] = Glyph(
          last.base, width: last.width, marks: last.marks + [scalar])
      case .invisible:
        if glyphs.isEmpty { glyphs += escape(scalar) }
      case .unprintable:
        // The tags that spell a regional flag belong to it; elsewhere they are hidden text.
        let isTag = (0xe0020...0xe007f).contains(scalar.value)
        if isTag && scalars[0].value == 0x1f3f4 { continue }
        glyphs += escape(scalar)
      }
    }
    return glyphs
  }

  /// The columns that a text takes on one line.
  package static func width(of text: String) -> Int {
    text.reduce(0) { $0 + width(of: $1) }
  }

  /// The columns that a character takes.
  package static func width(of character: Character) -> Int {
    glyphs(of: character).reduce(0) { $0 + $1.width }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> [Glyph] {
    let text: String
    switch scalar {
    case "\n": text = "\\n"
    case "\r": text = "\\r"
    default: text = "\\u{" + String(scalar.value, radix: 16) + "}"
    }
    return text.unicodeScalars.map { Glyph($0, width: 1) }
  }

  private static func regionalLetter(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    guard (0x1f1e6...0x1f1ff).contains(scalar.value) else { return nil }
    return Unicode.Scalar(scalar.value - 0x1f1e6 + 0x41)
  }

  /// Conjoining jamo at the start composed into a syllable (Unicode Standard, section 3.12).
  private static func composedHangul(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard scalars.count >= 2, (0x1100...0x1112).contains(scalars[0].value),
      (0x1161...0x1175).contains(scalars[1].value)
    else { return scalars }
    var value = 0xac00 + ((scalars[0].value - 0x1100) * 21 + scalars[1].value - 0x1161) * 28
    var used = 2
    if scalars.count > 2, (0x11a8...0x11c2).contains(scalars[2].value) {
      value += scalars[2].value - 0x11a7
      used = 3
    }
    guard let syllable = Unicode.Scalar(value) else { return scalars }
    return [syllable] + scalars[used...]
  }
}
