import Tensors
import Testing

@Suite struct AttentionTests {
  enum Masking: CaseIterable, Sendable {
    case none, causal, shared, perSequence, causalAndShared, everything
  }

  private static let site = LayerSite(tower: "vision", layer: 3)

  /// Widths off the vector, keys around the block of 128, more keys than queries and fewer.
  static let shapes: [Reference.AttentionShape] =
    [1, 3, 8, 17, 64, 72, 80].map { .init(queries: 5, keys: 9, heads: 2, width: $0) }
    + [1, 7, 127, 128, 129, 130, 257].map { .init(queries: 13, keys: $0, width: 16) }
    + [
      .init(queries: 1, keys: 200, heads: 3, width: 24), .init(queries: 1, keys: 1, width: 4),
      .init(batch: 3, queries: 7, keys: 7, heads: 2, width: 20),
      .init(batch: 2, queries: 300, keys: 300, width: 8),
    ]

  @Test(arguments: Table.all, Masking.allCases)
  func agreesWithTheFormula(_ table: Table, _ masking: Masking) throws {
    for shape in AttentionTests.shapes {
      let case_ = AttentionCase(shape, masking)
      let context = table.context()
      let scale = 1 / Float(shape.width).squareRoot()
      let fused = try case_.run(context, scale: scale, site: AttentionTests.site)
      let exact = case_.reference(scale: Double(scale))
      // A score errs by the rounding of its sum; a probability by as much, relatively; and the
      // output is a mean of values that are at most 1.
      let scoreError = Double(shape.width / 4 + 8) * 0x1p-24 * Double(scale) * Double(shape.width)
      let tolerance = 2 * scoreError + Double(shape.keys / 4 + 24) * 0x1p-23
      expectClose(fused.array, exact.output, "fused \(shape) \(masking)") { _ in tolerance }

      let taps = Taps(attention: { _ in true })
      context.taps = taps
      let explicit = try case_.run(context, scale: scale, site: AttentionTests.site)
      expectClose(explicit.array, exact.output, "explicit \(shape) \(masking)") { _ in tolerance }
      let map = try #require(taps.attention.first)
      #expect(map.site == AttentionTests.site)
      #expect(map.probabilities.shape == [shape.batch, shape.heads, shape.queries, shape.keys])
      expectClose(map.probabilities.array, exact.probabilities, "map \(shape)") { _ in tolerance }
    }
  }

  @Test(arguments: Table.all)
  func rowsOfAMapSumToOne(_ table: Table) throws {
    let context = table.context()
    let taps = Taps(attention: { $0.layer == 3 })
    context.taps = taps
    let case_ = AttentionCase(.init(queries: 50, keys: 50, heads: 4, width: 64), .none)
    _ = try case_.run(context, scale: 2, site: AttentionTests.site)
    _ = try case_.run(context, scale: 2, site: LayerSite(tower: "vision", layer: 4))
    #expect(taps.attention.count == 1)
    let map = taps.attention[0].probabilities.array
    for row in 0..<4 * 50 {
      let sum = map[row * 50..<(row + 1) * 50].reduce(0) { $0 + Double($1) }
      #expect(abs(sum - 1) < 1e-5)
    }
  }

  @Test(arguments: Table.all)
  func queriesWithoutKeysGetZeros(_ table: Table) throws {
    let context = table.context()
    let case_ = AttentionCase(.init(queries: 6, keys: 4, width: 8), .causal)
    let y = try case_.run(context, scale: 1, site: AttentionTests.site).array
    #expect(y[..<16].allSatisfy { $0 == 0 }, "the first two of six queries come before all keys")
    #expect(y[16..<24].elementsEqual(case_.v[..<8]), "the third sees one key")
  }

