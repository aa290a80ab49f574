import Tensors
import Testing

/// Attention's gradients, which compute the probabilities anew, against those of the path that
/// stores them; and several sequences in one.
@Suite struct AttentionGradientTests {
  struct Trial: Sendable, CustomStringConvertible {
    var shape: Reference.AttentionShape
    var isCausal = false
    /// Of `[T, S]`, of `[B, T, S]`, or none.
    var additive = 0

    var description: String { "\(shape), causal \(isCausal), mask \(additive)" }
  }

  static let trials: [Trial] = [
    Trial(shape: .init(queries: 7, keys: 7, heads: 3, width: 5), isCausal: true),
    Trial(shape: .init(batch: 2, queries: 9, keys: 4, heads: 2, width: 17), additive: 3),
    Trial(shape: .init(batch: 2, queries: 4, keys: 9, width: 16), isCausal: true, additive: 2),
    Trial(shape: .init(queries: 9, keys: 4, width: 7), isCausal: true),
    Trial(shape: .init(batch: 2, queries: 150, keys: 150, heads: 2, width: 9)),
    Trial(shape: .init(queries: 150, keys: 150, heads: 2, width: 9), isCausal: true, additive: 2),
    Trial(shape: .init(queries: 5, keys: 270, width: 24), additive: 2),
    Trial(shape: .init(batch: 3, queries: 131, keys: 6, width: 8), additive: 3),
  ]

  /// The output, and the gradients of queries, keys and values.
  private func differentiated(
    _ context: ExecutionContext, _ operands: [Tensor], seed: Tensor, mask: AttentionMask
  ) throws -> [[Float]] {
    var variables: [Tensor] = []
    let (y, gradients) = try context.differentiate(seed: seed) { tape throws(TensorError) in
      variables = operands.map { tape.watch($0) }
      return try context.attention(
        query: variables[0], key: variables[1], value: variables[2], scale: 0.8, mask: mask,
        site: Self.site)
    }
    return try [y.array] + variables.map {
      let gradient = try #require(gradients[$0])
      #expect(gradient.shape == $0.shape)
      return try context.contiguous(gradient).array
    }
  }

  private static let site = LayerSite(tower: "text", layer: 0)

  @Test(arguments: Table.all, trials)
  func fusedIsExplicit(_ table: Table, _ trial: Trial) throws {
    var noise = Noise(160)
    let (context, shape) = (table.context(), trial.shape)
    let operands = [shape.queries, shape.keys, shape.keys].map { length -> Tensor in
      let shape: Shape = [shape.batch, length, shape.heads, shape.width]
      return context.tensor(noise.floats(shape.elementCount), shape)
    }
    let outputs: Shape = [shape.batch, shape.queries, shape.heads * shape.width]
    let seed = context.tensor(noise.floats(outputs.elementCount), outputs)
    var mask = AttentionMask(isCausal: trial.isCausal)
    if trial.additive > 0 {
      let plane = [shape.queries, shape.keys]
      let lengths = Shape(trial.additive == 3 ? [shape.batch] + plane : plane)
      // The second query of every plane sees nothing.
      mask.additive = context.tensor(
        (0..<lengths.elementCount).map { cell in
          let isHidden = cell % 5 == 2 || cell / shape.keys % shape.queries == 1
          return isHidden ? -.infinity : Float.random(in: -2...2, using: &noise)
        }, lengths)
    }
    let fused = try differentiated(context, operands, seed: seed, mask: mask)
    let taps = Taps(attention: { _ in true })
    context.taps = taps
    let explicit = try differentiated(context, operands, seed: seed, mask: mask)
    #expect(taps.attention.count == 1)
    for (name, (found, wanted)) in zip(["y", "dq", "dk", "dv"], zip(fused, explicit)) {
      #expect(wanted.contains { $0 != 0 })
      expectClose(found, wanted.doubles, relative: 1e-5, "\(name), \(trial)")
    }
  }

  /// Several sequences in one are each by itself, bit by bit: none sees another, and there is no
  /// padding.
  @Test(arguments: Table.all, [false, true])
  func segmentsDoNotSeeEachOther(_ table: Table, _ isCausal: Bool) throws {
    var noise = Noise(170)
    let context = table.context()
    let lengths = [4, 1, 140, 9, 2]
    let total = lengths.reduce(0, +)
    let (heads, width) = (3, 5)
    // Parts of one projection, as a layer might hand them over.
    let fused = context.tensor(noise.floats(total * 3 * heads * width), [1, total, 3 * heads, width])
    let operands = (0..<3).map { fused.sliced(axis: 2, $0 * heads..<($0 + 1) * heads) }
    let seed = context.tensor(noise.floats(total * heads * width), [1, total, heads * width])
    let together = try differentiated(
      context, operands, seed: seed, mask: AttentionMask(isCausal: isCausal, segments: lengths))
    var (first, alone) = (0, [[Float]](repeating: [], count: 4))
    for length in lengths {
      let range = first..<first + length
      let found = try differentiated(
        context, operands.map { $0.sliced(axis: 1, range) }, seed: seed.sliced(axis: 1, range),
        mask: AttentionMask(isCausal: isCausal))
      for part in alone.indices { alone[part] += found[part] }
      first += length
    }
    #expect(together == alone)
  }

