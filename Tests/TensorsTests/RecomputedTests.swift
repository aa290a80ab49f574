import Tensors
import Testing

/// What a tape keeps, what it computes once more instead, and when it lets go.
@Suite struct RecomputedTests {
  /// A stretch of a model, and its weights as variables.
  private struct Stretch {
    let shapes: [Shape] = [[19, 11], [19], [11], [11], [13, 19], [9, 13]]

    func run(_ c: ExecutionContext, _ x: Tensor, _ w: [Tensor]) throws(TensorError) -> Tensor {
      let normed = try c.layerNorm(x, gain: w[2], bias: w[3], epsilon: 1e-5)
      let map = LinearMap(weight: w[0], bias: w[1], activation: .quickGELU)
      let inner = try c.linear(normed, [map])[0]
      return try c.linear(try c.linear(inner, weight: w[4]), weight: w[5])
    }
  }

  /// The value and every gradient of a stretch, computed once more on the way back or kept.
  private func differentiated(
    _ context: ExecutionContext, recomputes: Bool
  ) throws -> [[UInt32]] {
    let stretch = Stretch()
    var noise = Noise(90)
    let values = ([Shape([21, 11])] + stretch.shapes).map {
      context.tensor(noise.floats($0.elementCount), $0)
    }
    let seed = context.tensor(noise.floats(21 * 9), [21, 9])
    var variables: [Tensor] = []
    let (value, gradients) = try context.differentiate(seed: seed) { tape throws(TensorError) in
      variables = values.map { tape.watch($0) }
      let weights = Array(variables[1...])
      guard recomputes else { return try stretch.run(context, variables[0], weights) }
      return try context.recomputed { [variables] context throws(TensorError) in
        try stretch.run(context, variables[0], weights)
      }
    }
    let found = try variables.map { try #require(gradients[$0]).array }
    return ([value.array] + found).map { $0.map(\.bitPattern) }
  }

  @Test(arguments: Table.all, Precision.allCases)
  func givesTheBitsOfWhatIsKept(_ table: Table, _ precision: Precision) throws {
    let context = table.context(precision)
    context.recomputesBlocks = true
    let kept = try differentiated(context, recomputes: false)
    #expect(try differentiated(context, recomputes: true) == kept)
    #expect(kept.count == 8)
  }

  @Test func addsToTheGradientsOfOtherUses() throws {
    let context = Table.all[0].context()
    context.recomputesBlocks = true
    var (x, w) = (context.tensor([3], [1]), context.tensor([5], [1]))
    let (value, gradients) = try context.differentiate { tape throws(TensorError) in
      (x, w) = (tape.watch(x), tape.watch(w))
      let inner = try context.recomputed { [x, w] context throws(TensorError) in
        try context.multiply(try context.multiply(x, w), x)
      }
      return try context.add(try context.multiply(inner, w), x)
    }
    #expect(value.array == [9 * 25 + 3])
    #expect(gradients[x]?.array == [2 * 3 * 25 + 1])
    #expect(gradients[w]?.array == [2 * 9 * 5])
  }

  @Test func unlessAskedForNothingRunsTwice() throws {
    let context = Table.all[0].context()
    var runs = 0
    _ = try context.differentiate { tape throws(TensorError) in
      let x = tape.watch(context.tensor([2], [1]))
      return try context.recomputed { context throws(TensorError) in
        runs += 1
        return try context.multiply(x, x)
      }
    }
    #expect(runs == 1)
  }

  @Test func withoutATapeItIsItsBody() throws {
    let context = Table.all[0].context()
    var runs = 0
    let y = try context.recomputed { context throws(TensorError) in
      runs += 1
      return context.filled([2], with: 3)
    }
    #expect(y.array == [3, 3] && runs == 1 && !y.isTracked)
  }

  /// Of x⁴ = (x²)², the rule of the outer square keeps x².
  private func square(
    _ x: Tensor, in context: ExecutionContext, seeing see: (Storage) -> Void
  ) throws(TensorError) -> Tensor {
    let inner = try context.multiply(x, x)
    see(inner.storage)
    return try context.multiply(inner, inner)
  }

  @Test func aWalkedTapeLetsGoOfWhatItRecorded() throws {
    let context = Table.all[0].context()
    weak var kept: Storage?
    var x = context.tensor([2], [1])
    let recording = try context.recording { tape throws(TensorError) in
      x = tape.watch(x)
      return try square(x, in: context) { kept = $0 }
    }
    #expect(kept != nil, "the way back needs it")
    let gradients = try recording.gradients(in: context)
    #expect(kept == nil, "though the recording is still there")
    #expect(gradients[x]?.array == [4 * 8])
    #expect(recording.value.array == [16])
  }

  @Test func nothingInsideIsKept() throws {
    let context = Table.all[0].context()
    context.recomputesBlocks = true
    weak var kept: Storage?
    var (x, runs) = (context.tensor([2], [1]), 0)
    let recording = try context.recording { tape throws(TensorError) in
      x = tape.watch(x)
      return try context.recomputed { [x] context throws(TensorError) in
        runs += 1
        return try square(x, in: context) { kept = $0 }
      }
    }
    #expect(kept == nil && runs == 1)
    let gradients = try recording.gradients(in: context)
    #expect(kept == nil && runs == 2)
    #expect(gradients[x]?.array == [4 * 8])
  }

  /// What is behind the target, or not on its way, goes as well.
  @Test func whatTheTargetDoesNotNeedGoesToo() throws {
    let context = Table.all[0].context()
    weak var kept: Storage?
    var x = context.tensor([2], [1])
    let recording = try context.recording { tape throws(TensorError) in
      x = tape.watch(x)
      _ = try square(x, in: context) { kept = $0 }
      return try context.scaled(x, by: 3)
    }
    #expect(kept != nil)
    #expect(try recording.gradients(in: context)[x]?.array == [3])
    #expect(kept == nil)
  }
}
