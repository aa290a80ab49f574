import Pictures
import Screen

/// The colours of a terminal.
package enum TerminalColors: Hashable, Sendable {
  case none
  /// 8 or 16 colours that the user has chosen.
  case named(Int)
  case indexed256
  case direct

  /// Judges what the environment and the terminal's description say.
  ///
  /// - Parameters:
  ///   - count: the description's number of colours, 0 or less for none.
  ///   - hasDirectFlag: whether the description has `RGB` or `Tc`.
  package init(environment: [String: String], count: Int, hasDirectFlag: Bool) {
    // https://no-color.org: set and not empty means none.
    let refused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    let declared = environment["COLORTERM"] ?? ""
    if refused || count < 8 {
      self = .none
    } else if hasDirectFlag || declared == "truecolor" || declared == "24bit" {
      self = .direct
    } else if count >= 256 {
      self = .indexed256
    } else {
      self = .named(count >= 16 ? 16 : 8)
    }
  }

  /// The depth that pictures are best drawn with.
  package var depth: ColorDepth {
    switch self {
    case .none: .monochrome
    case .named: .named16
    case .indexed256: .indexed256
    case .direct: .trueColor
    }
  }

  /// The terminal's number for a colour; -1 for its own colour and for every colour it lacks.
  func number(of color: Color) -> Int {
    switch (color, self) {
    case (.standard, _), (_, .none): -1
    case (.named(let index), .named(let count)): Int(index) % count
    case (.named(let index), _): Int(index) % 16
    case (.rgb(let color), .named(let count)): Palette.nearestNamed(to: color, count: count)
    case (.rgb(let color), .indexed256): Palette.nearest256(to: color)
    // The entry for direct colour keeps the numbers below 16 for the named ones.
    case (.rgb(let color), .direct): color.hex < 16 ? 16 : color.hex
    }
  }

  /// Whether a bright colour has to be shown by weight because there are only eight.
  func needsBold(for color: Color) -> Bool {
    guard case .named(let index) = color, self == .named(8) else { return false }
    return index >= 8
  }
}
