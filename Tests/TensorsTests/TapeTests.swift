import Tensors
import Testing

/// The tape as a whole: chains of operations, and what is and is not recorded.
@Suite struct TapeTests {
  @Test func differentiatesATransformerBlock() throws {
    let block = Block()
    try expectGradients(
      of: "transformer block", block.variables, relative: 5e-5, reference: block.reference,
      operation: block.run)
  }

  @Test func addsUpTheUsesOfAVariable() throws {
    try expectGradients(
      of: "x² · x + x", [.init([2, 5], seed: 60)],
      reference: { $0[0].map { $0 * $0 * $0 + $0 } },
      operation: { c, x throws(TensorError) in
        try c.add(try c.multiply(try c.multiply(x[0], x[0]), x[0]), x[0])
      })
  }

  @Test func followsWhatIsWatchedAlone() throws {
    let context = Table.all[0].context()
    let weight = context.filled([3, 4], with: 2)
    var (passed, hidden, free) = (weight, weight, weight)
    let (_, gradients) = try context.differentiate { tape throws(TensorError) in
      let x = tape.watch(context.filled([1, 4], with: 1))
      free = try context.linear(context.filled([1, 4], with: 1), weight: weight)
      passed = try context.linear(x, weight: weight)
      hidden = tape.watch(passed)
      return try context.add(hidden, free)
    }
    #expect(!free.isTracked, "nothing watched, nothing recorded")
    #expect(passed.isTracked)
    #expect(gradients[weight] == nil, "a frozen weight has no gradient")
    #expect(gradients[hidden]?.array == [1, 1, 1])
  }

  @Test func watchingWhatIsFollowedCutsNothing() throws {
    let context = Table.all[0].context()
    var x = context.tensor([3], [1])
    var square = x
    let (_, gradients) = try context.differentiate { tape throws(TensorError) in
      x = tape.watch(x)
      square = tape.watch(try context.multiply(x, x))
      return try context.scaled(square, by: 2)
    }
    #expect(gradients[square]?.array == [2])
    #expect(gradients[x]?.array == [12])
  }

  @Test func mappedWeightsPassGradientsThrough() throws {
    let context = Table.all[0].context(.int8)
    let weight = lent(DotFormat.bf16.encoded([1, 2, 3, 4]), .bf16, [2, 2])
    var x = context.tensor([1, 1], [1, 2])
    let (_, gradients) = try context.differentiate { tape throws(TensorError) in
      x = tape.watch(x)
      return try context.linear(x, weight: weight)
    }
    #expect(gradients[x]?.array == [4, 6], "exact, whatever the precision forward")
  }

  @Test func gradientsReachStoredHalves() throws {
    let context = Table.all[0].context()
    var x = lent(DotFormat.bf16.encoded([1, 2, 3]), .bf16, [3])
    let (_, gradients) = try context.differentiate { tape throws(TensorError) in
      x = tape.watch(x)
      return try context.scaled(try context.contiguous(x), by: 5)
    }
    #expect(gradients[x]?.array == [5, 5, 5])

    var column = lent(DotFormat.bf16.encoded([1, 2, 3, 4]), .bf16, [2, 2])
      .sliced(axis: 1, 0..<1)
    let (_, strided) = try context.differentiate { tape throws(TensorError) in
      column = tape.watch(column)
      return try context.scaled(try context.reshaped(column, [2]), by: 5)
    }
    #expect(strided[column]?.shape == [2, 1])
    #expect(strided[column]?.array == [5, 5])
  }

  /// A value outlives the tape that followed it; to the next tape it is a constant.
  @Test func earlierAndOuterTapesDoNotLeakIn() throws {
    let context = Table.all[0].context()
    var a = context.tensor([3], [1])
    let (square, _) = try context.differentiate { tape throws(TensorError) in
      a = tape.watch(a)
      return try context.multiply(a, a)
    }
    var b = context.tensor([5], [1])
    let (_, second) = try context.differentiate { tape throws(TensorError) in
      b = tape.watch(b)
      return try context.multiply(b, square)
    }
    #expect(second[b]?.array == [9])
    #expect(second[a] == nil && second[square] == nil)

    var inner: Gradients?
    let (_, outer) = try context.differentiate { tape throws(TensorError) in
      b = tape.watch(b)
      inner = try context.differentiate { nested throws(TensorError) in
        a = nested.watch(a)
        return try context.multiply(a, b)
      }.gradients
      return try context.scaled(b, by: 2)
    }
    #expect(inner?[a]?.array == [5])
    #expect(outer[b]?.array == [2])
    #expect(inner?[b] == nil)
  }

