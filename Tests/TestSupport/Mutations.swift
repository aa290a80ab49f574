import Foundation

/// Inputs that are almost right: how many, where the chance comes from, and JSON in particular.
///
/// `GAZE_MUTATIONS` multiplies how many there are: `make fuzz` sets it, `make test` does not.
package enum Mutations {
  private static let factor =
    ProcessInfo.processInfo.environment["GAZE_MUTATIONS"].flatMap { Int($0) } ?? 1

  /// How many inputs a test makes where it usually makes `count`. Says so where there are more, so
  /// that `make fuzz` can add them up.
  package static func count(_ count: Int) -> Int {
    guard factor > 1 else { return count }
    print("mutations: \(count * factor)")
    return count * factor
  }

  /// Values that a JSON file may hold in a place where another was meant.
  private static let values = [
    "null", "true", "false", "-1", "0", "1", "2", "3", "7", "16", "1.5", "1e308", "-1e-9",
    "4194304", "9223372036854775807", "99999999999999999999", "\"\"", "\"\\u0000\"", "\"clip\"",
    "\"gelu\"", "[]", "[0]", "[1, 2, 3]", "{}", "{\"height\": 0, \"width\": 5}",
  ].map { Array($0.utf8) }

  /// JSON with one to three values, keys or bytes changed; most of the results are still JSON.
  package static func json(_ original: [UInt8], _ random: inout some RandomNumberGenerator)
    -> [UInt8]
  {
    var bytes = original
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard bytes.count > 8 else { return bytes }
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.removeSubrange(place..<min(place + 4, bytes.count))
      case 2:
        // A key that nobody looks for, and so one that is missing.
        guard let quote = bytes[place...].firstIndex(of: 0x22) else { continue }
        bytes.insert(0x78, at: quote + 1)
      case 3:
        guard let digit = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) })
        else { continue }
        bytes[digit] = UInt8.random(in: 0x30...0x39, using: &random)
      default:
        guard let colon = bytes[place...].firstIndex(of: 0x3A),
          let end = bytes[colon...].firstIndex(where: { $0 == 0x2C || $0 == 0x7D })
        else { continue }
        bytes.replaceSubrange(
          colon + 1..<end, with: values.randomElement(using: &random) ?? [])
      }
    }
    return bytes
  }
}

/// Repeatable randomness (SplitMix64; Steele, Lea & Flood 2014).
package struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
