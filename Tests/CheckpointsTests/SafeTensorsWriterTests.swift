import Foundation
import JSONDocuments
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// A tensor of these bytes.
private func tensor(_ bytes: [UInt8], _ type: ElementType, _ shape: Shape) -> Tensor {
  let storage = Arena().allocate(byteCount: bytes.count)
  UnsafeMutableRawBufferPointer(start: storage.base, count: bytes.count).copyBytes(from: bytes)
  return Tensor(storage: storage, elementType: type, shape: shape)
}

private func tensor(_ values: [Float], _ shape: Shape) -> Tensor {
  tensor(values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }, .f32, shape)
}

private func bytes(of tensor: Tensor) -> [UInt8] {
  Array(UnsafeRawBufferPointer(start: tensor.bytes, count: tensor.byteCount))
}

@Suite struct SafeTensorsWriterTests {
  /// The header of the reference library (0.8.0) for tensors of these names, types and shapes.
  private static let header = #"""
    {"__metadata__":{"format":"pt"},"d":{"dtype":"I64","shape":[3],"data_offsets":[0,24]},\#
    "g":{"dtype":"F64","shape":[3],"data_offsets":[24,48]},\#
    "A":{"dtype":"F32","shape":[3],"data_offsets":[48,60]},\#
    "a":{"dtype":"F32","shape":[3],"data_offsets":[60,72]},\#
    "empty":{"dtype":"F32","shape":[0,4],"data_offsets":[72,72]},\#
    "s":{"dtype":"F32","shape":[],"data_offsets":[72,76]},\#
    "é":{"dtype":"F32","shape":[3],"data_offsets":[76,88]},\#
    "h":{"dtype":"I32","shape":[3],"data_offsets":[88,100]},\#
    "b":{"dtype":"BF16","shape":[3],"data_offsets":[100,106]},\#
    "c":{"dtype":"F16","shape":[3],"data_offsets":[106,112]},\#
    "i":{"dtype":"I16","shape":[3],"data_offsets":[112,118]},\#
    "j":{"dtype":"I8","shape":[3],"data_offsets":[118,121]},\#
    "e":{"dtype":"U8","shape":[3],"data_offsets":[121,124]},\#
    "f":{"dtype":"BOOL","shape":[3],"data_offsets":[124,127]}}    
    """#

  private static let types: [(name: String, type: ElementType)] = [
    ("a", .f32), ("b", .bf16), ("c", .f16), ("d", .i64), ("e", .u8), ("f", .bool), ("g", .f64),
    ("h", .i32), ("i", .i16), ("j", .i8), ("A", .f32), ("é", .f32),
  ]

  @Test func laysOutAsTheReferenceDoes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.safetensors")
    var count: UInt8 = 0
    var tensors = Self.types.map { name, type in
      let bytes = (0..<3 * type.blockBytes).map { _ in
        count &+= 1
        return type == .bool ? count % 2 : count
      }
      return StoredTensor(name, tensor(bytes, type, [3]))
    }
    tensors += [StoredTensor("s", tensor([1.5], [])), StoredTensor("empty", tensor([], [0, 4]))]
    try SafeTensorsWriter.write(tensors, metadata: ["format": "pt"], to: path)
    let written = Array(try Data(contentsOf: URL(filePath: path)))
    #expect(Self.header.utf8.count == 824)
    #expect(Array(written[..<8]) == [0x38, 0x03, 0, 0, 0, 0, 0, 0])
    #expect(String(decoding: written[8..<832], as: UTF8.self) == Self.header)
    #expect(written.count == 832 + 127)
    let store = try WeightStore(file: path)
    #expect(store.count == tensors.count)
    for stored in tensors {
      let found = try store.tensor(stored.name)
      #expect(found.shape == stored.tensor.shape && found.elementType == stored.elementType)
      #expect(bytes(of: found) == bytes(of: stored.tensor), "\(stored.name)")
    }
  }

  @Test func writesNothingAsTheReferenceDoes() throws {
    let folder = try TemporaryFolder()
    try SafeTensorsWriter.write([], to: folder.path("none"))
    let written = try Data(contentsOf: URL(filePath: folder.path("none")))
    #expect(Array(written) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
  }

  /// Longer than the part that is rounded at a time, and not a multiple of it.
  @Test(arguments: [ElementType.bf16, .f16]) func roundsLongTensors(_ type: ElementType) throws {
    var random = SplitMix(seed: 3)
    let values = (0..<140_001).map { _ in Float.random(in: -8...8, using: &random) }
    let folder = try TemporaryFolder()
    let path = folder.path("model.safetensors")
    try SafeTensorsWriter.write(
      [
        StoredTensor("x", tensor(values, [140_001]), as: type),
        StoredTensor("y", tensor([0.1], [1])),
      ], to: path)
    let store = try WeightStore(file: path)
    let found = try store.tensor("x")
    #expect(found.elementType == type)
    let precision: Float = type == .f16 ? 0x1p-11 : 0x1p-8
    let read = try found.exact().array
    let wrong = zip(values, read).first { ($0 - $1).magnitude > $0.magnitude * precision + 0x1p-25 }
    #expect(wrong == nil, "\(wrong as Any)")
    #expect(Set(read).count > 1000)
    #expect(try store.tensor("y").array == [0.1])
  }

  @Test func escapesNames() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.safetensors")
    let names = ["a\"\\\n\u{1}\u{2028}/", "caf\u{E9}", "cafe\u{301}", "", "모델.weight"]
    let tensors = names.enumerated().map { StoredTensor($1, tensor([Float($0)], [1])) }
    try SafeTensorsWriter.write(tensors, metadata: ["k\n": "v\"\u{7F}"], to: path)
    let store = try WeightStore(file: path)
    #expect(store.count == names.count)
    for (index, name) in names.enumerated() {
      #expect(try store.tensor(name).array == [Float(index)], "\(name)")
    }
    #expect(store.files[0].metadata == [.init(key: "k\n", value: "v\"\u{7F}")])
  }

  @Test func refusesWhatTheFormatCannotHold() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("earlier", to: "model.safetensors")
    let whole = tensor([1, 2, 3, 4, 5, 6], [2, 3])
    func complaint(_ tensors: StoredTensor...) -> String {
      do {
        try SafeTensorsWriter.write(tensors, to: path)
        return "it was written"
      } catch {
        return "\(error)".replacing(folder.url.path, with: "FOLDER")
      }
    }
    #expect(
      complaint(StoredTensor("a", whole), StoredTensor("a", whole))
        == "FOLDER/model.safetensors: two tensors are named 'a'")
    #expect(
      complaint(StoredTensor("__metadata__", whole))
        == "tensor '__metadata__': cannot store it as f32: the name means something else")
    #expect(
      complaint(StoredTensor("a", whole.sliced(axis: 1, 0..<2)))
        == "tensor 'a': cannot store it as f32: its elements do not lie together")
    #expect(
      complaint(StoredTensor("a", tensor([1, 2], .u8, [2]), as: .f32))
        == "tensor 'a': cannot store it as f32: its elements are u8")
    #expect(
      complaint(StoredTensor("a", whole, as: .i64))
        == "tensor 'a': cannot store it as i64: its elements are f32")
    #expect(
      complaint(StoredTensor("a", tensor([UInt8](repeating: 0, count: 34), .q8_0, [32])))
        == "tensor 'a': cannot store it as q8_0: the format has no such type")
    #expect(
      complaint(StoredTensor("a", whole), StoredTensor("b", tensor([1, 1e6], [2]), as: .f16))
        == "tensor 'b': cannot store it as f16: 1000000.0 at element 1 is beyond its greatest number")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "earlier")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(names == ["model.safetensors"])
  }
}
