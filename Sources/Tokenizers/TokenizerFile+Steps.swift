import JSONDocuments

/// Normalisers, pre-tokenizers and decoders: sequences of small steps.
extension TokenizerFile {
  // MARK: Normalisers

  /// The file's normaliser, or nil if it has none.
  func normalizer() throws(TokenizerError) -> Normalizer? {
    guard let setting = try root.member("normalizer") else { return nil }
    return try normalizer(setting, depth: 0)
  }

  private func normalizer(_ setting: Setting, depth: Int) throws(TokenizerError) -> Normalizer {
    switch try setting.type() {
    case "Sequence":
      var steps: [Normalizer] = []
      for step in try self.steps(setting, "normalizers", depth: depth) {
        steps.append(try normalizer(step, depth: depth + 1))
      }
      return .sequence(steps)
    case "NFC": return try bare(setting, .form(.nfc))
    case "NFD": return try bare(setting, .form(.nfd))
    case "NFKC": return try bare(setting, .form(.nfkc))
    case "NFKD": return try bare(setting, .form(.nfkd))
    case "Lowercase": return try bare(setting, .lowercase)
    case "StripAccents": return try bare(setting, .stripAccents)
    case "ByteLevel": return try bare(setting, .byteLevel)
    case "Nmt": return try bare(setting, .nmt)
    case "Strip":
      try setting.allowOnly(["type", "strip_left", "strip_right"])
      return .strip(
        left: try setting.bool("strip_left", default: true),
        right: try setting.bool("strip_right", default: true))
    case "Prepend":
      try setting.allowOnly(["type", "prepend"])
      return .prepend(try setting.required("prepend").bytes())
    case "Replace":
      try setting.allowOnly(["type", "pattern", "content"])
      return .replace(
        try pattern(setting.required("pattern")), with: try setting.required("content").bytes())
    case "Precompiled": return .precompiled(try precompiledMap(setting))
    case let name:
      throw try setting.required("type").unsupported(
        name,
        supported: [
          "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents",
          "Prepend", "Replace", "Precompiled", "ByteLevel", "Nmt",
        ])
    }
  }

  private func precompiledMap(_ setting: Setting) throws(TokenizerError) -> PrecompiledMap {
    try setting.allowOnly(["type", "precompiled_charsmap"])
    let encoded = try setting.required("precompiled_charsmap")
    guard let bytes = Base64.decode(try encoded.bytes()), let map = PrecompiledMap(bytes) else {
      throw encoded.invalid("this is not a compiled character map in base 64")
    }
    return map
  }

  // MARK: Pre-tokenizers

  func preTokenizer(_ setting: Setting, depth: Int = 0) throws(TokenizerError) -> [PreTokenizer] {
    switch try setting.type() {
    case "Sequence":
      var steps: [PreTokenizer] = []
      for step in try self.steps(setting, "pretokenizers", depth: depth) {
        steps += try preTokenizer(step, depth: depth + 1)
      }
      return steps
    case "ByteLevel": return try byteLevelSteps(setting)
    case "Metaspace": return try metaspaceSteps(setting)
    case "Split":
      try setting.allowOnly(["type", "pattern", "behavior", "invert"])
      let splitter = Splitter(
        pattern: try pattern(setting.required("pattern")),
        behavior: try setting.required("behavior").choice(Splitter.Behavior.self),
        inverted: try setting.bool("invert", default: false))
      return [.split(splitter)]
    case "Digits":
      try setting.allowOnly(["type", "individual_digits"])
      let single = try setting.bool("individual_digits", default: false)
      let isNumeric = Pattern.scalars { UnicodeData.shared.facts($0).contains(.isNumeric) }
      return [split(isNumeric, single ? .isolated : .contiguous)]
    case "Punctuation":
      try setting.allowOnly(["type", "behavior"])
      let behavior =
        try setting.member("behavior")?.choice(Splitter.Behavior.self) ?? .isolated
      return [
        split(.scalars { UnicodeData.shared.facts($0).contains(.isPunctuation) }, behavior)
      ]
    case "Whitespace":
      return try bare(
        setting, [.split(Splitter(pattern: .words, behavior: .removed, inverted: true))])
    case "WhitespaceSplit":
      return try bare(setting, [split(.scalars(UnicodeData.isWhitespace), .removed)])
    case "CharDelimiterSplit":
      try setting.allowOnly(["type", "delimiter"])
      return [split(.literal(try setting.required("delimiter").character()), .removed)]
    case let name:
      throw try setting.required("type").unsupported(
        name,
        supported: [
          "Sequence", "ByteLevel", "Metaspace", "Split", "Digits", "Punctuation", "Whitespace",
          "WhitespaceSplit", "CharDelimiterSplit",
        ])
    }
  }

  private func split(_ pattern: Pattern, _ behavior: Splitter.Behavior) -> PreTokenizer {
    .split(Splitter(pattern: pattern, behavior: behavior, inverted: false))
  }

