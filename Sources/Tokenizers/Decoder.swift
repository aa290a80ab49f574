/// One step of turning tokens back into text: the `decoder` of `tokenizer.json`.
indirect enum Decoder: Sendable {
  case sequence([Decoder])
  case byteLevel
  case replace(Pattern, with: [UInt8])
  /// Runs of "<0xNN>" become the text that those bytes are, or a "�" each.
  case byteFallback
  case fuse
  /// Removes up to `start` and `stop` copies of a character from the ends of each token.
  case strip(character: [UInt8], start: Int, stop: Int)
  case metaspace(replacement: [UInt8], prepends: Bool)
  /// Replaces an end-of-word suffix by a space, at the last token by nothing.
  case suffix([UInt8])

  private static let replacement = Array("\u{FFFD}".utf8)

  /// The pieces of text that the tokens become.
  func decode(
    _ tokens: [[UInt8]], search: RegularExpressionSearch
  ) throws(TokenizerError) -> [[UInt8]] {
    switch self {
    case .sequence(let steps):
      var tokens = tokens
      for step in steps { tokens = try step.decode(tokens, search: search) }
      return tokens
    case .byteLevel:
      let bytes = tokens.flatMap { ByteLevel.decode($0[...]) ?? $0 }
      return [Array(String(decoding: bytes, as: UTF8.self).utf8)]
    case .replace(let pattern, let content):
      return try Self.replace(pattern, with: content, in: tokens, search: search)
    case .byteFallback: return Self.decodeBytes(tokens)
    case .fuse: return [Array(tokens.joined())]
    case .strip(let character, let start, let stop):
      return tokens.map { Self.strip($0, character, start: start, stop: stop) }
    case .metaspace(let replacement, let prepends):
      return tokens.enumerated().map { index, token in
        let content: [UInt8] = index == 0 && prepends ? [] : [0x20]
        return Self.replacing(replacement, with: content, in: token)
      }
    case .suffix(let suffix):
      return tokens.enumerated().map { index, token in
        let content: [UInt8] = index == tokens.count - 1 ? [] : [0x20]
        return Self.replacing(suffix, with: content, in: token)
      }
    }
  }

  // MARK: What tokens look like, for showing single ones

  /// Whether tokens are spelled in visible stand-ins for bytes.
  var hasByteLevel: Bool {
    switch self {
    case .byteLevel: true
    case .sequence(let steps): steps.contains { $0.hasByteLevel }
    default: false
    }
  }

  /// What tokens have in place of a space, if they do.
  var spaceSpelling: [UInt8]? {
    switch self {
    case .metaspace(let replacement, _): replacement
    case .replace(.literal(let spelling), with: [0x20]): spelling
    case .sequence(let steps): steps.lazy.compactMap { $0.spaceSpelling }.first
    default: nil
    }
  }

  // MARK: Steps

  private static func replace(
    _ pattern: Pattern, with content: [UInt8], in tokens: [[UInt8]],
    search: RegularExpressionSearch
  ) throws(TokenizerError) -> [[UInt8]] {
    var replaced: [[UInt8]] = []
    replaced.reserveCapacity(tokens.count)
    for token in tokens {
      let text = token.withUnsafeBufferPointer {
        Text(original: $0, range: 0..<$0.count, isTracking: false)
      }
      let output = try Normalizer.replace(pattern, with: content, in: text, search: search)
      try output.checkLimit()
      replaced.append(output.bytes)
    }
    return replaced
  }

  static func replacing(
    _ needle: [UInt8], with content: [UInt8], in token: [UInt8]
  ) -> [UInt8] {
    guard !needle.isEmpty else { return token }
    var output: [UInt8] = []
    var position = 0
    while position < token.count {
      if token[position...].starts(with: needle) {
        output.append(contentsOf: content)
        position += needle.count
      } else {
        output.append(token[position])
        position += 1
      }
    }
    return output
  }

  private static func decodeBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var output: [[UInt8]] = []
    var run: [UInt8] = []
    func flush() {
      guard !run.isEmpty else { return }
      if String(validating: run, as: UTF8.self) != nil {
        output.append(run)
      } else {
        output.append(contentsOf: repeatElement(replacement, count: run.count))
      }
      run = []
    }
    for token in tokens {
      if let byte = ByteFallback.byte(token[...]) {
        run.append(byte)
      } else {
        flush()
        output.append(token)
      }
    }
    flush()
    return output
  }

  private static func strip(
    _ token: [UInt8], _ character: [UInt8], start: Int, stop: Int
  ) -> [UInt8] {
    var rest = token[...]
    var left = start
    while left > 0, rest.starts(with: character) {
      rest = rest.dropFirst(character.count)
      left -= 1
    }
    var right = stop
    while right > 0, rest.count >= character.count,
      rest.suffix(character.count).elementsEqual(character)
    {
      rest = rest.dropLast(character.count)
      right -= 1
    }
    return Array(rest)
  }
}
