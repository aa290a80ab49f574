/// A text on its way through normalisation, remembering as much of its origin as is asked.
///
/// Two things are remembered. `lead` is always known, because one setting depends on it: Metaspace
/// with `prepend_scheme` "first" prepends only to the piece that begins where the whole text does.
/// `sources` is kept only for callers that show tokens over the text, since it costs eight bytes
/// per byte.
struct Text {
  /// A range of UTF-8 offsets in the text as the caller gave it.
  struct Source {
    var start: Int32
    var end: Int32

    static func union(_ first: Source, _ last: Source) -> Source {
      Source(start: min(first.start, last.start), end: max(first.end, last.end))
    }
  }

  private(set) var bytes: [UInt8] = []
  /// Where each byte comes from; empty unless `isTracking`.
  private(set) var sources: [Source] = []
  /// How many of the first bytes come from the first scalar of the whole text.
  private(set) var lead: Int
  let isTracking: Bool
  /// Whether something was left out because the text would have grown beyond `limit`.
  private(set) var hasOverflowed = false

  /// Offsets are 32 bits wide, and a file's replacement rules must not fill the memory.
  static let limit = 1 << 26

  var count: Int { bytes.count }

  /// An empty text to be filled by a normaliser.
  init(isTracking: Bool) {
    lead = 0
    self.isTracking = isTracking
  }

  /// A piece of the text that the caller gave.
  init(original: Bytes, range: Range<Int>, isTracking: Bool) {
    bytes = Array(original[range])
    self.isTracking = isTracking
    lead = range.lowerBound == 0 && !range.isEmpty ? UTF8Scalars.width(original[0]) : 0
    guard isTracking else { return }
    sources.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      let end = position + UTF8Scalars.width(original[position])
      let source = Source(start: Int32(position), end: Int32(end))
      sources.append(contentsOf: repeatElement(source, count: end - position))
      position = end
    }
  }

  mutating func reserve(_ count: Int) {
    bytes.reserveCapacity(count)
    if isTracking { sources.reserveCapacity(count) }
  }

  /// Where the bytes of `range` come from together.
  func source(of range: Range<Int>) -> Source {
    guard isTracking, !sources.isEmpty else { return Source(start: 0, end: 0) }
    guard !range.isEmpty else {
      let near = sources[min(range.lowerBound, sources.count - 1)]
      return Source(start: near.start, end: near.start)
    }
    return sources[range.dropFirst()].reduce(sources[range.lowerBound], Source.union)
  }

  // MARK: Building one text from another

  /// Appends a stretch of `other` unchanged.
  mutating func append(copying range: Range<Int>, of other: borrowing Text) {
    guard !range.isEmpty, hasRoom(for: range.count) else { return }
    if range.lowerBound < other.lead, lead == bytes.count {
      lead += min(other.lead, range.upperBound) - range.lowerBound
    }
    other.bytes.withUnsafeBufferPointer { bytes.append(contentsOf: $0[range]) }
    if isTracking { sources.append(contentsOf: other.sources[range]) }
  }

  /// Appends one scalar in the place of `range` of `other`, which may be empty.
  ///
  /// - Parameter anchor: the byte of `other` whose origin decides whether the scalar counts as
  ///   the beginning of the text.
  @inline(__always)
  mutating func append(
    _ scalar: UInt32, replacing range: Range<Int>, of other: borrowing Text, anchor: Int
  ) {
    guard hasRoom(for: 4) else { return }
    let start = bytes.count
    UTF8Scalars.append(scalar, to: &bytes)
    note(from: start, replacing: range, of: other, anchor: anchor)
  }

  /// Appends bytes in the place of `range` of `other`, which may be empty.
  mutating func append(
    _ content: [UInt8], replacing range: Range<Int>, of other: borrowing Text, anchor: Int
  ) {
    guard hasRoom(for: content.count) else { return }
    let start = bytes.count
    bytes.append(contentsOf: content)
    note(from: start, replacing: range, of: other, anchor: anchor)
  }

  @inline(__always)
  private mutating func hasRoom(for more: Int) -> Bool {
    if bytes.count + more <= Self.limit { return true }
    hasOverflowed = true
    return false
  }

  @inline(__always)
  private mutating func note(
    from start: Int, replacing range: Range<Int>, of other: borrowing Text, anchor: Int
  ) {
    if anchor < other.lead, lead == start { lead = bytes.count }
    if isTracking {
      let source = other.source(of: range)
      sources.append(contentsOf: repeatElement(source, count: bytes.count - start))
    }
  }

  /// Whether this text's piece at `position` begins where the whole text does.
  func beginsText(at position: Int) -> Bool { position < lead }
}

extension Text {
  /// - Throws: ``TokenizerError/textTooLong(bytes:limit:)`` if something was left out.
  func checkLimit() throws(TokenizerError) {
    if hasOverflowed { throw .textTooLong(bytes: count, limit: Self.limit) }
  }

  /// Calls `body` with the bytes, forwarding the tokenizer errors that it throws.
  func withBytes<Result>(
    _ body: (Bytes) throws(TokenizerError) -> Result
  ) throws(TokenizerError) -> Result {
    try bytes.withUnsafeBufferPointer(body)
  }
}
