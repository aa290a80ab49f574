/// The Unicode properties that tokenizers depend on, exactly as the reference library has them.
///
/// The reference normalises with one Unicode version and lower-cases with another, and so does
/// this: the standard library's properties would give other ids for scalars assigned in between.
/// `Tests/Reference/make_unicode_tables.py` documents the packed form read here.
struct UnicodeData: Sendable {
  static let shared = UnicodeData()

  /// What a scalar is, as bits beside its combining class in the low byte.
  struct Facts: OptionSet, Sendable {
    let rawValue: UInt16

    /// The scalar changes under NFD, apart from Hangul syllables.
    static let decomposes = Facts(rawValue: 1 << 8)
    /// The scalar changes under NFKD in a way in which it does not under NFD.
    static let decomposesCompatibly = Facts(rawValue: 1 << 9)
    /// The scalar changes under NFC even when it stands alone.
    static let isExcluded = Facts(rawValue: 1 << 10)
    /// The scalar can be the second half of a composition.
    static let composesBackward = Facts(rawValue: 1 << 11)
    static let isMark = Facts(rawValue: 1 << 12)
    static let isNumeric = Facts(rawValue: 1 << 13)
    static let isPunctuation = Facts(rawValue: 1 << 14)
    static let isWord = Facts(rawValue: 1 << 15)

    var combiningClass: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
  }

  private var facts = PagedTable<UInt16>()
  /// Distance from a scalar to its lower case.
  private var lowercaseOffsets = PagedTable<Int32>()
  /// Where in `decompositions` each decomposing scalar's full decomposition stands.
  private var canonical: [UInt32: Range<Int>] = [:]
  private var compatible: [UInt32: Range<Int>] = [:]
  private var decompositions: [UInt32] = []
  /// First scalar << 32 | second scalar to their composition.
  private var compositions: [UInt64: UInt32] = [:]

  private init() {
    read(UnicodeTables.marks, as: .isMark)
    read(UnicodeTables.numeric, as: .isNumeric)
    read(UnicodeTables.punctuation, as: .isPunctuation)
    read(UnicodeTables.word, as: .isWord)
    readClasses()
    readCanonical()
    readCompatible()
    readLowercase()
  }

  // MARK: Questions

  @inline(__always)
  func facts(_ scalar: UInt32) -> Facts { Facts(rawValue: facts[scalar]) }

  /// The lower case of a scalar without context; U+0130 is the caller's, for it becomes two.
  @inline(__always)
  func lowercase(_ scalar: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: scalar) &+ lowercaseOffsets[scalar])
  }

  /// The full decomposition of a scalar that is not a Hangul syllable, or nil if it has none.
  func decomposition(_ scalar: UInt32, compatible isCompatible: Bool) -> ArraySlice<UInt32>? {
    if isCompatible, let range = compatible[scalar] { return decompositions[range] }
    return canonical[scalar].map { decompositions[$0] }
  }

  /// The scalar that two combine into, Hangul included.
  func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    Hangul.composition(first, second) ?? compositions[UInt64(first) << 32 | UInt64(second)]
  }

  /// White_Space, which no Unicode version has changed since 6.3.
  @inline(__always)
  static func isWhitespace(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
      0x3000:
      true
    default: false
    }
  }

  // MARK: Reading the packed tables

  /// The ranges of a packed set.
  static func ranges(_ table: StaticString) -> [Range<UInt32>] {
    var numbers = PackedNumbers(table)
    var ranges: [Range<UInt32>] = []
    var next: UInt32 = 0
    while let gap = numbers.next(), let count = numbers.next() {
      ranges.append(next + gap..<next + gap + count)
      next += gap + count
    }
    return ranges
  }

  private mutating func read(_ table: StaticString, as fact: Facts) {
    for range in Self.ranges(table) {
      for scalar in range { facts.update(scalar) { $0 |= fact.rawValue } }
    }
  }

  private mutating func readClasses() {
    var numbers = PackedNumbers(UnicodeTables.classes)
    var next: UInt32 = 0
    while let gap = numbers.next(), let count = numbers.next(), let kind = numbers.next() {
      let start = next + gap
      next = start + count
      for scalar in start..<next { facts.update(scalar) { $0 |= UInt16(kind & 0xFF) } }
    }
  }

  private mutating func readCanonical() {
    var numbers = PackedNumbers(UnicodeTables.canonical)
    var scalar: UInt32 = 0
    var steps: [(scalar: UInt32, first: UInt32, second: UInt32?)] = []
    while let head = numbers.next(), let first = numbers.next() {
      scalar += head >> 2
      let second = head & 1 == 1 ? numbers.next() : nil
      steps.append((scalar, first, second))
      let composes = head & 2 == 2
      facts.update(scalar) {
        $0 |= Facts.decomposes.rawValue | (composes ? 0 : Facts.isExcluded.rawValue)
      }
      if composes, let second {
        compositions[UInt64(first) << 32 | UInt64(second)] = scalar
        facts.update(second) { $0 |= Facts.composesBackward.rawValue }
      }
    }
    for jamo in Hangul.backwardJamo {
      facts.update(jamo) { $0 |= Facts.composesBackward.rawValue }
    }
    expand(steps)
  }

  /// Turns single steps into full decompositions: only the first half decomposes further.
  private mutating func expand(_ steps: [(scalar: UInt32, first: UInt32, second: UInt32?)]) {
    let halves = Dictionary(uniqueKeysWithValues: steps.map { ($0.scalar, ($0.first, $0.second)) })
    for step in steps {
      var tail: [UInt32] = []
      var scalar = step.scalar
      while let (first, second) = halves[scalar] {
        if let second { tail.append(second) }
        scalar = first
      }
      let start = decompositions.count
      decompositions.append(scalar)
      decompositions.append(contentsOf: tail.reversed())
      canonical[step.scalar] = start..<decompositions.count
    }
  }

  private mutating func readCompatible() {
    var numbers = PackedNumbers(UnicodeTables.compatible)
    var scalar: UInt32 = 0
    while let head = numbers.next() {
      scalar += head >> 4
      let count = head & 15 == 0 ? numbers.next() ?? 0 : head & 15
      let start = decompositions.count
      for _ in 0..<count { decompositions.append(numbers.next() ?? 0) }
      compatible[scalar] = start..<decompositions.count
      facts.update(scalar) { $0 |= Facts.decomposesCompatibly.rawValue }
    }
  }

  private mutating func readLowercase() {
    var numbers = PackedNumbers(UnicodeTables.lowercase)
    var start: UInt32 = 0
    while let gap = numbers.next(), let shape = numbers.next(), let zigzag = numbers.next() {
      start += gap
      let offset = Int32(zigzag >> 1) ^ -Int32(zigzag & 1)
      for index in 0..<(shape >> 1) {
        lowercaseOffsets.update(start + index << (shape & 1)) { $0 = offset }
      }
    }
  }
}

