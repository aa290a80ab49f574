/// Text from files, made safe to print: a tensor name may hold terminal escapes.
extension String {
  /// The longest text, in scalars, that an error repeats.
  private static let longestQuotation = 120

  /// This text without control, format or bidirectional characters, shortened in the middle.
  package var escaped: String {
    var scalars = unicodeScalars.prefix(String.longestQuotation + 1).map(\.printable)
    if scalars.count > String.longestQuotation {
      let half = String.longestQuotation / 2
      scalars = scalars.prefix(half) + ["…"] + unicodeScalars.suffix(half).map(\.printable)
    }
    return scalars.joined()
  }

  /// This text in full, without control, format or bidirectional characters.
  package var escapedText: String { unicodeScalars.map(\.printable).joined() }

  /// This text, escaped, between single quotation marks.
  package var quoted: String { "'\(escaped)'" }
}

extension Unicode.Scalar {
  fileprivate var printable: String {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      "\\u{" + String(value, radix: 16) + "}"
    default:
      String(self)
    }
  }
}
