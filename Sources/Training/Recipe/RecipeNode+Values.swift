import Checkpoints

extension RecipeNode {
  /// How a text may look.
  enum Lines { case one, many }

  // MARK: Values

  /// Text without control characters; line breaks and tabs only where `lines` allows many.
  func text(lines: Lines = .one, upTo limit: Int = 1024) throws(TrainingError) -> String {
    let (text, _) = try scalar("text")
    let isSpace = text.unicodeScalars.allSatisfy { $0.properties.isWhitespace }
    guard !isSpace else { throw error("the text is empty") }
    guard text.unicodeScalars.count <= limit else {
      throw error("\(text.unicodeScalars.count) characters, where at most \(limit) may be")
    }
    let forbidden = text.unicodeScalars.first { scalar in
      scalar.properties.generalCategory == .control
        && !(lines == .many && (scalar == "\n" || scalar == "\t"))
    }
    guard forbidden == nil else {
      throw error(
        "\(text.quoted) holds a line break or another control character", remedy: "take it out")
    }
    return text
  }

  func integer(in range: ClosedRange<Int>) throws(TrainingError) -> Int {
    let digits = try integerText()
    guard let value = Int(digits), range.contains(value) else {
      throw error("\(digits.escaped) is outside \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// A number as it chooses between all that 64 bits hold.
  func seed() throws(TrainingError) -> UInt64 {
    let digits = try integerText()
    guard let value = UInt64(digits) else {
      throw error("\(digits.escaped) is outside 0...\(UInt64.max)")
    }
    return value
  }

  /// Decimal digits, after a sign if there is one.
  private func integerText() throws(TrainingError) -> String {
    let (text, isPlain) = try scalar("a whole number")
    let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    let isNumber = isPlain && !digits.isEmpty && text.utf8.count - digits.count <= 1
      && digits.allSatisfy { (0x30...0x39).contains($0) }
      // An octal number to some readers of YAML, and a decimal one to others.
      && (digits.count == 1 || digits.first != 0x30)
    guard isNumber else { throw mismatch("a whole number") }
    return text
  }

  func number(in range: ClosedRange<Double>) throws(TrainingError) -> Double {
    let value = try number()
    guard range.contains(value) else {
      throw error(
        "\(value.brief) is outside \(range.lowerBound.brief)...\(range.upperBound.brief)")
    }
    return value
  }

  func number(in range: Range<Double>) throws(TrainingError) -> Double {
    let value = try number()
    guard range.contains(value) else {
      throw error(
        "\(value.brief) is outside \(range.lowerBound.brief)..<\(range.upperBound.brief)")
    }
    return value
  }

  private func number() throws(TrainingError) -> Double {
    let (text, isPlain) = try scalar("a number")
    let isDecimal = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte)
    }
    guard isPlain, isDecimal, let value = Double(text), value.isFinite else {
      throw mismatch("a finite number")
    }
    // Nothing else tells -0 from 0 but the fingerprint.
    return value == 0 ? 0 : value
  }

  func flag() throws(TrainingError) -> Bool {
    switch try scalar("true or false") {
    case ("true", true): return true
    case ("false", true): return false
    default: throw mismatch("true or false")
    }
  }

  /// One of the names of an enumeration.
  func choice<Value: RawRepresentable<String>>(among values: [Value]) throws(TrainingError) -> Value
  {
    let names = values.map(\.rawValue)
    let expected = names.joined(separator: ", ")
    let (text, _) = try scalar("one of \(expected)")
    if let value = values.first(where: { $0.rawValue == text }) { return value }
    let near = NearestNames.of(text, among: names)
    throw error(
      "\(text.quoted) is not known",
      remedy: near.isEmpty ? "write one of \(expected)" : "did you mean \(near[0])?")
  }

  /// A count of bytes: `512 MB` (powers of ten), `512 MiB` (powers of two) or plain bytes.
  func byteCount(upTo limit: Int) throws(TrainingError) -> Int {
    let expected = "a size such as 512 MB or 2 GiB"
    let (text, _) = try scalar(expected)
    let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
    let unit = text.utf8.dropFirst(digits.count).drop { $0 == 0x20 }
    let factors = [
      "": 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000,
      "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]
    guard !digits.isEmpty, let factor = factors[String(Substring(unit))] else {
      throw mismatch(expected)
    }
    let count = Int(Substring(digits)).map { $0.multipliedReportingOverflow(by: factor) }
    guard let count, !count.overflow, count.partialValue <= limit else {
      throw error("\(text.escaped) is more than \(limit >> 30) GiB")
    }
    return count.partialValue
  }
}

extension Double {
  /// Without a point where it is whole: `1`, `0.5`, `1e-06`.
  fileprivate var brief: String {
    let text = "\(self)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

// MARK: Keys that may be absent

extension RecipeSection {
  func integer(
    _ key: String, _ value: inout Int, in range: ClosedRange<Int>
  ) throws(TrainingError) {
    if let node = member(key) { value = try node.integer(in: range) }
  }

  func integer(
    _ key: String, _ value: inout Int?, in range: ClosedRange<Int>
  ) throws(TrainingError) {
    if let node = member(key) { value = try node.integer(in: range) }
  }

  func number(
    _ key: String, _ value: inout Double, in range: ClosedRange<Double>
  ) throws(TrainingError) {
    if let node = member(key) { value = try node.number(in: range) }
  }

  func number(
    _ key: String, _ value: inout Double, in range: Range<Double>
  ) throws(TrainingError) {
    if let node = member(key) { value = try node.number(in: range) }
  }

  /// A number in 0...1.
  func probability(_ key: String, _ value: inout Double) throws(TrainingError) {
    try number(key, &value, in: 0...1)
  }

  func flag(_ key: String, _ value: inout Bool) throws(TrainingError) {
    if let node = member(key) { value = try node.flag() }
  }

  func choice<Value: RawRepresentable<String>>(
    _ key: String, _ value: inout Value, among values: [Value]
  ) throws(TrainingError) {
    if let node = member(key) { value = try node.choice(among: values) }
  }

  func text(
    _ key: String, _ value: inout String?, lines: RecipeNode.Lines = .one, upTo limit: Int = 1024
  ) throws(TrainingError) {
    if let node = member(key) { value = try node.text(lines: lines, upTo: limit) }
  }
}