/// One value per scalar, in pages of 256 that are shared until one of their values is set.
struct PagedTable<Value: FixedWidthInteger & Sendable>: Sendable {
  private var pages = [UInt16](repeating: 0, count: 0x1100)
  private var values = [Value](repeating: 0, count: 256)

  /// The value of any number up to U+10FFFF.
  @inline(__always)
  subscript(scalar: UInt32) -> Value {
    values[Int(pages[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
  }

  mutating func update(_ scalar: UInt32, _ change: (inout Value) -> Void) {
    let page = Int(scalar >> 8)
    if pages[page] == 0 {
      pages[page] = UInt16(values.count >> 8)
      values.append(contentsOf: repeatElement(0, count: 256))
    }
    change(&values[Int(pages[page]) << 8 | Int(scalar & 0xFF)])
  }
}

/// Variable-length integers out of base 64, as the table generator writes them.
struct PackedNumbers {
  private var bytes: [UInt8] = []
  private var position = 0

  init(_ text: StaticString) {
    let characters = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    bytes = Base64.decode(Array(characters)) ?? []
  }

  mutating func next() -> UInt32? {
    var value: UInt32 = 0
    var shift: UInt32 = 0
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      value |= UInt32(byte & 127) << shift
      if byte < 128 { return value }
      shift += 7
    }
    return nil
  }
}

/// Hangul syllables compose and decompose by arithmetic (Unicode Standard, section 3.12).
enum Hangul {
  static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
  /// The vowels and trailing consonants, which can be the second half of a composition.
  static let backwardJamo = [0x1161...0x1175, 0x11A8...0x11C2].flatMap { $0.map { UInt32($0) } }
  private static let leading: UInt32 = 0x1100
  private static let vowel: UInt32 = 0x1161
  private static let trailing: UInt32 = 0x11A7

  /// The two or three letters of a syllable.
  static func decompose(_ syllable: UInt32, _ letter: (UInt32) -> Void) {
    let index = syllable - syllables.lowerBound
    letter(leading + index / 588)
    letter(vowel + index % 588 / 28)
    if index % 28 != 0 { letter(trailing + index % 28) }
  }

  static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if (leading..<leading + 19).contains(first), (vowel..<vowel + 21).contains(second) {
      return syllables.lowerBound + (first - leading) * 588 + (second - vowel) * 28
    }
    if syllables.contains(first), (first - syllables.lowerBound) % 28 == 0,
      (trailing + 1..<trailing + 28).contains(second)
    {
      return first + second - trailing
    }
    return nil
  }
}
