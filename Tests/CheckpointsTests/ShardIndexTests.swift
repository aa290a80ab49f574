import Foundation
import Testing

@testable import Checkpoints

@Suite struct ShardIndexTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(safeTensors([("a", [1], [1]), ("b", [1], [2])]), to: "one.safetensors")
    try folder.write(safeTensors([("c", [1], [3]), ("a", [1], [9])]), to: "two.safetensors")
  }

  private func open(_ index: String) throws -> WeightStore {
    try WeightStore(file: folder.write(index, to: "model.safetensors.index.json"))
  }

  private func complaint(_ index: String) -> String {
    do {
      _ = try open(index)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func gathersShards() throws {
    let store = try open(
      #"""
      {"metadata":{"total_size":12},"weight_map":
      {"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}}
      """#)
    #expect(store.names == ["a", "b", "c"])
    #expect(try store.tensor("a").array == [1], "the index decides which shard a name comes from")
    #expect(try store.tensor("c").array == [3])
    #expect(
      store.files.map(\.path) == [folder.path("one.safetensors"), folder.path("two.safetensors")])
  }

  @Test func gathersShardsOfAnyFormat() throws {
    let archive = ArchiveBuilder.torch(
      Pickle.whole(Pickle.dictionary([("d", Pickle.tensor(sizes: [2], strides: [1]))])),
      storages: ["0": [0, 0, 0x80, 0x3F] + [UInt8](repeating: 0, count: 12)])
    try folder.write(archive.bytes, to: "pytorch_model-00001-of-00002.bin")
    let index = #"{"weight_map":{"d":"pytorch_model-00001-of-00002.bin","a":"one.safetensors"}}"#
    let store = try WeightStore(file: folder.write(index, to: "pytorch_model.bin.index.json"))
    #expect(store.names == ["a", "d"])
    #expect(try store.tensor("d").array == [1, 0])
  }

  @Test(arguments: [
    "../one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", ".", "", "a\\b",
    "x\u{0}y",
  ])
  func staysInItsFolder(_ shard: String) {
    let name = shard.replacing("\\", with: "\\\\").replacing("\u{0}", with: "\\u0000")
    let found = complaint(#"{"weight_map":{"a":"\#(name)"}}"#)
    #expect(found.contains("is not a plain file name"), "\(found)")
  }

  @Test func namesWhatIsMissing() {
    let shard = complaint(#"{"weight_map":{"a":"three.safetensors"}}"#)
    #expect(
      shard.hasSuffix(
        "the shard 'three.safetensors' cannot be read: No such file or directory; "
          + "download all shards"), "\(shard)")
    let tensor = complaint(#"{"weight_map":{"a":"one.safetensors","z":"one.safetensors"}}"#)
    #expect(
      tensor.contains("the shard 'one.safetensors' lacks 1 of its tensors: 'z'"), "\(tensor)")
  }

  @Test(arguments: [
    ("{}", #"the key "weight_map" is missing"#), ("[]", "expected an object"),
    (#"{"weight_map":[]}"#, "$.weight_map: expected an object, found array"),
    (#"{"weight_map":{"a":1}}"#, "expected a string, found integer"), ("", "the file is empty"),
    (#"{"weight_map":{"a":"model.safetensors.index.json"}}"#, "text is not read"),
  ])
  func refusesBrokenIndices(_ index: String, _ expected: String) {
    let found = complaint(index)
    #expect(found.contains(expected), "\(found)")
  }
}
