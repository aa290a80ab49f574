import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Opens a file with these bytes.
private func open(_ bytes: [UInt8]) throws -> WeightStore {
  let folder = try TemporaryFolder()
  defer { withExtendedLifetime(folder) {} }
  return try WeightStore(file: folder.write(bytes, to: "model.safetensors"))
}

private func open(header: String, data: Int = 0, announcing: UInt64? = nil) throws -> WeightStore {
  try open(
    safeTensors(
      header: header, data: [UInt8](repeating: 0, count: data), announcing: announcing))
}

/// What an error says, without the file's folder.
private func complaint(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    let text = "\(error)"
    return text.range(of: "model.safetensors").map { String(text[$0.lowerBound...]) } ?? text
  }
}

@Suite struct SafeTensorsTests {
  @Test(arguments: ["clip", "clip-openclip", "siglip", "siglip2-naflex", "preprocess"])
  func agreesWithAnIndependentReader(_ name: String) throws {
    let fixture = try Fixture(name)
    let expected = try fixture.expected()
    let store = try WeightStore(file: fixture.path("expected.safetensors"))
    #expect(store.names == expected.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    for (name, value) in expected {
      let tensor = try store.tensor(name)
      #expect(tensor.shape.array == value.shape)
      #expect(
        [UInt8](UnsafeRawBufferPointer(start: tensor.bytes, count: tensor.byteCount))
          == value.bytes, "\(name)")
    }
    #expect(store.byteCount == expected.values.reduce(0) { $0 + $1.bytes.count })
  }

  @Test func leavesTheBytesInTheFile() throws {
    let store = try WeightStore(file: try Fixture("clip").path("model.safetensors"))
    let tensor = try store.tensor("visual_projection.weight")
    let mapped = try #require(store.files.first).mapping.bytes
    #expect(
      UnsafeRawPointer(tensor.bytes) > mapped.baseAddress!
        && UnsafeRawPointer(tensor.bytes) < mapped.baseAddress! + mapped.count)
  }

  @Test func copiesWhatLiesUnaligned() throws {
    // One byte before the floats puts them at an odd address.
    let values: [Float] = [1.5, -2, 3.25]
    var data: [UInt8] = [7]
    for value in values { withUnsafeBytes(of: value) { data += $0 } }
    var header = #"{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
    header += #""f":{"dtype":"F32","shape":[3],"data_offsets":[1,13]}}"#
    while header.utf8.count % 8 != 0 { header += " " }
    let store = try open(safeTensors(header: header, data: data))
    #expect(try store.tensor("f").array == values)
  }

  @Test func readsMetadataScalarsAndEmptyTensors() throws {
    let store = try open(
      header: #"""
        {"__metadata__":{"format":"pt","author":"한"},
        "scale":{"dtype":"F32","shape":[],"data_offsets":[0,4]},
        "none":{"dtype":"I64","shape":[0,5],"data_offsets":[4,4]}}
        """#, data: 4)
    #expect(store.files[0].metadata.map(\.key) == ["author", "format"])
    #expect(store.files[0].metadata.map(\.value) == ["한", "pt"])
    #expect(try store.tensor("scale").shape == [])
    #expect(try store.tensor("none").shape == [0, 5])
    #expect(store.names == ["none", "scale"])
  }

  @Test func keepsCanonicallyEquivalentNamesApart() throws {
    let store = try open(
      safeTensors([("caf\u{E9}", [1], [1]), ("cafe\u{301}", [1], [2])]))
    #expect(store.count == 2)
    #expect(try store.tensor("caf\u{E9}").array == [1])
    #expect(try store.tensor("cafe\u{301}").array == [2])
  }

  @Test func allowsHolesBetweenTensors() throws {
    let store = try open(
      header: #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}}"#, data: 9)
    #expect(try store.tensor("a").shape == [2])
  }

  @Test(arguments: [
    (
      #"{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#,
      "tensor 'a' has elements of type 'F8_E4M3'; convert it to F32, F16 or BF16"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
      "tensor 'a' takes 8 bytes by its shape and type and has 4; the file is damaged"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[25],"data_offsets":[0,100]}}"#,
      "tensor 'a' lies at bytes 0..<100, outside the 8 that are there; the file is damaged or "
        + "incomplete, download it again"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
      "entry 'a': data_offsets [-4, 0] are not a begin and an end"
    ),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "are not a begin and an end"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}}"#, "are not a begin and an end"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#,
      "an array of 3 numbers where at most 2 may be"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
      "no tensor can have the shape [-1]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}"#,
      "no tensor can have the shape [0, 4294967296, 4294967296]"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
      "no tensor can have the shape"
    ),
    (
      #"{"a":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,4]}}"#,
      "no tensor can have the shape"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#,
      "an array of 7 numbers where at most 6 may be"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
      "entry 'a': shape[0]: expected an integer"
    ),
    (#"{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}"#, "expected an array"),
    (#"{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}"#, "expected a string"),
    (#"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, #"the key "dtype" is missing"#),
    (#"{"a":[]}"#, "entry 'a': expected an object, found array"),
    (#"{"__metadata__":{"n":1}}"#, "every value must be a string"),
    ("[]", "it is not a JSON object"),
    ("{", "not valid JSON at line"),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
        + #""a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, "duplicate object key"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
        + #""b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}"#,
      "'a' and 'b' claim the same bytes"
    ),
    (
      #"{"a\u001b[2J":{"dtype":"X","shape":[1],"data_offsets":[0,4]}}"#,
      #"tensor 'a\u{1b}[2J' has elements of type 'X'"#
    ),
  ])
  func namesWhatIsWrong(_ header: String, _ expected: String) {
    let found = complaint { _ = try open(header: header, data: 8) }
    #expect(found.contains(expected), "\(found)")
  }

  @Test func refusesHeaderBombs() {
    for length: UInt64 in [100_000_001, 1 << 40, 1 << 63, .max] {
      let found = complaint { _ = try open(header: "{}", announcing: length) }
      #expect(found.contains("over the limit of 100000000"), "\(found)")
    }
    let found = complaint { _ = try open(header: "{}", announcing: 3) }
    #expect(
      found == "model.safetensors: the header needs 11 bytes and the file has 10; it is "
        + "incomplete, download it again")
    let deep = complaint { _ = try open(header: String(repeating: "[", count: 100_000)) }
    #expect(deep.contains("not valid JSON"))
    let wide =
      "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1],\"shape\":[1"
      + String(repeating: ",1", count: 100_000) + "]}}"
    #expect(complaint { _ = try open(header: wide, data: 1) }.contains("at most 6 may be"))
  }

  @Test func refusesEveryTruncation() throws {
    let whole = safeTensors([("a", [2], [1, 2]), ("b", [1], [3])])
    _ = try open(whole)
    for length in 0..<whole.count {
      #expect(throws: CheckpointError.self, "\(length) bytes") {
        try open(Array(whole.prefix(length)))
      }
    }
  }
}
