import Tensors
import Testing

/// The three products of a linear layer in bf16, as training multiplies, over ragged shapes.
@Suite struct PairedLinearTests {
  struct Size: Sendable, CustomStringConvertible {
    let m, k, n: Int
    var description: String { "\(m) × \(k) by \(n)" }
  }

  /// Past a slab of 128 rows, past a panel of 64 and of 48 columns, and from 1024 rows in parts.
  static let sizes: [Size] = [
    Size(m: 1, k: 1, n: 1), Size(m: 2, k: 3, n: 5), Size(m: 7, k: 17, n: 13),
    Size(m: 13, k: 64, n: 48), Size(m: 12, k: 65, n: 49), Size(m: 100, k: 130, n: 63),
    Size(m: 129, k: 15, n: 97), Size(m: 3, k: 1, n: 130), Size(m: 513, k: 33, n: 31),
    Size(m: 1025, k: 20, n: 50), Size(m: 1601, k: 7, n: 66), Size(m: 0, k: 4, n: 3),
  ]

  /// Outputs and gradients of maps of one input, all of which are watched.
  private struct Found {
    var outputs: [[Float]] = []
    var input: [Float] = []
    var weights: [[Float]] = []
    var biases: [[Float]] = []
  }

  private func differentiate(
    _ context: ExecutionContext, x: [Float], _ shape: Shape, weights: [[Float]], biases: [[Float]?],
    seeds: [[Float]]
  ) throws -> Found {
    let (m, k) = (shape.rowCount, shape.width)
    var (input, variables, biasVariables) = (context.tensor(x, shape), [Tensor](), [Tensor?]())
    var outputs: [Tensor] = []
    let seed = context.tensor(seeds, [seeds.reduce(0) { $0 + $1.count }])
    let (_, gradients) = try context.differentiate(seed: seed) { tape throws(TensorError) in
      input = tape.watch(input)
      let widths = weights.map { $0.count / k }
      variables = zip(weights, widths).map { tape.watch(context.tensor($0, [$1, k])) }
      biasVariables = biases.map { $0.map { tape.watch(context.tensor($0, [$0.count])) } }
      outputs = try context.linear(
        input, zip(variables, biasVariables).map { LinearMap(weight: $0, bias: $1) })
      var flat: [Tensor] = []
      for (y, width) in zip(outputs, widths) { flat.append(try context.reshaped(y, [m * width])) }
      return try context.concatenated(flat, axis: 0)
    }
    func values(_ variable: Tensor) throws -> [Float] {
      try context.contiguous(try #require(gradients[variable])).array
    }
    return Found(
      outputs: outputs.map(\.array), input: try values(input), weights: try variables.map(values),
      biases: try biasVariables.compactMap { try $0.map(values) })
  }

  /// Whole numbers are exact in bf16, and so are their sums: every bit is to be right.
  @Test(arguments: Table.all, sizes)
  func isExactOnWholeNumbers(_ table: Table, _ size: Size) throws {
    var noise = Noise(100 + size.m)
    let (m, k, n) = (size.m, size.k, size.n)
    let x = noise.integers(m * k)
    let (weights, seeds) = ([noise.integers(n * k)], [noise.integers(m * n)])
    for bias in [nil, noise.integers(n)] {
      let paired = try differentiate(
        table.context(.bf16), x: x, [m, k], weights: weights, biases: [bias], seeds: seeds)
      let exact = try differentiate(
        table.context(.f32), x: x, [m, k], weights: weights, biases: [bias], seeds: seeds)
      #expect(paired.outputs == exact.outputs, "y of \(size)")
      #expect(paired.input == exact.input, "dx of \(size)")
      #expect(paired.weights == exact.weights, "dW of \(size)")
      #expect(paired.biases == exact.biases, "db of \(size)")
      #expect(m == 0 || paired.outputs[0].contains { $0 != 0 })
    }
  }

  /// Operands are rounded and nothing else is: f32 on rounded operands gives the same sums.
  @Test(arguments: Table.all, [Size(m: 37, k: 129, n: 65), Size(m: 1030, k: 23, n: 50)])
  func roundsTheOperandsAlone(_ table: Table, _ size: Size) throws {
    var noise = Noise(110)
    let (m, k, n) = (size.m, size.k, size.n)
    let (x, w) = (noise.floats(m * k), noise.floats(n * k))
    let (b, dy) = (noise.floats(n), noise.floats(m * n))
    let paired = try differentiate(
      table.context(.bf16), x: x, [m, k], weights: [w], biases: [b], seeds: [dy])
    let (xs, ws, dys) = (x.map(bf16Rounded), w.map(bf16Rounded), dy.map(bf16Rounded))
    let exact = try differentiate(
      table.context(.f32), x: xs, [m, k], weights: [ws], biases: [b], seeds: [dys])
    expectClose(paired.outputs[0], exact.outputs[0].doubles, relative: 1e-6, "y of \(size)")
    expectClose(paired.input, exact.input.doubles, relative: 1e-6, "dx of \(size)")
    expectClose(paired.weights[0], exact.weights[0].doubles, relative: 2e-6, "dW of \(size)")
    // What is only added up is not rounded.
    let sums = (0..<n).map { column in
      (0..<m).reduce(0.0) { $0 + Double(dy[$1 * n + column]) }
    }
    expectClose(paired.biases[0], sums, relative: 2e-6, "db of \(size)")
    #expect(xs != x && ws != w && dys != dy)
  }

  @Test(arguments: Table.all)
  func takesSeveralMapsOfOneInput(_ table: Table) throws {
    var noise = Noise(120)
    for shape: Shape in [[3, 11, 37], [40, 37], [2, 520, 5]] {
      let (m, k) = (shape.rowCount, shape.width)
      let widths = [37, 64, 5]
      let x = noise.integers(m * k)
      let weights = widths.map { noise.integers($0 * k) }
      let seeds = widths.map { noise.integers(m * $0) }
      let biases: [[Float]?] = [noise.integers(37), nil, noise.integers(5)]
      let paired = try differentiate(
        table.context(.bf16), x: x, shape, weights: weights, biases: biases, seeds: seeds)
      let exact = try differentiate(
        table.context(.f32), x: x, shape, weights: weights, biases: biases, seeds: seeds)
      #expect(paired.outputs == exact.outputs)
      #expect(paired.input == exact.input)
      #expect(paired.weights == exact.weights)
      #expect(paired.biases == exact.biases)
      #expect(paired.biases.count == 2)
    }
  }

  /// A layer finds what is not asked for neither computed nor in the way.
  @Test(arguments: Table.all)
  func givesWhatIsWatchedAlone(_ table: Table) throws {
    var noise = Noise(130)
    let context = table.context(.bf16)
    let x = context.tensor(noise.integers(9 * 21), [9, 21])
    let w = context.tensor(noise.integers(6 * 21), [6, 21])
    let b = context.tensor(noise.integers(6), [6])
    let frozen = context.tensor(noise.integers(6 * 21), [6, 21])
    let seed = context.tensor(noise.integers(9 * 6), [9, 6])
    var results: [[Float]] = []
    for watchesAll in [true, false] {
      var (input, weight, bias) = (x, w, b)
      let (_, gradients) = try context.differentiate(seed: seed) { tape throws(TensorError) in
        weight = tape.watch(w)
        if watchesAll { (input, bias) = (tape.watch(x), tape.watch(b)) }
        let maps = [LinearMap(weight: weight, bias: bias), LinearMap(weight: frozen)]
        let outputs = try context.linear(input, maps)
        return try context.add(outputs[0], outputs[1])
      }
      results.append(try #require(gradients[weight]).array)
      #expect((gradients[input] == nil) == !watchesAll)
      #expect((gradients[bias] == nil) == !watchesAll)
      #expect(gradients[frozen] == nil)
    }
    #expect(results[0] == results[1])
  }

  /// The input is a part of something wider, and the weight is stored in halves.
  @Test func readsViewsAndStoredHalves() throws {
    var noise = Noise(140)
    let context = Table.all[0].context(.bf16)
    let wide = noise.integers(8 * 20)
    let w = noise.integers(5 * 13)
    let dy = noise.integers(8 * 5)
    var input = context.tensor(wide, [8, 20])
    var weight = lent(DotFormat.bf16.encoded(w), .bf16, [5, 13])
    let (y, gradients) = try context.differentiate(seed: context.tensor(dy, [8, 5])) {
      tape throws(TensorError) in
      (input, weight) = (tape.watch(input), tape.watch(weight))
      return try context.linear(try context.sliced(input, axis: 1, 4..<17), weight: weight)
    }
    let x = (0..<8).flatMap { row -> [Float] in Array(wide[(row * 20 + 4)..<(row * 20 + 17)]) }
    #expect(y.array == Reference.linear(x, w, rows: 8, columns: 5, k: 13))
    let dx = Reference.product(dy, w, rows: 8, terms: 5, columns: 13)
    let none = [Float](repeating: 0, count: 20)
    let padded = (0..<8).flatMap { row -> [Float] in
      Array(none[..<4]) + Array(dx[(row * 13)..<(row * 13 + 13)]) + Array(none[17...])
    }
    #expect(try context.contiguous(try #require(gradients[input])).array == padded)
    let turned = Reference.transposed(dy, rows: 8, columns: 5)
    let dw = Reference.product(turned, x, rows: 5, terms: 8, columns: 13)
    #expect(gradients[weight]?.array == dw)
  }

  /// Panels are of the weight that is there now, not of one that lay in the same place.
  @Test func followsAWeightThatChanges() throws {
    let context = Table.all[0].context(.bf16)
    for value: Float in [1, 2, 3] {
      var x = context.filled([2, 5], with: 1)
      let (y, gradients) = try context.differentiate { tape throws(TensorError) in
        x = tape.watch(x)
        return try context.linear(x, weight: tape.watch(context.filled([4, 5], with: value)))
      }
      #expect(y.array.allSatisfy { $0 == 5 * value })
      #expect(gradients[x]?.array.allSatisfy { $0 == 4 * value } == true)
    }
  }

  @Test func doesNotDependOnTheThreadCount() throws {
    var noise = Noise(150)
    let (x, w) = (noise.floats(1100 * 31), noise.floats(70 * 31))
    let (b, dy) = (noise.floats(70), noise.floats(1100 * 70))
    var results: [[[UInt32]]] = []
    for threads in 1...3 {
      let pool = ThreadPool(threadCount: threads)
      defer { pool.close() }
      let found = try differentiate(
        Table.all[0].context(.bf16, pool: pool), x: x, [1100, 31], weights: [w], biases: [b],
        seeds: [dy])
      let all = found.outputs + [found.input] + found.weights + found.biases
      results.append(all.map { $0.map(\.bitPattern) })
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test func namesOperandsThatDoNotFit() throws {
    let context = Table.all[0].context(.bf16)
    for shape: Shape in [[4, 6], [4], [2, 5, 1]] {
      #expect(throws: TensorError.self) {
        try context.differentiate { tape throws(TensorError) in
          try context.linear(context.zeros([2, 5]), weight: tape.watch(context.zeros(shape)))
        }
      }
    }
  }
}