  /// One query of each of several sequences sees all of its own and nothing else: bit by bit what
  /// the last query of each finds, where attention is causal, or any one.
  @Test(arguments: Table.all, [false, true])
  func oneQueryOfEachSegmentIsEnough(_ table: Table, _ isCausal: Bool) throws {
    var noise = Noise(175)
    let context = table.context()
    let lengths = [4, 1, 140, 9, 2]
    let (total, heads, width) = (lengths.reduce(0, +), 3, 5)
    func some(_ count: Int) -> Tensor {
      context.tensor(noise.floats(count * heads * width), [1, count, heads, width])
    }
    let (queries, keys, values) = (some(lengths.count), some(total), some(total))
    let seed = try context.reshaped(some(lengths.count), [1, lengths.count, heads * width])
    let together = try differentiated(
      context, [queries, keys, values], seed: seed,
      mask: AttentionMask(isCausal: isCausal, segments: lengths))
    var (first, alone) = (0, [[Float]](repeating: [], count: 4))
    for (index, length) in lengths.enumerated() {
      let own = index..<index + 1
      let operands = [
        queries.sliced(axis: 1, own), keys.sliced(axis: 1, first..<first + length),
        values.sliced(axis: 1, first..<first + length),
      ]
      let found = try differentiated(
        context, operands, seed: seed.sliced(axis: 1, own), mask: AttentionMask(isCausal: isCausal))
      for part in alone.indices { alone[part] += found[part] }
      first += length
    }
    #expect(together == alone)
  }

  @Test func gradientsOfSegmentsAreSlopes() throws {
    let lengths = [2, 3, 1]
    for isCausal in [false, true] {
      try expectGradients(
        of: "segments", (0..<3).map { .init([1, 6, 2, 3], seed: 180 + $0) },
        reference: { x in
          Reference.attention(
            x[0], x[1], x[2], .init(queries: 6, keys: 6, heads: 2, width: 3), scale: 0.8
          ) { _, t, s in
            let segment = [0, 0, 1, 1, 1, 2]
            return segment[t] != segment[s] || (isCausal && s > t) ? -.infinity : 0
          }.output
        },
        operation: { c, x throws(TensorError) in
          try c.attention(
            query: x[0], key: x[1], value: x[2], scale: 0.8,
            mask: AttentionMask(isCausal: isCausal, segments: lengths), site: Self.site)
        })
    }
  }

  /// A map of several sequences in one would be no map of any: taps get none, and change nothing.
  @Test func tapsGetNoMapOfSegments() throws {
    var noise = Noise(190)
    let context = Table.all[0].context()
    let x = context.tensor(noise.floats(6 * 8), [1, 6, 2, 4])
    func attend() throws -> [Float] {
      try context.attention(
        query: x, key: x, value: x, scale: 1, mask: AttentionMask(isCausal: true, segments: [4, 2]),
        site: Self.site
      ).array
    }
    let without = try attend()
    let taps = Taps(attention: { _ in true })
    context.taps = taps
    #expect(try attend() == without)
    #expect(taps.attention.isEmpty)
  }

  @Test func refusesSegmentsThatDoNotFit() throws {
    let context = Table.all[0].context()
    func attend(_ batch: Int, _ keys: Int, _ mask: AttentionMask) throws {
      let query = context.zeros([batch, 4, 1, 2])
      let key = context.zeros([batch, keys, 1, 2])
      _ = try context.attention(
        query: query, key: key, value: key, scale: 1, mask: mask, site: Self.site)
    }
    try attend(1, 4, AttentionMask(segments: [3, 1]))
    try attend(1, 9, AttentionMask(segments: [3, 1, 1, 4]))
    for segments in [[3], [3, 2], [4, 0], [5, -1], []] {
      #expect(throws: TensorError.self) { try attend(1, 4, AttentionMask(segments: segments)) }
    }
    #expect(throws: TensorError.self) { try attend(2, 4, AttentionMask(segments: [4])) }
    #expect(throws: TensorError.self) { try attend(1, 3, AttentionMask(segments: [4])) }
    #expect(throws: TensorError.self) {
      try attend(1, 4, AttentionMask(additive: context.zeros([4, 4]), segments: [4]))
    }
  }
}
