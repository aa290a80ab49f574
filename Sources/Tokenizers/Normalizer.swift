/// One step of what happens to a text before it is split: the `normalizer` of `tokenizer.json`.
indirect enum Normalizer: Sendable {
  case sequence([Normalizer])
  case form(NormalizationForm)
  case lowercase
  case strip(left: Bool, right: Bool)
  case stripAccents
  case prepend([UInt8])
  case replace(Pattern, with: [UInt8])
  case byteLevel
  case nmt
  case precompiled(PrecompiledMap)

  /// The text after this step.
  ///
  /// - Throws: ``TokenizerError/textTooLong(bytes:limit:)`` when rules make the text grow beyond
  ///   `Text.limit`, or ``TokenizerError/patternGaveUp(pattern:problem:)``.
  func apply(_ text: Text, search: RegularExpressionSearch) throws(TokenizerError) -> Text {
    if case .sequence(let steps) = self {
      var text = text
      for step in steps { text = try step.apply(text, search: search) }
      return text
    }
    let output = try step(text, search: search)
    try output.checkLimit()
    return output
  }

  private func step(_ text: Text, search: RegularExpressionSearch) throws(TokenizerError) -> Text {
    switch self {
    case .sequence: text
    case .form(let form): form.apply(text)
    case .lowercase: Self.lowercase(text)
    case .strip(let left, let right): Self.strip(text, left: left, right: right)
    case .stripAccents:
      Self.map(text) { UnicodeData.shared.facts($0).contains(.isMark) ? nil : $0 }
    case .prepend(let content): Self.prepend(content, to: text)
    case .replace(let pattern, let content):
      try Self.replace(pattern, with: content, in: text, search: search)
    case .byteLevel: ByteLevel.encode(text)
    case .nmt: Self.map(text, Self.nmt)
    case .precompiled(let map): map.apply(text)
    }
  }

  // MARK: Steps

  /// Each scalar's lower case by itself: a final sigma is an ordinary one, as in Rust.
  private static func lowercase(_ text: Text) -> Text {
    let data = UnicodeData.shared
    var output = Text(isTracking: text.isTracking)
    output.reserve(text.count)
    text.bytes.withUnsafeBufferPointer { bytes in
      var copied = 0
      var position = 0
      while position < bytes.count {
        let (scalar, width) = UTF8Scalars.decode(bytes, at: position)
        let lower = scalar == 0x130 ? 0x69 : data.lowercase(scalar)
        if lower != scalar {
          output.append(copying: copied..<position, of: text)
          let range = position..<position + width
          output.append(lower, replacing: range, of: text, anchor: position)
          // U+0130 is the only scalar whose lower case has a second scalar.
          if scalar == 0x130 {
            output.append(0x307, replacing: range, of: text, anchor: position)
          }
          copied = position + width
        }
        position += width
      }
      output.append(copying: copied..<bytes.count, of: text)
    }
    return output
  }

  private static func strip(_ text: Text, left: Bool, right: Bool) -> Text {
    let kept = text.bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      var end = bytes.count
      while left, start < end {
        let (scalar, width) = UTF8Scalars.decode(bytes, at: start)
        guard UnicodeData.isWhitespace(scalar) else { break }
        start += width
      }
      while right, end > start {
        let (scalar, width) = UTF8Scalars.decode(bytes, before: end)
        guard UnicodeData.isWhitespace(scalar) else { break }
        end -= width
      }
      return start..<end
    }
    guard kept.count < text.count else { return text }
    var output = Text(isTracking: text.isTracking)
    output.append(copying: kept, of: text)
    return output
  }

  static func prepend(_ content: [UInt8], to text: Text) -> Text {
    guard text.count > 0 else { return text }
    var output = Text(isTracking: text.isTracking)
    output.reserve(text.count + content.count)
    output.append(content, replacing: 0..<0, of: text, anchor: 0)
    output.append(copying: 0..<text.count, of: text)
    return output
  }

  static func replace(
    _ pattern: Pattern, with content: [UInt8], in text: Text, search: RegularExpressionSearch
  ) throws(TokenizerError) -> Text {
    var output = Text(isTracking: text.isTracking)
    output.reserve(text.count)
    var copied = 0
    try text.withBytes { bytes throws(TokenizerError) in
      try pattern.forEachMatch(in: bytes, search: search) { start, end in
        output.append(copying: copied..<start, of: text)
        // What replaces a run counts as standing where the run's last byte stood.
        output.append(content, replacing: start..<end, of: text, anchor: max(start, end - 1))
        copied = end
      }
    }
    output.append(copying: copied..<text.count, of: text)
    return output
  }

  /// Maps each scalar to one or none.
  private static func map(_ text: Text, _ change: (UInt32) -> UInt32?) -> Text {
    var output = Text(isTracking: text.isTracking)
    output.reserve(text.count)
    text.bytes.withUnsafeBufferPointer { bytes in
      var position = 0
      while position < bytes.count {
        let (scalar, width) = UTF8Scalars.decode(bytes, at: position)
        let range = position..<position + width
        switch change(scalar) {
        case scalar: output.append(copying: range, of: text)
        case .some(let new): output.append(new, replacing: range, of: text, anchor: position)
        case nil: break
        }
        position += width
      }
    }
    return output
  }

  /// SentencePiece's "nmt" rules: control characters go, exotic spaces become spaces.
  private static func nmt(_ scalar: UInt32) -> UInt32? {
    switch scalar {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
      0x20
    default: scalar
    }
  }
}
