/// The four Unicode normalisation forms (UAX #15), over the reference's own tables.
struct NormalizationForm: Equatable, Sendable {
  let isCompatible: Bool
  let composes: Bool

  static let nfc = NormalizationForm(isCompatible: false, composes: true)
  static let nfd = NormalizationForm(isCompatible: false, composes: false)
  static let nfkc = NormalizationForm(isCompatible: true, composes: true)
  static let nfkd = NormalizationForm(isCompatible: true, composes: false)

  /// The text in this form.
  ///
  /// Works by segments: a scalar that neither changes nor combines with what stands before it
  /// starts one, and no rule reaches across. Almost all segments are single scalars and are
  /// copied in runs.
  func apply(_ text: borrowing Text) -> Text {
    var output = Text(isTracking: text.isTracking)
    output.reserve(text.count)
    text.bytes.withUnsafeBufferPointer { bytes in
      var scratch = Segment()
      var copied = 0
      var starter = 0
      var position = 0
      while position < bytes.count {
        // Below U+00A0 nothing changes in any form.
        if bytes[position] < 0x80 {
          starter = position
          position += 1
          continue
        }
        let (scalar, width) = UTF8Scalars.decode(bytes, at: position)
        if isInert(scalar) {
          starter = position
          position += width
          continue
        }
        var end = position + width
        while end < bytes.count {
          let (next, width) = UTF8Scalars.decode(bytes, at: end)
          if isInert(next) { break }
          end += width
        }
        output.append(copying: copied..<starter, of: text)
        normalize(starter..<end, of: text, bytes, using: &scratch, into: &output)
        copied = end
        starter = end
        position = end
      }
      output.append(copying: copied..<bytes.count, of: text)
    }
    return output
  }

  /// Whether a scalar always stays as it is and begins a segment.
  @inline(__always)
  private func isInert(_ scalar: UInt32) -> Bool {
    if scalar < 0xA0 { return true }
    let facts = UnicodeData.shared.facts(scalar)
    if facts.combiningClass != 0 { return false }
    if isCompatible, facts.contains(.decomposesCompatibly) { return false }
    return composes
      ? facts.isDisjoint(with: [.isExcluded, .composesBackward])
      : !facts.contains(.decomposes) && !Hangul.syllables.contains(scalar)
  }

  private func normalize(
    _ range: Range<Int>, of text: borrowing Text, _ bytes: Bytes, using segment: inout Segment,
    into output: inout Text
  ) {
    segment.scalars.removeAll(keepingCapacity: true)
    var position = range.lowerBound
    while position < range.upperBound {
      let (scalar, width) = UTF8Scalars.decode(bytes, at: position)
      segment.appendDecomposed(scalar, compatible: isCompatible)
      position += width
    }
    segment.order()
    if composes { segment.compose() }
    output.append(segment.utf8(), replacing: range, of: text, anchor: range.lowerBound)
  }
}

/// The scalars between two places that normalisation cannot reach across.
private struct Segment {
  var scalars: [UInt32] = []

  mutating func appendDecomposed(_ scalar: UInt32, compatible: Bool) {
    if Hangul.syllables.contains(scalar) {
      Hangul.decompose(scalar) { scalars.append($0) }
    } else if let parts = UnicodeData.shared.decomposition(scalar, compatible: compatible) {
      scalars.append(contentsOf: parts)
    } else {
      scalars.append(scalar)
    }
  }

  func utf8() -> [UInt8] {
    var bytes: [UInt8] = []
    for scalar in scalars { UTF8Scalars.append(scalar, to: &bytes) }
    return bytes
  }

  /// Canonical ordering: marks between two starters by class, equal classes as they stood.
  mutating func order() {
    let classes = scalars.map { UnicodeData.shared.facts($0).combiningClass }
    guard zip(classes, classes.dropFirst()).contains(where: { $0 > $1 && $1 != 0 }) else { return }
    var start = 0
    while start < scalars.count {
      var end = start
      while end < scalars.count, classes[end] != 0 { end += 1 }
      if end - start > 1 {
        let sorted = (start..<end).sorted { (classes[$0], $0) < (classes[$1], $1) }
        scalars.replaceSubrange(start..<end, with: sorted.map { scalars[$0] })
      }
      start = end + 1
    }
  }

  /// Canonical composition: each scalar joins the last starter unless something blocks it.
  mutating func compose() {
    var kept = 0
    var starter: Int?
    var lastClass: UInt8 = 0
    for scalar in scalars {
      let kind = UnicodeData.shared.facts(scalar).combiningClass
      if let starter, starter == kept - 1 || (lastClass != 0 && lastClass < kind),
        let composed = UnicodeData.shared.composition(scalars[starter], scalar)
      {
        scalars[starter] = composed
        continue
      }
      if kind == 0 { starter = kept }
      lastClass = kind
      scalars[kept] = scalar
      kept += 1
    }
    scalars.removeSubrange(kept...)
  }
}
