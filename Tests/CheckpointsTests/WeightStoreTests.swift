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
    let split = try store.splitting("attn.in_proj_weight", into: ["q", "k", "v"])
      .splitting("attn.in_proj_bias", into: ["qb", "kb", "vb"])
    #expect(split.names == ["k", "kb", "proj", "q", "qb", "scale", "v", "vb"])
    #expect(try split.tensor("k").array == [4, 5, 6, 7])
    #expect(try split.tensor("vb").array == [4, 5])
    #expect(split.entry("q")?.originalName == "attn.in_proj_weight")
    #expect(throws: CheckpointError.self) { try store.splitting("proj", into: ["a", "b", "c"]) }
    #expect(throws: CheckpointError.self) { try store.splitting("scale", into: ["a"]) }
    #expect(throws: CheckpointError.self) { try store.splitting("absent", into: ["a"]) }
  }

  @Test func transposesAndReshapes() throws {
    let turned = try store.transposing("proj", as: "projection.weight")
    let tensor = try turned.tensor("projection.weight")
    #expect(tensor.shape == [3, 2] && tensor.isContiguous)
    #expect(tensor.array == [1, 4, 2, 5, 3, 6])
    #expect(!turned.contains("proj"))
    #expect(try turned.transposing("projection.weight").tensor("projection.weight").array
      == [1, 2, 3, 4, 5, 6])
    #expect(throws: CheckpointError.self) { try store.transposing("scale") }
    #expect(try store.reshaping("scale", to: [1]).tensor("scale").shape == [1])
    #expect(throws: CheckpointError.self) { try store.reshaping("proj", to: [7]) }
    #expect(throws: CheckpointError.self) { try turned.reshaping("projection.weight", to: [6]) }
  }

  @Test func takesRowsOfATranspose() throws {
    let rows = try store.transposing("proj").adding("rows", rows: 1..<3, of: "proj")
    #expect(try rows.tensor("rows").array == [2, 5, 3, 6])
    #expect(throws: CheckpointError.self) { try store.adding("r", rows: 1..<3, of: "proj") }
    #expect(throws: CheckpointError.self) { try store.adding("r", rows: 0..<0, of: "scale") }
  }

  @Test func renamesWithoutMergingNames() throws {
    let renamed = try store.renamed { $0 == "scale" ? nil : "x." + $0 }
    #expect(renamed.names == ["x.attn.in_proj_bias", "x.attn.in_proj_weight", "x.proj"])
    #expect(throws: CheckpointError.self) { try store.renamed { _ in "same" } }
    let tied = try store.adding("head", sameAs: "proj")
    #expect(try tied.tensor("head").bytes == tied.tensor("proj").bytes)
    #expect(throws: CheckpointError.self) { try tied.adding("head", sameAs: "proj") }
    #expect(!tied.removing("proj", "absent").contains("proj"))
  }

  @Test func addsTensorsOfItsOwn() throws {
    let tensor = try store.tensor("proj").sliced(axis: 0, 1..<2)
    #expect(try store.adding("row", tensor).tensor("row").array == [4, 5, 6])
    #expect(throws: CheckpointError.self) { try store.merging(store) }
    let other = try store.renamed { "other." + $0 }
    #expect(try store.merging(other).count == 8)
  }

  @Test func namesAnAbsentTensor() throws {
    let error = #expect(throws: CheckpointError.self) { try store.tensor("absent") }
    #expect(error?.description.contains("holds no tensor 'absent'") == true)
  }

  @Test func releasesPagesOfATensor() throws {
    let tensor = try store.tensor("proj")
    store.release(tensor)
    #expect(tensor.array == [1, 2, 3, 4, 5, 6])
    try store.verifyUnchanged()
  }
}
