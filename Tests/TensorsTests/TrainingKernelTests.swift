import CKernels
import Tensors
import Testing

/// The kernels that only training calls: gradients of norms and attention, and the optimiser's step.
@Suite struct TrainingKernelTests {
  static let widths = [1, 2, 15, 16, 17, 63, 64, 65, 130]

  // MARK: Layer norm

  /// dx, Σ dy x̂ and Σ dy by the formula.
  private func layerNormGradients(
    x: [Double], gain: [Double], statistics: [Double], dy: [Double]
  ) -> (dx: [Double], dgain: [Double], dbias: [Double]) {
    let width = gain.count
    var (dx, dgain) = ([Double](), [Double](repeating: 0, count: width))
    var dbias = dgain
    for row in 0..<x.count / width {
      let hat = (0..<width).map {
        (x[row * width + $0] - statistics[2 * row]) * statistics[2 * row + 1]
      }
      let slope = Array(dy[row * width..<(row + 1) * width])
      let g = (0..<width).map { slope[$0] * gain[$0] }
      let mean = g.reduce(0, +) / Double(width)
      let along = zip(g, hat).reduce(0) { $0 + $1.0 * $1.1 } / Double(width)
      dx += (0..<width).map { (g[$0] - mean - hat[$0] * along) * statistics[2 * row + 1] }
      for i in 0..<width {
        dgain[i] += slope[i] * hat[i]
        dbias[i] += slope[i]
      }
    }
    return (dx, dgain, dbias)
  }

  @Test(arguments: Table.all)
  func layerNormBackward(_ table: Table) {
    let kernel = table.functions.layer_norm_backward
    var noise = Noise(80)
    for width in Self.widths {
      for rows in [0, 1, 2, 13] {
        let (x, dy) = (noise.floats(rows * width, in: -2...3), noise.floats(rows * width))
        let gain = noise.floats(width)
        let statistics = (0..<rows).flatMap { _ in noise.floats(1) + noise.floats(1, in: 0.5...2) }
        let (gainsBefore, biasesBefore) = (noise.floats(width), noise.floats(width))
        let wanted = layerNormGradients(
          x: x.doubles, gain: gain.doubles, statistics: statistics.doubles, dy: dy.doubles)
        let (xs, gains, kept, dys) = (
          GuardedFloats(x), GuardedFloats(gain), GuardedFloats(statistics), GuardedFloats(dy)
        )
        for (wantsInput, wantsParameters) in [(true, true), (true, false), (false, true)] {
          let dx = GuardedFloats(count: rows * width)
          let (dgain, dbias) = (GuardedFloats(gainsBefore), GuardedFloats(biasesBefore))
          kernel(
            xs.start, gains.start, kept.start, dys.start, wantsInput ? dx.start : nil,
            wantsParameters ? dgain.start : nil, wantsParameters ? dbias.start : nil, Int64(rows),
            Int64(width))
          #expect(dx.isIntact { _ in wantsInput } && dgain.isIntact() && dbias.isIntact())
          if wantsInput { expectClose(dx.array, wanted.dx, "dx of \(width)") { _ in 1e-5 } }
          guard wantsParameters else {
            #expect(dgain.array == gainsBefore && dbias.array == biasesBefore)
            continue
          }
          let dgains = zip(wanted.dgain, gainsBefore).map { $0 + Double($1) }
          expectClose(dgain.array, dgains, "dgain of \(width)") { _ in 1e-5 }
          let dbiases = zip(wanted.dbias, biasesBefore).map { $0 + Double($1) }
          expectClose(dbias.array, dbiases, "dbias of \(width)") { _ in 4e-6 }
        }
      }
    }
  }

  // MARK: Attention

  struct Head: Sendable {
    let queries, keys, width: Int
    var causalLimit: Int?
    var isMasked = false
  }

  static let heads: [Head] = [
    Head(queries: 1, keys: 1, width: 1), Head(queries: 5, keys: 9, width: 17),
    Head(queries: 9, keys: 5, width: 16, isMasked: true),
    Head(queries: 13, keys: 13, width: 15, causalLimit: 0),
    Head(queries: 7, keys: 4, width: 8, causalLimit: -3),
    Head(queries: 3, keys: 200, width: 65, causalLimit: 197, isMasked: true),
    Head(queries: 130, keys: 131, width: 5), Head(queries: 257, keys: 40, width: 3, isMasked: true),
    Head(queries: 140, keys: 140, width: 64, causalLimit: 0, isMasked: true),
  ]

