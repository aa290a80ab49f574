import COniguruma

/// A compiled regular expression over UTF-8, by the engine and with the syntax of the reference.
///
/// Oniguruma compiles with its own syntax ("Oniguruma", Ruby's with additions) and no options, as
/// the reference library does. Patterns come from checkpoints and may be hostile, so the length of
/// a pattern, the backtracking of each search and the size of its stack are limited.
///
/// - Note: `@unchecked Sendable` holds because Oniguruma never writes to a compiled expression
///   while searching: all state of a search lives in its region and match parameters, which belong
///   to a `RegularExpressionSearch` that is not shared. Both pointers are set once, here, and freed
///   in `deinit`.
final class RegularExpression: @unchecked Sendable {
  let pattern: String
  fileprivate let compiled: OnigRegex

  private static let patternLimit = 1 << 16

  /// Oniguruma's tables must be set up once, before any thread compiles.
  ///
  /// Its releases follow different Unicode versions, and the system's is seldom the one built into
  /// the reference. A scalar that is a letter in one and unassigned in the other is cut elsewhere,
  /// so the properties that tokenizers use are defined here as the reference has them: a
  /// user-defined property takes precedence over a built-in one of the same name.
  private static let library: Void = {
    var encodings: [OnigEncoding?] = [onigUTF8]
    onig_initialize(&encodings, 1)
    for property in UnicodeTables.properties {
      let ranges = UnicodeData.ranges(property.ranges)
      // Oniguruma keeps the address: a count, then the first and last scalar of each range.
      let table = UnsafeMutablePointer<OnigCodePoint>.allocate(capacity: 1 + 2 * ranges.count)
      table[0] = OnigCodePoint(ranges.count)
      for (index, range) in ranges.enumerated() {
        table[1 + 2 * index] = range.lowerBound
        table[2 + 2 * index] = range.upperBound - 1
      }
      property.name.withUTF8Buffer { name in
        let terminated = name.map { CChar($0) } + [0]
        _ = onig_unicode_define_user_property(terminated, table)
      }
    }
  }()

  /// - Throws: ``TokenizerError/pattern(source:path:pattern:problem:)``, naming `path` in `source`.
  init(_ pattern: String, source: String, path: String) throws(TokenizerError) {
    _ = Self.library
    var utf8 = Array(pattern.utf8)
    let problem: String?
    var compiled: OnigRegex?
    if utf8.count > Self.patternLimit {
      problem = "it has \(utf8.count) bytes, the limit is \(Self.patternLimit)"
    } else {
      utf8.append(0)  // never read: it gives the empty pattern an address
      var info = OnigErrorInfo()
      let code = utf8.withUnsafeBufferPointer { bytes -> CInt in
        let end = bytes.baseAddress.map { $0 + bytes.count - 1 }
        return onig_new(
          &compiled, bytes.baseAddress, end, OnigOptionType(ONIG_OPTION_NONE), onigUTF8,
          onigSyntax, &info)
      }
      problem = code == ONIG_NORMAL ? nil : Self.message(code, &info)
    }
    guard let compiled, problem == nil else {
      throw .pattern(
        source: source, path: path, pattern: pattern, problem: problem ?? "it does not compile")
    }
    self.pattern = pattern
    self.compiled = compiled
  }

  deinit { onig_free(compiled) }

  fileprivate static func message(_ code: CInt, _ info: inout OnigErrorInfo) -> String {
    var text = [OnigUChar](repeating: 0, count: Int(ONIG_MAX_ERROR_MESSAGE_LEN) + 1)
    let count = onig_shim_error_text(&text, code, &info)
    return String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
  }
}

// Written as functions of pointers because Swift imports the C globals as mutable variables.
private nonisolated(unsafe) let onigUTF8 = onig_shim_utf8()
private nonisolated(unsafe) let onigSyntax = onig_shim_syntax()

/// What one thread needs to search: reused from search to search, never shared.
final class RegularExpressionSearch {
  private let region: UnsafeMutablePointer<OnigRegion>?
  private let parameters: OpaquePointer?

  init() {
    region = onig_region_new()
    parameters = onig_new_match_param()
    // 40 bytes each: about 160 MB before a search is stopped.
    onig_set_match_stack_limit_size_of_match_param(parameters, 1 << 22)
  }

  deinit {
    if let region { onig_region_free(region, 1) }
    if let parameters { onig_free_match_param(parameters) }
  }

  /// Calls `body` with the start and end of each match in `text`, left to right.
  ///
  /// Matches do not overlap; an empty one is skipped where the last match ended.
  /// - Throws: ``TokenizerError/patternGaveUp(pattern:problem:)`` when a search passes its limits.
  func forEachMatch(
    of expression: RegularExpression, in text: Bytes, _ body: (Int, Int) -> Void
  ) throws(TokenizerError) {
    guard let base = text.baseAddress, let region else { return }
    // Ten million at one place is the reference's limit, which an exponential pattern passes at
    // once. The reference lets a search go on for ever from place to place; here a thousand a byte
    // must do, which even an expression of a thousand alternatives keeps to.
    onig_set_retry_limit_in_match_of_match_param(parameters, 10_000_000)
    onig_set_retry_limit_in_search_of_match_param(
      parameters, 100_000_000 + 1000 * UInt(text.count))
    let end = base + text.count
    var from = 0
    var lastMatchEnd = -1
    // Each search has those limits to itself, and there may be one for every byte.
    let deadline = ContinuousClock.now + .seconds(10) + .microseconds(100) * text.count
    var searches = 0
    while from <= text.count {
      searches += 1
      if searches % 8 == 0, ContinuousClock.now > deadline {
        throw .patternGaveUp(
          pattern: expression.pattern, problem: "it takes too long for \(text.count) bytes")
      }
      let code = onig_search_with_param(
        expression.compiled, base, end, base + from, end, region,
        OnigOptionType(ONIG_OPTION_NONE), parameters)
      if code == ONIG_MISMATCH { return }
      guard code >= 0 else { throw gaveUp(expression, code) }
      let matchStart = Int(region.pointee.beg[0])
      let matchEnd = Int(region.pointee.end[0])
      // `\K` inside a look-around can report matches that run backwards.
      guard from <= matchStart, matchStart <= matchEnd, isBoundary(matchStart, of: text),
        isBoundary(matchEnd, of: text)
      else {
        throw .patternGaveUp(
          pattern: expression.pattern, problem: "its match ends before it starts")
      }
      if matchStart == matchEnd, matchEnd == lastMatchEnd {
        from += from < text.count ? UTF8Scalars.width(text[from]) : 1
        continue
      }
      from = matchEnd
      lastMatchEnd = matchEnd
      body(matchStart, matchEnd)
    }
  }

  @inline(__always)
  private func isBoundary(_ position: Int, of text: Bytes) -> Bool {
    position == text.count || text[position] & 0xC0 != 0x80
  }

  private func gaveUp(_ expression: RegularExpression, _ code: CInt) -> TokenizerError {
    var info = OnigErrorInfo()
    return .patternGaveUp(
      pattern: expression.pattern, problem: RegularExpression.message(code, &info))
  }
}
