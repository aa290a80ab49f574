import Tensors
import Testing

@testable import Checkpoints

@Suite struct WeightScopeTests {
  private let folder: TemporaryFolder
  private let store: WeightStore

  init() throws {
    folder = try TemporaryFolder()
    let bytes = safeTensors([
      ("tower.layers.0.weight", [2, 3], [1, 2, 3, 4, 5, 6]),
      ("tower.layers.0.bias", [2], [7, 8]),
      ("tower.layers.1.weight", [2, 3], [0, 0, 0, 0, 0, 1]),
      ("tower.layers.10.weight", [1], [0]),
      ("tower.layers.0.position_ids", [1], [0]),
    ])
    store = try WeightStore(file: folder.write(bytes, to: "model.safetensors"))
  }

  @Test func descendsByPrefix() throws {
    let scope = WeightScope(store)
    let layer = scope["tower"]["layers"][0]
    #expect(layer.prefix == "tower.layers.0.")
    #expect(try layer.tensor("weight", [2, 3]).array == [1, 2, 3, 4, 5, 6])
    #expect(try scope.descending("tower.layers.0").vector("bias", 2).array == [7, 8])
    #expect(layer.contains("bias") && !layer.contains("gain"))
    #expect(layer.entry("weight")?.shape == [2, 3])
    #expect(scope["tower"].count(of: "layers") == 2)
    #expect(scope.count(of: "tower") == 0)
  }

  @Test func reportsEveryProblemAtOnce() throws {
    let error = #expect(throws: CheckpointError.self) {
      try WeightScope.load(store, ignoring: ["*.position_ids"]) {
        scope throws(CheckpointError) in
        let layers = scope["tower"]["layers"]
        // A builder goes on reshaping and slicing what it got.
        _ = try layers[0].tensor("weight", [3, 2]).reshaped([6]).sliced(axis: 0, 0..<1)
        _ = try layers[0].vector("gain", 4).reshaped([2, 2])
        _ = try layers[2].tensor("weight", [1 << 20, 1 << 15]).reshaped([1 << 35])
      }
    }
    let expected = """
      : the tensors do not fit the model: 2 missing: 'tower.layers.0.gain' [4], \
      'tower.layers.2.weight' [1048576, 32768]; 1 with another shape: \
      'tower.layers.0.weight' is [2, 3], not [3, 2]; 3 that the model has no place for: \
      'tower.layers.0.bias', 'tower.layers.1.weight', 'tower.layers.10.weight'. \
      Check that the weights and the configuration belong together
      """
    #expect(error?.description == folder.path("model.safetensors") + expected)
  }

  /// Matrices alone are held in another type, and the store tells what is held.
  @Test func convertsMatrices() throws {
    let values = (0..<64).map { Float($0) / 8 }
    let store = try WeightStore(
      file: folder.write(
        safeTensors([("map.weight", [2, 32], values), ("map.bias", [32], Array(values[..<32]))]),
        to: "map.safetensors"))
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1))
    for (elementType, bytes) in [(ElementType.q8_0, 68), (.q4_0, 36), (.f16, 128), (.f32, 256)] {
      let conversion = WeightConversion(to: elementType, in: context)
      let held = try WeightScope.load(store, converting: conversion) {
        scope throws(CheckpointError) in
        let matrix = try scope["map"].matrix("weight", 2, 32)
        let again = try scope["map"].matrix("weight", 2, 32)
        let bias = try scope["map"].vector("bias", 32)
        return (matrix: matrix, again: again, bias: bias)
      }
      #expect(held.matrix.elementType == elementType && held.matrix.byteCount == bytes)
      #expect(held.again.bytes == held.matrix.bytes, "made once")
      #expect(held.bias.elementType == .f32 && held.bias.array == Array(values[..<32]))
      let applied = try conversion.applied(to: store)
      #expect(applied.names == store.names && applied.byteCount == bytes + 128)
      #expect(applied.entry("map.weight")?.elementType == elementType)
    }
  }

  @Test func namesTheMatrixThatCannotBeConverted() throws {
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1))
    let scope = { (scope: WeightScope) throws(CheckpointError) in
      try scope["tower"]["layers"][1].matrix("weight", 2, 3)
    }
    let error = #expect(throws: CheckpointError.self) {
      try WeightScope.load(
        store, ignoring: ["*"], converting: WeightConversion(to: .q8_0, in: context), scope)
    }
    #expect(
      error?.description == """
        tensor 'tower.layers.1.weight': cannot hold it as q8_0: conversion to q8_0: shapes [2, 3] where \
        rows of whole blocks of 32 is needed
        """)
  }

  @Test func returnsTheModelWhenAllFits() throws {
    let sum = try WeightScope.load(store, ignoring: ["tower.*.weight", "*.position_*"]) {
      scope throws(CheckpointError) in
      let layer = scope.descending("tower.layers.0")
      return try layer.vector("bias", 2).array.reduce(0, +)
    }
    #expect(sum == 15)
  }

  @Test func neverCallsAnIntegerAWeight() throws {
    let header = #"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#
    let store = try WeightStore(
      file: folder.write(
        safeTensors(header: header, data: [UInt8](repeating: 0, count: 8)), to: "i.safetensors"))
    let error = #expect(throws: CheckpointError.self) { try WeightScope(store).vector("a", 1) }
    #expect(error?.description.contains("1 not of a floating-point type: 'a' is i64") == true)
  }

  @Test func stopsAtOnceUnlessCollecting() throws {
    #expect(throws: CheckpointError.self) { try WeightScope(store).vector("absent", 1) }
  }

  @Test func refusesImpossibleRequests() throws {
    for shape: Shape in [[-1], [1 << 62, 8], [0, 1 << 62, 8]] {
      #expect(throws: CheckpointError.self) {
        try WeightScope.load(store) { scope throws(CheckpointError) in
          try scope.tensor("tower.layers.0.bias", shape)
        }
      }
    }
    // Possible as numbers, but not even as address space.
    #expect(throws: CheckpointError.self) {
      try WeightScope.load(store) { scope throws(CheckpointError) in
        try scope.tensor("absent", [1 << 60])
      }
    }
  }

  @Test func passesOnWhatTheBuilderThrows() throws {
    let own = CheckpointError.invalidName(name: "x", problem: "the builder's own")
    #expect(throws: own) {
      try WeightScope.load(store) { _ throws(CheckpointError) in throw own }
    }
  }

  @Test(arguments: [
    ("*", "anything", true), ("", "", true), ("a", "ab", false), ("a*", "ab", true),
    ("*.position_ids", "text.position_ids", true), ("*.position_ids", "position_ids", false),
    ("a*b*c", "a.b.b.c", true), ("a*b*c", "a.c.b", false), ("ab*ba", "aba", false),
    ("*a*a*", "a", false), ("*a*a*", "xaxa", true), ("caf\u{E9}", "cafe\u{301}", false),
  ])
  func matchesPatterns(_ pattern: String, _ name: String, _ expected: Bool) {
    #expect(NamePattern(pattern).matches(name) == expected)
  }
}