  @Test(arguments: Table.all, heads.indices)
  func attentionBackward(_ table: Table, _ index: Int) {
    let head = Self.heads[index]
    var noise = Noise(81 + index)
    let (queries, keys, width) = (head.queries, head.keys, head.width)
    let stride = width + 3
    let (q, dy) = (noise.floats(queries * stride), noise.floats(queries * stride))
    let (k, v) = (noise.floats(keys * stride), noise.floats(keys * stride))
    var mask = noise.floats(queries * (keys + 1))
    // One query sees nothing.
    for cell in mask.indices where cell % 7 == 3 || cell / (keys + 1) == 2 {
      mask[cell] = -.infinity
    }
    let gradients = HeadGradients(head, q: q, k: k, v: v, dy: dy, mask: mask, scale: 0.7)
    let inputs = [q, k, v, dy, mask].map { GuardedFloats($0) }
    let outputs = [queries, keys, keys].map { GuardedFloats(count: $0 * stride) }
    let count = Int(gaze_attention_gradient_scratch(Int32(queries), Int32(keys), Int32(width)))
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
    defer { scratch.deallocate() }
    let work = scratch.initializeMemory(as: Float.self, repeating: .nan, count: count)
    var arguments = gaze_attention_gradient_arguments(
      q: inputs[0].start, q_stride: stride, k: inputs[1].start, k_stride: stride,
      v: inputs[2].start, v_stride: stride, dy: inputs[3].start, dy_stride: stride,
      dq: outputs[0].start, dk: outputs[1].start, dv: outputs[2].start, out_stride: stride,
      mask: head.isMasked ? UnsafePointer(inputs[4].start) : nil, mask_stride: keys + 1,
      scratch: work, scale: 0.7, queries: Int32(queries), keys: Int32(keys), width: Int32(width),
      causal_limit: head.causalLimit.map { Int32($0) } ?? Int32.max)
    table.functions.attention_backward(&arguments)
    for (name, (out, wanted)) in zip(
      ["dq", "dk", "dv"], zip(outputs, [gradients.dq, gradients.dk, gradients.dv]))
    {
      #expect(out.isIntact { $0 % stride < width }, "\(name) of \(head)")
      let array = out.array
      let found = array.indices.filter { $0 % stride < width }.map { array[$0] }
      expectClose(found, wanted, relative: 1e-5, "\(name) of \(head)")
    }
  }

  // MARK: Optimiser

  @Test(arguments: Table.all)
  func adamStep(_ table: Table) {
    var noise = Noise(83)
    for count in [0] + Self.widths + [1000] {
      let (p, gradient) = (noise.floats(count), noise.floats(count, in: -3...3))
      let (mean, square) = (noise.floats(count), noise.floats(count, in: 0...1))
      var factors = gaze_adam_factors(
        gradient: 0.25, beta1: 0.9, beta2: 0.98, rate: 0.03, square: 5, epsilon: 1e-3, keep: 0.99)
      let (ps, gradients) = (GuardedFloats(p), GuardedFloats(gradient))
      let (means, squares) = (GuardedFloats(mean), GuardedFloats(square))
      let out = GuardedFloats(count: count)
      table.functions.adam(
        ps.start, gradients.start, means.start, squares.start, out.start, Int64(count), &factors)
      let g = gradient.map { Double($0) * 0.25 }
      let (beta1, beta2) = (Double(factors.beta1), Double(factors.beta2))
      let m = zip(mean, g).map { Double($0) * beta1 + $1 * (1 - beta1) }
      let v = zip(square, g).map { Double($0) * beta2 + $1 * $1 * (1 - beta2) }
      let wanted = p.indices.map {
        Double(p[$0]) * Double(factors.keep)
          - Double(factors.rate) * m[$0] / ((v[$0] * 5).squareRoot() + Double(factors.epsilon))
      }
      expectClose(means.array, m, "means of \(count)") { _ in 2e-7 }
      expectClose(squares.array, v, "squares of \(count)") { _ in 2e-7 }
      expectClose(out.array, wanted, "weights of \(count)") { 3e-7 + 3e-7 * abs(wanted[$0]) }
      #expect(out.isIntact() && means.isIntact() && squares.isIntact())
      #expect(ps.array == p && gradients.array == gradient)
    }
  }
}

/// The gradients of one head written out, its operands' rows three apart more than they are wide.
private struct HeadGradients {
  var dq, dk, dv: [Double]

  init(
    _ head: TrainingKernelTests.Head, q: [Float], k: [Float], v: [Float], dy: [Float],
    mask: [Float], scale: Double
  ) {
    let (width, keys, stride) = (head.width, head.keys, head.width + 3)
    func dot(_ a: [Float], _ i: Int, _ b: [Float], _ j: Int) -> Double {
      (0..<width).reduce(0) { $0 + Double(a[i * stride + $1]) * Double(b[j * stride + $1]) }
    }
    dq = [Double](repeating: 0, count: head.queries * width)
    dk = [Double](repeating: 0, count: keys * width)
    dv = dk
    for query in 0..<head.queries {
      let scores = (0..<keys).map { key -> Double in
        if let limit = head.causalLimit, key > query + limit { return -.infinity }
        return dot(q, query, k, key) * scale
          + (head.isMasked ? Double(mask[query * (keys + 1) + key]) : 0)
      }
      let p = Reference.softmax(scores, width: keys)
      let dp = (0..<keys).map { dot(dy, query, v, $0) }
      let mean = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
      for key in 0..<keys where p[key] != 0 {
        let slope = scale * p[key] * (dp[key] - mean)
        for i in 0..<width {
          dq[query * width + i] += slope * Double(k[key * stride + i])
          dk[key * width + i] += slope * Double(q[query * stride + i])
          dv[key * width + i] += p[key] * Double(dy[query * stride + i])
        }
      }
    }
  }
}