  private func byteLevelSteps(_ setting: Setting) throws(TokenizerError) -> [PreTokenizer] {
    try setting.allowOnly(["type", "add_prefix_space", "trim_offsets", "use_regex"])
    _ = try setting.bool("trim_offsets", default: true)  // concerns offsets alone
    var steps: [PreTokenizer] = []
    if try setting.bool("add_prefix_space", default: true) { steps.append(.prefixSpace) }
    if try setting.bool("use_regex", default: true) {
      let words = try RegularExpression(
        ByteLevel.wordPattern, source: setting.source, path: setting.path)
      steps.append(split(.expression(words), .isolated))
    }
    return steps + [.byteLevel]
  }

  private func metaspaceSteps(_ setting: Setting) throws(TokenizerError) -> [PreTokenizer] {
    let (replacement, scheme) = try metaspace(setting)
    let rewriting = PreTokenizer.metaspace(replacement: replacement, scheme: scheme)
    guard try setting.bool("split", default: true) else { return [rewriting] }
    return [rewriting, split(.literal(replacement), .mergedWithNext)]
  }

  /// What a Metaspace pre-tokenizer and a Metaspace decoder have in common.
  private func metaspace(
    _ setting: Setting
  ) throws(TokenizerError) -> (replacement: [UInt8], scheme: PreTokenizer.PrependScheme) {
    try setting.allowOnly([
      "type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep",
    ])
    var scheme =
      try setting.member("prepend_scheme")?.choice(PreTokenizer.PrependScheme.self) ?? .always
    // Older files have a switch in place of the scheme.
    if let prefix = try setting.member("add_prefix_space"),
      try !setting.bool("add_prefix_space", default: true)
    {
      guard try setting.member("prepend_scheme") == nil || scheme == .never else {
        throw prefix.invalid("false contradicts prepend_scheme \"\(scheme.rawValue)\"")
      }
      scheme = .never
    }
    return (try setting.required("replacement").character(), scheme)
  }

  // MARK: Decoders

  func decoder(_ setting: Setting, depth: Int = 0) throws(TokenizerError) -> Decoder {
    switch try setting.type() {
    case "Sequence":
      var steps: [Decoder] = []
      for step in try self.steps(setting, "decoders", depth: depth) {
        steps.append(try decoder(step, depth: depth + 1))
      }
      return .sequence(steps)
    case "ByteLevel":
      try setting.allowOnly(["type", "add_prefix_space", "trim_offsets", "use_regex"])
      return .byteLevel
    case "Replace":
      try setting.allowOnly(["type", "pattern", "content"])
      return .replace(
        try pattern(setting.required("pattern")), with: try setting.required("content").bytes())
    case "ByteFallback": return try bare(setting, .byteFallback)
    case "Fuse": return try bare(setting, .fuse)
    case "Strip":
      try setting.allowOnly(["type", "content", "start", "stop"])
      return .strip(
        character: try setting.required("content").character(),
        start: try setting.required("start").integer(in: 0...Int(Int32.max)),
        stop: try setting.required("stop").integer(in: 0...Int(Int32.max)))
    case "Metaspace":
      let (replacement, scheme) = try metaspace(setting)
      return .metaspace(replacement: replacement, prepends: scheme != .never)
    case "BPEDecoder":
      try setting.allowOnly(["type", "suffix"])
      return .suffix(try setting.member("suffix")?.bytes() ?? Array("</w>".utf8))
    case let name:
      throw try setting.required("type").unsupported(
        name,
        supported: [
          "Sequence", "ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Metaspace",
          "BPEDecoder",
        ])
    }
  }

  // MARK: What they share

  private func steps(
    _ setting: Setting, _ key: String, depth: Int
  ) throws(TokenizerError) -> [Setting] {
    try setting.allowOnly(["type", key])
    guard depth < Self.depthLimit else {
      throw .tooLarge(
        source: setting.source, path: setting.path, value: depth + 1, limit: Self.depthLimit)
    }
    return try setting.required(key).elements(limit: Self.stepLimit)
  }

  /// A part that has no settings.
  private func bare<Part>(_ setting: Setting, _ part: Part) throws(TokenizerError) -> Part {
    try setting.allowOnly(["type"])
    return part
  }

  /// `{"String": …}` or `{"Regex": …}`.
  private func pattern(_ setting: Setting) throws(TokenizerError) -> Pattern {
    try setting.allowOnly(["String", "Regex"])
    if let literal = try setting.member("String") {
      let bytes = try literal.bytes()
      try checkLength(bytes.count, literal)
      // The empty string matches between all characters, which an expression does as well.
      guard bytes.isEmpty else { return .literal(bytes) }
      return .expression(try RegularExpression("", source: setting.source, path: setting.path))
    }
    let expression = try setting.required("Regex")
    return .expression(
      try RegularExpression(
        expression.string(), source: expression.source, path: expression.path))
  }
}

/// Base 64 with the standard alphabet and padding.
enum Base64 {
  /// The bytes, or nil if some character does not belong.
  static func decode(_ text: [UInt8]) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var bits: UInt32 = 0
    var count: UInt32 = 0
    for character in text {
      if character == UInt8(ascii: "=") { break }
      guard let value = value(character) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return bytes
  }

  private static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
