/// How many columns one scalar takes.
///
/// The answer comes from a table (East Asian Width W and F, Unicode Standard Annex #11) and Swift's
/// own general categories, not from `wcwidth`: that depends on the process's locale, so the same
/// session would lay out differently in a test, in a pipe and under another LANG. The curses
/// backend asks `wcwidth` as well and replaces what the two disagree about, so that the cursor
/// cannot drift.
enum GlyphWidth {
  enum Kind: Hashable {
    /// Takes this many columns: 1 or 2.
    case spacing(Int)
    /// Sits on the character before it.
    case combining
    /// Shapes its neighbours but shows nothing itself: joiners and variation selectors.
    case invisible
    /// Never sent to a terminal as it is: controls, direction overrides, unassigned.
    case unprintable
  }

  static func kind(of scalar: Unicode.Scalar) -> Kind {
    let value = scalar.value
    if value < 0x7f { return value < 0x20 ? .unprintable : .spacing(1) }
    if value < 0xa0 { return .unprintable }
    if isJoinerOrSelector(value) { return .invisible }
    // Conjoining vowels and final consonants sit on the initial consonant's two columns.
    if (0x1160...0x11ff).contains(value) || (0xd7b0...0xd7ff).contains(value) { return .combining }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return .combining
    case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator:
      return .unprintable
    default: return .spacing(isWide(value) ? 2 : 1)
    }
  }

  private static func isJoinerOrSelector(_ value: UInt32) -> Bool {
    value == 0x200c || value == 0x200d || (0xfe00...0xfe0f).contains(value)
      || (0xe0100...0xe01ef).contains(value)
  }

  private static func isWide(_ value: UInt32) -> Bool {
    guard value >= 0x1100 else { return false }
    var low = 0
    var high = wideRanges.count
    while low < high {
      let middle = (low + high) / 2
      if wideRanges[middle].1 < value { low = middle + 1 } else { high = middle }
    }
    return low < wideRanges.count && wideRanges[low].0 <= value
  }

  /// Sorted ranges of wide scalars; gaps that hold only unassigned scalars are closed.
  private static let wideRanges: [(UInt32, UInt32)] = [
    (0x1100, 0x115f), (0x231a, 0x231b), (0x2329, 0x232a), (0x23e9, 0x23ec), (0x23f0, 0x23f0),
    (0x23f3, 0x23f3), (0x25fd, 0x25fe), (0x2614, 0x2615), (0x2648, 0x2653), (0x267f, 0x267f),
    (0x2693, 0x2693), (0x26a1, 0x26a1), (0x26aa, 0x26ab), (0x26bd, 0x26be), (0x26c4, 0x26c5),
    (0x26ce, 0x26ce), (0x26d4, 0x26d4), (0x26ea, 0x26ea), (0x26f2, 0x26f3), (0x26f5, 0x26f5),
    (0x26fa, 0x26fa), (0x26fd, 0x26fd), (0x2705, 0x2705), (0x270a, 0x270b), (0x2728, 0x2728),
    (0x274c, 0x274c), (0x274e, 0x274e), (0x2753, 0x2755), (0x2757, 0x2757), (0x2795, 0x2797),
    (0x27b0, 0x27b0), (0x27bf, 0x27bf), (0x2b1b, 0x2b1c), (0x2b50, 0x2b50), (0x2b55, 0x2b55),
    (0x2e80, 0x3029), (0x302e, 0x303e), (0x3041, 0x3096), (0x309b, 0xa4c6), (0xa960, 0xa97c),
    (0xac00, 0xd7a3), (0xf900, 0xfaff), (0xfe10, 0xfe19), (0xfe30, 0xfe6b), (0xff01, 0xff60),
    (0xffe0, 0xffe6), (0x16fe0, 0x16fe3), (0x16ff0, 0x1b2fb), (0x1f004, 0x1f004),
    (0x1f0cf, 0x1f0cf), (0x1f18e, 0x1f18e), (0x1f191, 0x1f19a), (0x1f200, 0x1f320),
    (0x1f32d, 0x1f335), (0x1f337, 0x1f37c), (0x1f37e, 0x1f393), (0x1f3a0, 0x1f3ca),
    (0x1f3cf, 0x1f3d3), (0x1f3e0, 0x1f3f0), (0x1f3f4, 0x1f3f4), (0x1f3f8, 0x1f43e),
    (0x1f440, 0x1f440), (0x1f442, 0x1f4fc), (0x1f4ff, 0x1f53d), (0x1f54b, 0x1f54e),
    (0x1f550, 0x1f567), (0x1f57a, 0x1f57a), (0x1f595, 0x1f596), (0x1f5a4, 0x1f5a4),
    (0x1f5fb, 0x1f64f), (0x1f680, 0x1f6c5), (0x1f6cc, 0x1f6cc), (0x1f6d0, 0x1f6d2),
    (0x1f6d5, 0x1f6df), (0x1f6eb, 0x1f6ec), (0x1f6f4, 0x1f6fc), (0x1f7e0, 0x1f7f0),
    (0x1f90c, 0x1f93a), (0x1f93c, 0x1f945), (0x1f947, 0x1f9ff), (0x1fa70, 0x1faff),
    (0x20000, 0x3fffd),
  ]
}
