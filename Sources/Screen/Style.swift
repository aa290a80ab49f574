import Pictures

/// A colour of text: the terminal's own, one of its sixteen, or an exact one.
package enum Color: Hashable, Sendable {
  case standard
  /// 0..<16: black, red, green, yellow, blue, magenta, cyan, white, then the same but bright. The
  /// user chose how these look, so text takes its colours from here.
  case named(UInt8)
  case rgb(RGB)

  package static let red = Color.named(1)
  package static let green = Color.named(2)
  package static let yellow = Color.named(3)
  package static let blue = Color.named(4)
  package static let magenta = Color.named(5)
  package static let cyan = Color.named(6)
}

/// How a cell looks beside its character.
package struct Style: Hashable, Sendable {
  package struct Attributes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let bold = Attributes(rawValue: 1)
    package static let dim = Attributes(rawValue: 2)
    package static let underline = Attributes(rawValue: 4)
    package static let reverse = Attributes(rawValue: 8)
  }

  package var foreground: Color
  package var background: Color
  package var attributes: Attributes

  package init(
    foreground: Color = .standard, background: Color = .standard, _ attributes: Attributes = []
  ) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  package static let plain = Style()
  package static let bold = Style(.bold)
  package static let dim = Style(.dim)
  package static let reverse = Style(.reverse)
  package static let error = Style(foreground: .red, .bold)
  package static let warning = Style(foreground: .yellow)
  package static let success = Style(foreground: .green)
  package static let accent = Style(foreground: .cyan)
}