  @Test func weightsTheTargetByASeed() throws {
    let context = Table.all[0].context()
    var x = context.tensor([1, 2, 3], [3])
    let (_, gradients) = try context.differentiate(seed: context.tensor([1, 0, 10], [3])) {
      tape throws(TensorError) in
      x = tape.watch(x)
      return try context.multiply(x, x)
    }
    #expect(gradients[x]?.array == [2, 0, 60])
    #expect(throws: TensorError.self) {
      try context.differentiate(seed: context.zeros([2])) { tape throws(TensorError) in
        tape.watch(context.zeros([3]))
      }
    }
  }

  @Test func anAttentionMapHasAGradient() throws {
    let context = Table.all[0].context()
    let taps = Taps(attention: { _ in true })
    context.taps = taps
    var noise = Noise(61)
    let x = context.tensor(noise.floats(4 * 6), [1, 4, 1, 6])
    let (_, gradients) = try context.differentiate { tape throws(TensorError) in
      let watched = tape.watch(x)
      return try context.attention(
        query: watched, key: watched, value: watched, scale: 1,
        site: LayerSite(tower: "vision", layer: 0))
    }
    let map = try #require(taps.attention.first).probabilities
    // ∂Σy/∂P[t][s] = Σ_d v[s][d].
    let sums = (0..<4).map { s in x.array[s * 6..<(s + 1) * 6].reduce(0, +) }
    let gradient = try #require(gradients[map]).array
    for (index, value) in gradient.enumerated() { #expect(abs(value - sums[index % 4]) < 1e-5) }
  }

  @Test func aMaskOfAttentionIsNotDifferentiated() {
    let context = Table.all[0].context()
    let x = context.zeros([1, 2, 1, 2])
    #expect(throws: TensorError.notDifferentiable(operation: "the mask of attention")) {
      try context.differentiate { tape throws(TensorError) in
        try context.attention(
          query: x, key: x, value: x, scale: 1,
          mask: AttentionMask(additive: tape.watch(context.zeros([2, 2]))),
          site: LayerSite(tower: "vision", layer: 0))
      }
    }
  }
}

/// A pre-norm transformer block over looked-up tokens with a class token before them, causal and
/// padded, projected and normalised at the end: what a text or vision tower is made of.
private struct Block {
  let tokens = 4
  let width = 6
  let heads = 2
  let hidden = 10
  let ids = [3, 1, 3]
  let padding: [Float] = (0..<16).map { $0 % 4 == 2 ? -.infinity : 0 }

  var variables: [Variable] {
    [
      .init([5, width], seed: 70), .init([1, width], seed: 71), .init([tokens, width], seed: 72),
      .init([width], seed: 73, in: 0.5...1.5), .init([width], seed: 74),
      .init([3 * width, width], seed: 75), .init([3 * width], seed: 76),
      .init([width, width], seed: 77), .init([width], seed: 78, in: 0.5...1.5),
      .init([hidden, width], seed: 79), .init([hidden], seed: 80), .init([width, hidden], seed: 81),
    ]
  }

  func run(_ c: ExecutionContext, _ p: [Tensor]) throws(TensorError) -> Tensor {
    let looked = try c.concatenated([p[1], try c.rows(of: p[0], at: ids)], axis: 0)
    let x = try c.add(looked, p[2])
    let normed = try c.layerNorm(x, gain: p[3], bias: p[4], epsilon: 1e-5)
    let qkv = try c.linear(normed, weight: p[5], bias: p[6])
    var parts: [Tensor] = []
    for part in 0..<3 {
      let columns = try c.sliced(qkv, axis: 1, part * width..<(part + 1) * width)
      parts.append(try c.reshaped(columns, [1, tokens, heads, width / heads]))
    }
    let mixed = try c.attention(
      query: parts[0], key: parts[1], value: parts[2], scale: 0.5,
      mask: AttentionMask(isCausal: true, additive: c.tensor(padding, [tokens, tokens])),
      site: LayerSite(tower: "text", layer: 0))
    let y = try c.add(x, try c.linear(try c.reshaped(mixed, [tokens, width]), weight: p[7]))
    let inner = try c.activate(
      try c.linear(try c.rmsNorm(y, gain: p[8], epsilon: 1e-6), weight: p[9], bias: p[10]), .gelu)
    let z = try c.add(y, try c.linear(inner, weight: p[11]))
    return try c.normalized(try c.sliced(z, axis: 0, 1..<tokens))
  }

  func reference(_ p: [[Double]]) -> [Double] {
    let looked = p[1] + ids.flatMap { p[0][$0 * width..<($0 + 1) * width] }
    let x = zip(looked, p[2]).map { $0 + $1 }
    let normed = Reference.layerNorm(x, gain: p[3], bias: p[4], epsilon: 1e-5)
    let qkv = Reference.linear(normed, p[5], bias: p[6], rows: tokens, columns: 3 * width, k: width)
    func part(_ index: Int) -> [Double] {
      (0..<tokens).flatMap { qkv[($0 * 3 + index) * width..<($0 * 3 + index + 1) * width] }
    }
    let shape = Reference.AttentionShape(
      queries: tokens, keys: tokens, heads: heads, width: width / heads)
    let mixed = Reference.attention(part(0), part(1), part(2), shape, scale: 0.5) { _, t, s in
      s > t ? -.infinity : Double(padding[t * tokens + s])
    }.output
    let projected = Reference.linear(mixed, p[7], rows: tokens, columns: width, k: width)
    let y = zip(x, projected).map { $0 + $1 }
    let inner = Reference.linear(
      Reference.rmsNorm(y, gain: p[8], epsilon: 1e-6), p[9], bias: p[10], rows: tokens,
      columns: hidden, k: width
    ).map { Reference.activation(.gelu, $0) }
    let z = zip(y, Reference.linear(inner, p[11], rows: tokens, columns: width, k: hidden))
      .map { $0 + $1 }
    return Reference.normalized(Array(z[width...]), width: width)
  }
}
