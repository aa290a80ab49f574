import Foundation
import TestSupport
import Testing

@testable import Checkpoints

/// Files that are almost right.
@Suite struct MutationTests {
  private static func mutate(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard bytes.count > 16 else { return bytes }
      let place = Int.random(in: 0..<bytes.count - 8, using: &random)
      let length = Int.random(in: 1...16, using: &random)
      let end = min(place + length, bytes.count)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
      case 2: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 3: bytes.removeSubrange(place..<end)
      case 4:
        bytes.insert(
          contentsOf: bytes[place..<end], at: Int.random(in: 0..<bytes.count, using: &random))
      case 5: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random) / 4)
      case 6:
        let number =
          [0, 1, .max, UInt64(UInt32.max), 1 << 63, UInt64(bytes.count)]
          .randomElement(using: &random) ?? 0
        bytes.replaceSubrange(place..<place + 8, with: littleEndian(number))
      default:
        let digit = UInt8.random(in: UInt8(ascii: "0")...UInt8(ascii: "9"), using: &random)
        bytes[place] =
          [digit, UInt8(ascii: "-"), UInt8(ascii: "\""), UInt8(ascii: ".")]
          .randomElement(using: &random) ?? digit
      }
    }
    return bytes
  }

  /// Opens a file and touches every byte of every tensor.
  private static func touch(_ path: String) throws -> Int {
    let store = try WeightStore(file: path)
    var sum = 0
    for name in store.names {
      let tensor = try store.tensor(name)
      for byte in UnsafeRawBufferPointer(start: tensor.bytes, count: tensor.byteCount) {
        sum &+= Int(byte)
      }
    }
    return sum
  }

  @Test(arguments: ["plain.pt", "wrapped.pt", "scripted.pt", "module.pt", "expected.safetensors"])
  func loadsOrThrowsButNeverCrashes(_ file: String) throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let original = Array(try Data(contentsOf: URL(filePath: Fixture("archives").path(file))))
    var random = SplitMix(seed: UInt64(original.count))
    let count = Mutations.count(1500)
    var (loaded, refused) = (0, 0)
    for _ in 0..<count {
      let path = try folder.write(Self.mutate(original, &random), to: "mutated")
      do {
        _ = try Self.touch(path)
        loaded += 1
      } catch let error as CheckpointError {
        refused += 1
        #expect(!error.description.unicodeScalars.contains { $0.value < 32 }, "\(error)")
      }
    }
    // Both must happen, or the mutations test nothing.
    #expect(loaded > count / 100 && refused > count / 10, "\(loaded) and \(refused)")
  }

  /// Headers alone, so that most mutations hit something that is parsed.
  @Test func survivesMutatedHeaders() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let original = safeTensors([
      ("a.weight", [2, 3], [1, 2, 3, 4, 5, 6]), ("a.bias", [2], [7, 8]),
    ])
    var random = SplitMix(seed: 7)
    let count = Mutations.count(1500)
    var refused = 0
    for _ in 0..<count {
      let path = try folder.write(Self.mutate(original, &random), to: "mutated")
      do {
        _ = try Self.touch(path)
      } catch is CheckpointError { refused += 1 }
    }
    #expect(refused > count / 2)
  }
}