  @Test(arguments: Table.all)
  func carriesNaNOnlyWhereItIsSeen(_ table: Table) throws {
    let context = table.context()
    for position in [0, 5, 140] {
      var case_ = AttentionCase(.init(queries: 150, keys: 150, width: 8), .causal)
      case_.k[position * 8] = .nan
      let y = try case_.run(context, scale: 1, site: AttentionTests.site).array
      for query in 0..<150 {
        #expect(y[query * 8].isNaN == (query >= position), "query \(query)")
      }
    }
  }

  @Test func readsHeadsOutOfAFusedProjection() throws {
    var noise = Noise(50)
    let context = Table.all[0].context()
    let (tokens, heads, width) = (9, 2, 8)
    let qkv = context.tensor(
      noise.floats(tokens * 3 * heads * width), [1, tokens, 3 * heads * width])
    func part(_ index: Int) throws -> Tensor {
      qkv.reshaped([1, tokens, 3 * heads, width])
        .sliced(axis: 2, index * heads..<(index + 1) * heads)
    }
    let strided = try context.attention(
      query: part(0), key: part(1), value: part(2), scale: 0.3, site: AttentionTests.site)
    let copied = try context.attention(
      query: context.contiguous(part(0)), key: context.contiguous(part(1)),
      value: context.contiguous(part(2)), scale: 0.3, site: AttentionTests.site)
    #expect(strided.array == copied.array)
  }

  @Test func refusesMasksOfAnotherShape() {
    let context = Table.all[0].context()
    let x = context.zeros([1, 4, 1, 2])
    #expect(throws: TensorError.self) {
      try context.attention(
        query: x, key: x, value: x, scale: 1, mask: AttentionMask(additive: context.zeros([4, 5])),
        site: AttentionTests.site)
    }
  }
}

private struct AttentionCase {
  let shape: Reference.AttentionShape
  let masking: AttentionTests.Masking
  let q: [Float]
  var k: [Float]
  let v: [Float]
  /// `[B, T, S]`; the first plane serves all sequences when the mask is shared.
  let additive: [Float]

  init(_ shape: Reference.AttentionShape, _ masking: AttentionTests.Masking) {
    var noise = Noise(shape.queries * 1000 + shape.keys)
    self.shape = shape
    self.masking = masking
    let (queries, keys) = (shape.batch * shape.queries, shape.batch * shape.keys)
    q = noise.floats(queries * shape.heads * shape.width)
    k = noise.floats(keys * shape.heads * shape.width)
    v = noise.floats(keys * shape.heads * shape.width)
    additive = (0..<queries * shape.keys).map { index in
      let hides = masking == .everything || index % 5 == 2 || index / shape.keys % 4 == 3
      return hides ? -.infinity : Float.random(in: -3...3, using: &noise)
    }
  }

  private var isCausal: Bool { masking == .causal || masking == .causalAndShared }

  func run(_ context: ExecutionContext, scale: Float, site: LayerSite) throws -> Tensor {
    let plane = shape.queries * shape.keys
    let mask: Tensor? = switch masking {
    case .none, .causal: nil
    case .perSequence: context.tensor(additive, [shape.batch, shape.queries, shape.keys])
    default: context.tensor(Array(additive[..<plane]), [shape.queries, shape.keys])
    }
    func heads(_ values: [Float], _ count: Int) -> Tensor {
      context.tensor(values, [shape.batch, count, shape.heads, shape.width])
    }
    return try context.attention(
      query: heads(q, shape.queries), key: heads(k, shape.keys), value: heads(v, shape.keys),
      scale: scale, mask: AttentionMask(isCausal: isCausal, additive: mask), site: site)
  }

  func reference(scale: Double) -> (output: [Double], probabilities: [Double]) {
    Reference.attention(q.doubles, k.doubles, v.doubles, shape, scale: scale) { b, t, s in
      let hidden = isCausal && s > t + shape.keys - shape.queries
      let plane = masking == .perSequence ? b * shape.queries : 0
      let added = masking == .none || masking == .causal ? 0 : additive[(plane + t) * shape.keys + s]
      return hidden ? -.infinity : Double(added)
    }
  }
}
