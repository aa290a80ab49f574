/// ASCII for the few characters that the screen itself draws with, and `?` for all others.
enum ASCIIFallback {
  static func scalar(for scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar.value >= 0x20, scalar.value < 0x7f { return scalar }
    return table[scalar] ?? "?"
  }

  private static let table: [Unicode.Scalar: Unicode.Scalar] = [
    "│": "|", "─": "-", "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+",
    "…": ".", "·": ".", "•": "*", "–": "-", "—": "-", "×": "x", "✓": "v", "✗": "x",
    "←": "<", "→": ">", "↑": "^", "↓": "v", "“": "\"", "”": "\"", "‘": "'", "’": "'",
    "█": "#", "▓": "#", "▒": "=", "░": "-", "▀": "\"", "▄": "_", "\u{a0}": " ",
  ]
}
