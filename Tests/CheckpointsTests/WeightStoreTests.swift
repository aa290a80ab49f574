import Foundation
import Tensors
import Testing

@testable import Checkpoints

@Suite struct WeightStoreTests {
  private let folder: TemporaryFolder
  private let store: WeightStore

  init() throws {
    folder = try TemporaryFolder()
    let bytes = safeTensors([
      ("attn.in_proj_weight", [6, 2], (0..<12).map { Float($0) }),
      ("attn.in_proj_bias", [6], (0..<6).map { Float($0) }),
      ("proj", [2, 3], [1, 2, 3, 4, 5, 6]),
      ("scale", [], [4]),
    ])
    store = try WeightStore(file: folder.write(bytes, to: "model.safetensors"))
  }

  @Test func splitsStackedRows() throws {
    var split = store
    try split.split("attn.in_proj_weight", into: ["q", "k", "v"])
    try split.split("attn.in_proj_bias", into: ["qb", "kb", "vb"])
    #expect(split.names == ["k", "kb", "proj", "q", "qb", "scale", "v", "vb"])
    #expect(try split.tensor("k").array == [4, 5, 6, 7])
    #expect(try split.tensor("vb").array == [4, 5])
    #expect(split.entry("q")?.originalName == "attn.in_proj_weight")
    #expect(throws: CheckpointError.self) { try split.split("proj", into: ["a", "b", "c"]) }
    #expect(throws: CheckpointError.self) { try split.split("scale", into: ["a"]) }
    #expect(throws: CheckpointError.self) { try split.split("absent", into: ["a"]) }
  }

  @Test func transposesAndReshapes() throws {
    let turned = try store.transposing("proj", as: "projection.weight")
    let tensor = try turned.tensor("projection.weight")
    #expect(tensor.shape == [3, 2] && tensor.isContiguous)
    #expect(tensor.array == [1, 4, 2, 5, 3, 6])
    #expect(!turned.contains("proj"))
    #expect(
      try turned.transposing("projection.weight").tensor("projection.weight").array
        == [1, 2, 3, 4, 5, 6])
    #expect(throws: CheckpointError.self) { try store.transposing("scale") }
    #expect(try store.reshaping("scale", to: [1]).tensor("scale").shape == [1])
    #expect(throws: CheckpointError.self) { try store.reshaping("proj", to: [7]) }
    #expect(throws: CheckpointError.self) { try turned.reshaping("projection.weight", to: [6]) }
  }

  @Test func renamesWithoutMergingNames() throws {
    let renamed = try store.renamed { $0 == "scale" ? nil : "x." + $0 }
    #expect(renamed.names == ["x.attn.in_proj_bias", "x.attn.in_proj_weight", "x.proj"])
    #expect(throws: CheckpointError.self) { try store.renamed { _ in "same" } }
    #expect(!store.removing("proj", "absent").contains("proj"))
  }

  @Test func addsTensorsOfItsOwn() throws {
    let tensor = try store.tensor("proj").sliced(axis: 0, 1..<2)
    #expect(try store.adding("row", tensor).tensor("row").array == [4, 5, 6])
    #expect(throws: CheckpointError.self) { try store.adding("proj", tensor) }
  }

  @Test func namesAnAbsentTensor() throws {
    let error = #expect(throws: CheckpointError.self) { try store.tensor("absent") }
    #expect(error?.description.contains("holds no tensor 'absent'") == true)
  }

  @Test func keepsNeighboursOfACopy() throws {
    // Copying one tensor lets go of pages that others are read from again.
    let turned = try store.transposing("proj")
    let before = try turned.tensor("attn.in_proj_bias")
    #expect(try turned.tensor("proj").array == [1, 4, 2, 5, 3, 6])
    #expect(before.array == [0, 1, 2, 3, 4, 5])
  }

  @Test func leavesMemoryThatIsNoFileAlone() throws {
    let storage = Arena().allocate(byteCount: 6 * 4096)
    let own = Tensor(storage: storage, elementType: .f32, shape: [2, 3 * 1024])
    own.floats.update(repeating: 5, count: own.elementCount)
    let turned = try store.adding("own", own).transposing("own").tensor("own")
    #expect(turned.shape == [3 * 1024, 2])
    #expect(turned.array.allSatisfy { $0 == 5 } && own.array.allSatisfy { $0 == 5 })
  }

  @Test func releasesPagesOfATensor() throws {
    let tensor = try store.tensor("proj")
    store.release(tensor)
    #expect(tensor.array == [1, 2, 3, 4, 5, 6])
    try store.verifyUnchanged()
  }

  /// A store of one tensor in a hole of 64 GB: to read it all would take minutes and the machine's
  /// memory.
  private func hole() throws -> WeightStore {
    let (rows, width) = (1 << 20, 1 << 14)
    let end = rows * width * 4
    var header =
      #"{"hole":{"dtype":"F32","shape":[\#(rows),\#(width)],"data_offsets":[0,\#(end)]}}"#
    while header.utf8.count % 8 != 0 { header += " " }
    let bytes = safeTensors(header: header)
    let path = try folder.write(bytes, to: "hole.safetensors")
    try #require(truncate(path, bytes.count + end) == 0)
    return try WeightStore(file: path)
  }

  @Test func touchesHeadersOnly() throws {
    let hole = try hole()
    #expect(hole.byteCount == 64 << 30)
    let last = try hole.tensor("hole").sliced(axis: 0, (1 << 20) - 1..<1 << 20)
    #expect(last.array.allSatisfy { $0 == 0 })
    hole.release(last)
  }

  /// No machine that runs this has 2 EB; the size stands for more than is there.
  @Test func refusesCopiesBeyondMemory() throws {
    #expect(OwnedBytes(byteCount: 1 << 61) == nil)
  }
}
