extension String {
  /// The text with controls, direction overrides and unassigned scalars spelled `\u{1b}`, so
  /// that a label or file name can never steer a terminal. Newlines are spelled `\n`.
  package var escapingControls: String {
    guard unicodeScalars.contains(where: { GlyphWidth.kind(of: $0) == .unprintable }) else {
      return self
    }
    var safe = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if GlyphWidth.kind(of: scalar) == .unprintable {
        let spelled = scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
        safe.append(contentsOf: spelled.unicodeScalars)
      } else {
        safe.append(scalar)
      }
    }
    return String(safe)
  }
}
