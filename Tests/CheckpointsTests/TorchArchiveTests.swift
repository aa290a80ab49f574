import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// A tensor's bytes, in order.
private func bytes(_ tensor: Tensor) -> [UInt8] {
  Array(UnsafeRawBufferPointer(start: tensor.bytes, count: tensor.byteCount))
}

@Suite struct TorchArchiveTests {
  @Test(arguments: ["plain.pt", "wrapped.pt", "module.pt", "scripted.pt"])
  func readsWhatPyTorchReads(_ file: String) throws {
    let fixture = try Fixture("archives")
    let store = try WeightStore(file: fixture.path(file))
    let expected = try WeightStore(file: fixture.path("expected.safetensors"))
      .renamed { $0.hasPrefix(file + "/") ? String($0.dropFirst(file.count + 1)) : nil }
    #expect(store.names == expected.names)
    for name in expected.names {
      let (found, wanted) = (try store.tensor(name), try expected.tensor(name))
      #expect(found.elementType == wanted.elementType, "\(name)")
      #expect(found.shape == wanted.shape, "\(name)")
      #expect(found.isContiguous)
      #expect(bytes(found) == bytes(wanted), "\(name)")
    }
  }

  /// The archive holds the tensors of fixture `clip`, some rounded to f16, with shared storages,
  /// offsets into them and column-major matrices.
  @Test func readsSharedAndStridedStorages() throws {
    let store = try WeightStore(file: try Fixture("clip-torch").path("pytorch_model.bin"))
    let expected = try WeightStore(file: try Fixture("clip").path("model.safetensors"))
    #expect(store.count == expected.count + 2)
    var halves = 0
    for name in expected.names {
      let (found, wanted) = (try store.tensor(name), try expected.tensor(name))
      #expect(found.shape == wanted.shape, "\(name)")
      if found.elementType == .f16 {
        halves += 1
        let values = bytes(found).withUnsafeBytes { Array($0.bindMemory(to: Float16.self)) }
        #expect(values == wanted.array.map { Float16($0) }, "\(name)")
      } else {
        #expect(bytes(found) == bytes(wanted), "\(name)")
      }
    }
    #expect(halves > 20)
    let (query, key) = (
      try store.tensor("text_model.encoder.layers.0.self_attn.q_proj.weight"),
      try store.tensor("text_model.encoder.layers.0.self_attn.k_proj.weight")
    )
    #expect(query.storage === key.storage, "parts of one storage stay in place")
  }

  /// PyTorch leaves any number as the step along an axis of one element.
  @Test func ignoresStepsThatAreNeverTaken() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let pickle = Pickle.whole(
      Pickle.dictionary([
        ("turned", Pickle.tensor(sizes: [2, 2, 1], strides: [1, 2, .max])),
        ("row", Pickle.tensor(sizes: [1, 4], strides: [.max, 1])),
        ("none", Pickle.tensor(sizes: [0, 2], strides: [.max, .max])),
      ]))
    let values: [Float] = [1, 2, 3, 4]
    let archive = ArchiveBuilder.torch(
      pickle, storages: ["0": values.withUnsafeBytes { Array($0) }])
    let store = try WeightStore(file: folder.write(archive.bytes, to: "model.pt"))
    #expect(try store.tensor("turned").array == [1, 3, 2, 4])
    #expect(try store.reshaping("row", to: [4]).tensor("row").array == values)
    #expect(try store.tensor("none").shape == [0, 2])
  }

  @Test func walksTorchScriptModules() throws {
    let fixture = try Fixture("archives")
    let file = "clip-torchscript/ViT-tiny.pt"
    let store = try WeightStore(file: Fixture.root.appending(path: file).path)
    let checksums = try fixture.manifest.required("checksums").required(file)
    #expect(Set(store.names) == Set(try checksums.keys()))
    #expect(store.files[0].format == .torchScript)
    for name in store.names {
      let (tensor, expected) = (try store.tensor(name), try checksums.required(name))
      #expect(
        tensor.shape.array == (try expected.required("shape").elements().map { try $0.asInteger() })
      )
      #expect(Int(crc32(bytes(tensor))) == (try expected.integer("crc32", default: -1)), "\(name)")
    }
  }

  @Test func saysWhatItUnwrapped() throws {
    let store = try WeightStore(file: try Fixture("archives").path("wrapped.pt"))
    #expect(store.names == ["module.bias", "module.weight"])
    #expect(store.files[0].metadata == [.init(key: "wrapper", value: "state_dict")])
    #expect(store.files[0].format == .torchArchive)
  }

  @Test func refusesObjectsByName() throws {
    let path = try Fixture("archives").path("object.pt")
    #expect(
      throws: CheckpointError.forbiddenGlobal(path: path, name: "torch.nn.modules.linear.Linear")
    ) {
      try WeightStore(file: path)
    }
  }

  @Test func refusesTheOldFormatWithARemedy() throws {
    let path = try Fixture("archives").path("legacy.pt")
    let error = #expect(throws: CheckpointError.self) { try WeightStore(file: path) }
    #expect(
      error?.description == "\(path): a bare pickle (PyTorch before 1.6) is not read; load it in "
        + "PyTorch and save it again with torch.save, or take the safetensors file")
  }

  @Test func neverNeedsAName() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let content = try Data(contentsOf: URL(filePath: Fixture("archives").path("plain.pt")))
    let path = try folder.write(Array(content), to: "weights-without-ending")
    #expect(try WeightStore(file: path).contains("whole"))
  }
}

/// The CRC-32 of zlib.
private func crc32(_ bytes: [UInt8]) -> UInt32 {
  var remainder = ~UInt32(0)
  for byte in bytes {
    remainder ^= UInt32(byte)
    for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0xEDB8_8320) }
  }
  return ~remainder
}
