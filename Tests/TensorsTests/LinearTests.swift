import Tensors
import Testing

/// Products as models ask for them: any weight type, any precision, blocked and shared out.
@Suite struct LinearTests {
  /// Rows past two tiles, columns past two groups of four, k past a block of every format.
  @Test(arguments: Table.all, [ElementType.f32, .f16, .bf16])
  func sumsExactlyAcrossTilesAndBlocks(_ table: Table, _ elementType: ElementType) throws {
    var noise = Noise(40)
    let context = table.context(.f32)
    for k in [1, 31, 1025, 2049, 4097] {
      let columns = 9
      let (w, b) = (noise.integers(columns * k), noise.integers(columns))
      for rows in 0...2 * table.tileRows + 1 {
        let x = noise.integers(rows * k)
        let weight = lent(encoded(w, elementType), elementType, [columns, k], misalignment: 2)
        for bias in [nil, context.tensor(b, [columns])] {
          let y = try context.linear(context.tensor(x, [rows, k]), weight: weight, bias: bias)
          #expect(y.shape == [rows, columns])
          #expect(
            y.array == Reference.linear(
              x, w, bias: bias == nil ? nil : b, rows: rows, columns: columns, k: k),
            "\(rows) × \(columns) over \(k)")
        }
      }
    }
  }

  @Test(arguments: Table.all)
  func handlesEveryCountOfColumns(_ table: Table) throws {
    var noise = Noise(41)
    let context = table.context()
    for columns in Array(0...9) + [63, 64, 65, 257] {
      for rows in [1, 3, 100] {
        let (x, w) = (noise.integers(rows * 40), noise.integers(columns * 40))
        let y = try context.linear(
          context.tensor(x, [rows, 40]), weight: context.tensor(w, [columns, 40]))
        #expect(y.array == Reference.linear(x, w, rows: rows, columns: columns, k: 40))
      }
    }
  }

  /// The precision decides what is rounded; the sum is then as good as f32 can.
  @Test(arguments: Table.all, [ElementType.f32, .f16, .bf16])
  func roundsOperandsAsThePrecisionSays(_ table: Table, _ elementType: ElementType) throws {
    for precision in [Precision.file, .f32, .bf16] {
      try expectRounding(table, precision, elementType)
    }
  }

  private func expectRounding(
    _ table: Table, _ precision: Precision, _ elementType: ElementType
  ) throws {
    var noise = Noise(42)
    let (rows, columns, k) = (5, 11, 3000)
    let x = noise.floats(rows * k)
    let w = noise.floats(columns * k).map { rounded($0, to: elementType) }
    let context = table.context(precision)
    let weight = lent(encoded(w, elementType), elementType, [columns, k])
    let y = try context.linear(context.tensor(x, [rows, k]), weight: weight)
    let narrows = precision == .bf16 || (precision == .file && elementType == .bf16)
    let (left, right) = narrows ? (x.map(bf16Rounded), w.map(bf16Rounded)) : (x, w)
    let exact = Reference.linear(left.doubles, right.doubles, rows: rows, columns: columns, k: k)
    let magnitudes = Reference.linear(
      left.doubles.map(abs), right.doubles.map(abs), rows: rows, columns: columns, k: k)
    expectClose(y.array, exact, "\(elementType) in \(precision)") {
      (Double(k) / 4 + 8) * 0x1p-24 * magnitudes[$0]
    }
  }

  /// Blocks of 32 meet f32 activations as the numbers that they stand for; a narrower precision
  /// converts them as it converts any other weight.
  @Test(arguments: Table.all, [ElementType.q8_0, .q4_0])
  func multipliesQuantisedBlocks(_ table: Table, _ elementType: ElementType) throws {
    var noise = Noise(45)
    for (rows, columns, k) in [(1, 37, 4096), (2, 4, 32), (table.tileRows + 1, 9, 1056)] {
      let quantized = QuantizedWeights(elementType, blocks: columns * k / 32, noise: &noise)
      let x = noise.floats(rows * k)
      for precision in Precision.allCases {
        let context = table.context(precision)
        // Two bytes off a line, as a mapped file lends them.
        let weight = lent(quantized.bytes, elementType, [columns, k], misalignment: 2)
        let plain = context.tensor(quantized.values, [columns, k])
        let input = context.tensor(x, [rows, k])
        let y = try context.linear(input, weight: weight).array
        if precision == .bf16 || precision == .int8 {
          #expect(y == (try context.linear(input, weight: plain)).array, "\(precision)")
        } else {
          let w = quantized.values.doubles
          let exact = Reference.linear(x.doubles, w, rows: rows, columns: columns, k: k)
          let magnitudes = Reference.linear(
            x.doubles.map(abs), w.map(abs), rows: rows, columns: columns, k: k)
          expectClose(y, exact, "\(elementType) in \(precision)") {
            (Double(k) / 4 + 8) * 0x1p-24 * magnitudes[$0]
          }
        }
        #expect(try context.upcast(weight).array == quantized.values)
      }
    }
  }

  @Test(arguments: [ElementType.q8_0, .q4_0])
  func passesGradientsThroughQuantisedWeights(_ elementType: ElementType) throws {
    var noise = Noise(46)
    let quantized = QuantizedWeights(elementType, blocks: 10, noise: &noise)
    let (x, seed) = (noise.floats(3 * 64), noise.floats(3 * 5))
    let context = Table.all[0].context()
    var input: Tensor?
    let (_, gradients) = try context.differentiate(seed: context.tensor(seed, [3, 5])) {
      tape throws(TensorError) in
      let watched = tape.watch(context.tensor(x, [3, 64]))
      input = watched
      return try context.linear(watched, weight: lent(quantized.bytes, elementType, [5, 64]))
    }
    let watched = try #require(input)
    let dx = try #require(gradients[watched])
    let expected = try context.product(
      context.tensor(seed, [3, 5]), context.tensor(quantized.values, [5, 64]))
    #expect(dx.array == expected.array)
  }

  @Test func refusesRowsThatCutABlock() throws {
    var noise = Noise(47)
    let quantized = QuantizedWeights(.q8_0, blocks: 3, noise: &noise)
    let context = Table.all[0].context()
    let weight = lent(quantized.bytes, .q8_0, [2, 48])
    #expect(throws: TensorError.self) {
      try context.linear(context.tensor(noise.floats(48), [1, 48]), weight: weight)
    }
  }

  @Test(arguments: Table.all, [ElementType.f32, .bf16])
  func quantizesRowsAndAddsIntegersExactly(_ table: Table, _ elementType: ElementType) throws {
    var noise = Noise(43)
    let context = table.context(.int8)
    for k in [1, 15, 17, 63, 65, 129, 4096, 4097] {
      let (rows, columns) = (table.tileRows + 2, 7)
      var x = noise.floats(rows * k)
      for index in 0..<k { x[index] = 0 }
      let w = noise.floats(columns * k).map { rounded($0, to: elementType) }
      let b = noise.floats(columns)
      let weight = lent(encoded(w, elementType), elementType, [columns, k])
      let y = try context.linear(
        context.tensor(x, [rows, k]), weight: weight, bias: context.tensor(b, [columns]))
      let expected = Reference.int8Linear(
        x, w, bias: b, rows: rows, columns: columns, k: k, block: 4096)
      #expect(y.array == expected, "over \(k)")
    }
  }

  @Test(arguments: Table.all, Precision.allCases)
  func carriesNaNAndNothingElse(_ table: Table, _ precision: Precision) throws {
    let context = table.context(precision)
    var x = [Float](repeating: 1, count: 3 * 20)
    x[25] = .nan
    let w = [Float](repeating: 1, count: 6 * 20)
    let y = try context.linear(context.tensor(x, [3, 20]), weight: context.tensor(w, [6, 20])).array
    for (index, value) in y.enumerated() { #expect(value.isNaN == (index / 6 == 1)) }
  }

  @Test(arguments: Table.all, Precision.allCases)
  func doesNotDependOnTheThreadCount(_ table: Table, _ precision: Precision) throws {
    var noise = Noise(44)
    let (rows, columns, k) = (37, 301, 1500)
    let (x, w) = (noise.floats(rows * k), noise.floats(columns * k))
    var results: [[UInt32]] = []
    for threads in 1...3 {
      let pool = ThreadPool(threadCount: threads)
      defer { pool.close() }
      let context = table.context(precision, pool: pool)
      let a = context.tensor(x, [rows, k])
      let weight = context.tensor(w, [columns, k])
      let y = try context.linear(a, weight: weight)
      let one = try context.linear(a.sliced(axis: 0, 4..<5), weight: weight)
      let sums = try context.product(a, try context.transposed(weight))
      let heads = try context.attention(
        query: y.reshaped([1, rows, 7, 43]), key: y.reshaped([1, rows, 7, 43]),
        value: y.reshaped([1, rows, 7, 43]), scale: 0.01, site: LayerSite(tower: "t", layer: 0))
      let soft = try context.softmax(try context.add(y, y), scale: 0.1)
      results.append((y.array + one.array + sums.array + heads.array + soft.array).map(\.bitPattern))
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  /// Two views of one buffer, and a buffer that comes back with other numbers, are other weights.
  @Test(arguments: [Precision.f32, .bf16, .int8])
  func neverTakesOneWeightForAnother(_ precision: Precision) throws {
    var noise = Noise(45)
    let context = Table.all[0].context(precision)
    let fused = context.tensor(noise.integers(12 * 16), [12, 16])
    let x = context.tensor(noise.integers(2 * 16), [2, 16])
    let whole = try context.linear(x, weight: fused)
    let part = try context.linear(x, weight: fused.sliced(axis: 0, 0..<4))
    #expect(part.shape == [2, 4])
    #expect(part.array == Array(whole.array[0..<4] + whole.array[12..<16]))
    for value: Float in [1, 2, 3] {
      // The same buffer of the arena each time.
      let weight = context.filled([4, 16], with: value)
      let y = try context.linear(context.filled([1, 16], with: 1), weight: weight)
      #expect(abs(y.array[0] - 16 * value) < 0.5)
      let strided = context.filled([4, 32], with: value).sliced(axis: 1, 0..<16)
      let z = try context.linear(context.filled([1, 16], with: 1), weight: strided)
      #expect(abs(z.array[0] - 16 * value) < 0.5)
    }
  }

  @Test(arguments: [(Precision.f32, 4), (.bf16, 2)])
  func keepsPackedWeightsOnlyWhileTheirSourceLives(_ precision: Precision, _ bytes: Int) throws {
    let context = Table.all[0].context(precision)
    let x = context.filled([1, 64], with: 1)
    var told = 0
    context.packedWeights.onPacked = { _ in told += 1 }
    let weight = context.filled([64, 64], with: 1)
    for _ in 0..<3 { _ = try context.linear(x, weight: weight) }
    #expect(told == 1)
    #expect(context.packedWeights.byteCount == 64 * 64 * bytes)
    for _ in 0..<5 { _ = try context.linear(x, weight: context.filled([64, 64], with: 2)) }
    #expect(context.packedWeights.byteCount <= 2 * 64 * 64 * bytes)
    context.packedWeights.removeAll()
    #expect(context.packedWeights.byteCount == 0)
  }

  @Test func biasAndSumOfNothing() throws {
    let context = Table.all[0].context()
    let y = try context.linear(
      context.empty([2, 0]), weight: context.empty([3, 0]), bias: context.tensor([1, 2, 3], [3]))
    #expect(y.array == [1, 2, 3, 1, 2, 3])
    #expect(try context.product(context.empty([2, 0]), context.empty([0, 2])).array == [0, 0, 0, 0])
  }

  /// Several maps of one input, finished as they are summed, are what the operations by themselves
  /// make; also over several blocks of k, over none, and where a tape wants what lies between.
  @Test(arguments: Table.all, Precision.allCases)
  func finishesSeveralMapsAtOnce(_ table: Table, _ precision: Precision) throws {
    var noise = Noise(48)
    for (rows, k) in [(1, 70), (50, 2600), (3, 0)] {
      let context = table.context(precision)
      func tensor(_ shape: Shape) -> Tensor {
        context.tensor(noise.floats(shape.elementCount), shape)
      }
      let x = tensor([rows, k])
      let residual = tensor([rows, 21])
      let maps = [
        LinearMap(weight: tensor([130, k]), bias: tensor([130]), activation: .gelu),
        LinearMap(weight: tensor([21, k]), bias: tensor([21]), addend: residual),
        LinearMap(weight: lent(encoded(noise.floats(9 * k), .bf16), .bf16, [9, k])),
      ]
      let plain = try maps.map { try context.linear(x, weight: $0.weight, bias: $0.bias) }
      let expected = [
        try context.activate(plain[0], .gelu), try context.add(residual, plain[1]), plain[2],
      ]
      let scale = expected.flatMap(\.array).reduce(1) { max($0, abs($1)) }
      for (y, e) in zip(try context.linear(x, maps), expected) {
        #expect(y.shape == e.shape)
        expectClose(y.array, e.array.doubles, "\(rows) × \(k)") { _ in 1e-6 * Double(scale) }
      }
      let (outputs, _) = try context.differentiate(seed: context.filled([rows, 21], with: 1)) {
        tape throws(TensorError) in
        try context.linear(tape.watch(x), maps)[1]
      }
      #expect(outputs.array == expected[1].array)
    }
  }

  @Test func namesOperandsThatDoNotFit() throws {
    let context = Table.all[0].context()
    #expect(throws: TensorError.self) {
      try context.linear(context.zeros([2, 3]), weight: context.zeros([4, 5]))
    }
    #expect(throws: TensorError.elementType(
      operation: "matrix product", found: .i64, expected: "f32, f16, bf16, q8_0 or q4_0")
    ) {
      try context.linear(context.zeros([2, 3]), weight: context.empty([4, 3], .i64))
    }
  }
}

private func encoded(_ values: [Float], _ elementType: ElementType) -> [UInt8] {
  switch elementType {
  case .f16: DotFormat.f16.encoded(values)
  case .bf16: DotFormat.bf16.encoded(values)
  default: DotFormat.f32.encoded(values)
  }
}

private func rounded(_ value: Float, to elementType: ElementType) -> Float {
  switch elementType {
  case .f16: Float(Float16(value))
  case .bf16: bf16Rounded(value)
  default: value
  }
}
