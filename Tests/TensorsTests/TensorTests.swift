import Tensors
import Testing

/// Shapes, views and the operations that move elements.
@Suite struct TensorTests {
  @Test func shapesFromOutsideAreChecked() {
    #expect(Shape(checking: [2, 3, 4])?.elementCount == 24)
    #expect(Shape(checking: [])?.elementCount == 1)
    #expect(Shape(checking: [2, 0, 3])?.elementCount == 0)
    #expect(Shape(checking: [1, 1, 1, 1, 1, 1, 1]) == nil)
    #expect(Shape(checking: [-1, 3]) == nil)
    #expect(Shape(checking: [.max, 2]) == nil)
    #expect(Shape(checking: [1 << 31, 1 << 31, 4]) == nil)
    #expect(Shape(checking: [0, .max, .max]) == nil, "its strides would overflow")
  }

  @Test func byteCountsAreChecked() {
    #expect(ElementType.bf16.byteCount(elements: 3) == 6)
    #expect(ElementType.f64.byteCount(elements: .max) == nil)
    #expect(ElementType.f32.byteCount(elements: -1) == nil)
  }

  @Test func slicesAreViews() throws {
    let context = Table.all[0].context()
    let x = context.tensor((0..<24).map(Float.init), [2, 3, 4])
    let part = x.sliced(axis: -1, 1..<3)
    #expect(part.shape == [2, 3, 2])
    #expect(!part.isContiguous)
    #expect(part.storage === x.storage)
    #expect(try context.contiguous(part).array == [1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22])
    #expect(x.sliced(axis: 0, 1..<2).isContiguous)
    #expect(throws: TensorError.index(operation: "slice", found: 5, limit: 4)) {
      try context.sliced(x, axis: 1, 2..<5)
    }
    #expect(throws: TensorError.index(operation: "slice", found: -1, limit: 4)) {
      try context.sliced(x, axis: 1, -1..<2)
    }
  }

  @Test(arguments: Table.all)
  func widensHalvesOfAnyView(_ table: Table) throws {
    let context = table.context()
    let values: [Float] = (0..<35).map { Float($0) - 7.5 }
    for (format, type) in [(DotFormat.f16, ElementType.f16), (.bf16, .bf16)] {
      let x = lent(format.encoded(values), type, [5, 7], misalignment: 1)
      #expect(try context.contiguous(x).array == values)
      let column = try context.contiguous(x.sliced(axis: 1, 2..<4)).array
      var expected: [Float] = []
      for row in 0..<5 { expected += values[row * 7 + 2..<row * 7 + 4] }
      #expect(column == expected)
    }
    #expect(throws: TensorError.self) { try context.contiguous(context.empty([2], .i64)) }
  }

  @Test func concatenatesAlongAnyAxis() throws {
    let context = Table.all[0].context()
    let a = context.tensor([1, 2, 3, 4], [2, 2])
    let b = context.tensor([5, 6], [2, 1])
    #expect(try context.concatenated([a, b], axis: 1).array == [1, 2, 5, 3, 4, 6])
    #expect(try context.concatenated([a, a], axis: 0).array == [1, 2, 3, 4, 1, 2, 3, 4])
    #expect(try context.concatenated([b, a.sliced(axis: 1, 1..<2)], axis: -1).array == [5, 2, 6, 4])
    #expect(throws: TensorError.self) { try context.concatenated([a, b], axis: 0) }
    let row = context.zeros([2])
    #expect(throws: TensorError.self) { try context.concatenated([a, row], axis: 1) }
    #expect(throws: TensorError.self) { try context.concatenated([row, a], axis: 0) }
    #expect(throws: TensorError.self) { try context.concatenated([], axis: 0) }
  }

  @Test func gathersRowsOfAnyType() throws {
    let context = Table.all[0].context()
    let table = lent(DotFormat.f16.encoded([1, 2, 3, 4, 5, 6]), .f16, [3, 2])
    #expect(try context.rows(of: table, at: [2, 0, 2]).array == [5, 6, 1, 2, 5, 6])
    #expect(try context.rows(of: table, at: []).shape == [0, 2])
    #expect(throws: TensorError.index(operation: "rows", found: 3, limit: 3)) {
      try context.rows(of: table, at: [0, 3])
    }
    #expect(throws: TensorError.index(operation: "rows", found: -1, limit: 3)) {
      try context.rows(of: table, at: [-1])
    }
  }

  @Test func transposesRaggedPlanes() throws {
    var noise = Noise(90)
    let context = Table.all[0].context()
    for (planes, rows, columns) in [(1, 1, 1), (3, 5, 33), (2, 40, 17), (1, 16, 16), (2, 0, 3)] {
      let x = noise.floats(planes * rows * columns)
      let y = try context.transposed(context.tensor(x, [planes, rows, columns]))
      #expect(y.shape == [planes, columns, rows])
      let plane = rows * columns
      var expected: [Float] = []
      for start in stride(from: 0, to: planes * plane, by: max(1, plane)) {
        expected += Reference.transposed(
          Array(x[start..<start + plane]), rows: rows, columns: columns)
      }
      #expect(y.array == expected)
    }
  }

  @Test(arguments: Table.all)
  func multipliesMatricesPastEveryBlock(_ table: Table) throws {
    var noise = Noise(91)
    let context = table.context()
    for (rows, terms, columns) in [(1, 1, 1), (49, 513, 257), (100, 30, 12), (7, 1100, 33)] {
      let (a, b) = (noise.integers(rows * terms), noise.integers(terms * columns))
      let expected = Reference.product(a, b, rows: rows, terms: terms, columns: columns)
      let (left, right) = (context.tensor(a, [rows, terms]), context.tensor(b, [terms, columns]))
      #expect(try context.product(left, right).array == expected)
      let turned = try context.transposed(left)
      #expect(try context.product(turned, right, firstTransposed: true).array == expected)
      #expect(try context.productTransposed(left, context.transposed(right)).array == expected)
    }
  }

  @Test(arguments: Table.all)
  func rotatesPairsOfHalves(_ table: Table) throws {
    var noise = Noise(92)
    let context = table.context()
    for (width, rotated) in [(2, 2), (64, 64), (80, 80), (10, 6), (70, 66)] {
      let (batch, tokens, heads) = (2, 3, 2)
      let x = noise.floats(batch * tokens * heads * width)
      let angles = context.rotaryTable(positions: [0, 7, 4000], width: rotated, base: 10_000)
      #expect(angles.cosines.array[0] == 1 && angles.sines.array[0] == 0)
      #expect(abs(Double(angles.sines.array[rotated / 2]) - 0.6569865987187891) < 1e-7, "sin 7")
      let y = try context.rotated(context.tensor(x, [batch, tokens, heads, width]), by: angles)
      let exact = Reference.rotated(
        x.doubles, cosines: angles.cosines.array.doubles, sines: angles.sines.array.doubles,
        positions: tokens, heads: heads, width: width)
      expectClose(y.array, exact, relative: 3e-7, "\(rotated) of \(width)")
      #expect(Array(y.array[..<(heads * width)]) == Array(x[..<(heads * width)]), "position 0 stays")
    }
    let wide = RotaryTable(cosines: context.zeros([3, 3]), sines: context.zeros([3, 3]))
    #expect(throws: TensorError.self) {
      try context.rotated(context.zeros([1, 3, 1, 4]), by: wide)
    }
  }

  @Test func rotatesSequencesByPositionsOfTheirOwn() throws {
    var noise = Noise(93)
    let context = Table.all[0].context()
    let x = context.tensor(noise.floats(2 * 3 * 2 * 6), [2, 3, 2, 6])
    let tables = [[0, 1, 2], [5, 9, 6]].map {
      context.rotaryTable(positions: $0, width: 6, base: 100)
    }
    let both = RotaryTable(
      cosines: context.tensor(tables.flatMap { $0.cosines.array }, [2, 3, 3]),
      sines: context.tensor(tables.flatMap { $0.sines.array }, [2, 3, 3]))
    let y = try context.rotated(x, by: both).array
    for (index, table) in tables.enumerated() {
      let alone = try context.rotated(x.sliced(axis: 0, index..<index + 1), by: table).array
      #expect(Array(y[index * 36..<(index + 1) * 36]) == alone)
    }
  }

  @Test func broadcastsOverLeadingAxes() throws {
    let context = Table.all[0].context()
    let x = context.tensor([1, 2, 3, 4], [2, 2])
    #expect(try context.add(x, context.tensor([10, 20], [2])).array == [11, 22, 13, 24])
    #expect(try context.multiply(x, x).array == [1, 4, 9, 16])
    #expect(throws: TensorError.self) { try context.add(x, context.zeros([2, 1])) }
    #expect(throws: TensorError.self) { try context.add(context.zeros([2]), x) }
    // A row so long that writing one into no rows would leave the memory of the process.
    let width = 1 << 24
    #expect(try context.add(context.empty([0, width]), context.zeros([width])).shape == [0, width])
  }

  @Test func masksOfASoftmaxHaveTheLastAxes() throws {
    let context = Table.all[0].context()
    let x = context.zeros([2, 3, 4])
    for shape: Shape in [[4], [3, 4], [2, 3, 4]] {
      #expect(try context.softmax(x, mask: context.zeros(shape)).array[0] == 0.25)
    }
    for shape: Shape in [[], [1], [3], [2, 4], [1, 2, 3, 4]] {
      #expect(throws: TensorError.self) { try context.softmax(x, mask: context.zeros(shape)) }
    }
  }

  @Test func meansDropTheirAxis() throws {
    let context = Table.all[0].context()
    let x = context.tensor([1, 2, 3, 4, 5, 6], [1, 3, 2])
    #expect(try context.mean(x, axis: 1).array == [3, 4])
    #expect(try context.mean(x, axis: -1).array == [1.5, 3.5, 5.5])
    #expect(try context.mean(x, axis: 0).shape == [3, 2])
    #expect(throws: TensorError.self) { try context.mean(x, axis: 3) }
    #expect(throws: TensorError.self) { try context.mean(context.zeros([0, 2]), axis: 0) }
  }

  @Test func errorsNameWhatWasFoundAndWhatIsNeeded() {
    let error = TensorError.shapes(
      operation: "linear", found: [[2, 3], [4, 5]], expected: "[..., K], [N, K] and [N]")
    #expect("\(error)" == "linear: shapes [2, 3], [4, 5] where [..., K], [N, K] and [N] is needed")
    let index = TensorError.index(operation: "rows", found: 9, limit: 4)
    #expect("\(index)" == "rows: index 9 is outside 0..<4")
  }
}
