import Tensors
import Testing

/// Every operation's gradient rule against finite differences of its reference.
@Suite struct GradientTests {
  @Test func linear() throws {
    try expectGradients(
      of: "linear", [.init([2, 3, 5], seed: 1), .init([7, 5], seed: 2), .init([7], seed: 3)],
      reference: { Reference.linear($0[0], $0[1], bias: $0[2], rows: 6, columns: 7, k: 5) },
      operation: { c, x throws(TensorError) in try c.linear(x[0], weight: x[1], bias: x[2]) })
  }

  @Test func products() throws {
    let (a, b) = (Variable([4, 5], seed: 4), Variable([5, 3], seed: 5))
    try expectGradients(
      of: "product", [a, b],
      reference: { Reference.product($0[0], $0[1], rows: 4, terms: 5, columns: 3) },
      operation: { c, x throws(TensorError) in try c.product(x[0], x[1]) })
    try expectGradients(
      of: "transposed product", [.init([5, 4], seed: 4), b],
      reference: {
        Reference.product(
          Reference.transposed($0[0], rows: 5, columns: 4), $0[1], rows: 4, terms: 5, columns: 3)
      },
      operation: { c, x throws(TensorError) in
        try c.product(x[0], x[1], firstTransposed: true)
      })
    try expectGradients(
      of: "product with a transpose", [a, .init([6, 5], seed: 6)],
      reference: { Reference.linear($0[0], $0[1], rows: 4, columns: 6, k: 5) },
      operation: { c, x throws(TensorError) in try c.productTransposed(x[0], x[1]) })
  }

  @Test func sumsAndProductsByElement() throws {
    for shape: Shape in [[2, 3, 4], [3, 4], [4]] {
      let variables = [Variable([2, 3, 4], seed: 7), Variable(shape, seed: 8)]
      try expectGradients(
        of: "add \(shape)", variables,
        reference: { x in x[0].indices.map { x[0][$0] + x[1][$0 % x[1].count] } },
        operation: { c, x throws(TensorError) in try c.add(x[0], x[1]) })
      try expectGradients(
        of: "multiply \(shape)", variables,
        reference: { x in x[0].indices.map { x[0][$0] * x[1][$0 % x[1].count] } },
        operation: { c, x throws(TensorError) in try c.multiply(x[0], x[1]) })
    }
    try expectGradients(
      of: "scaled", [.init([5], seed: 9)], reference: { $0[0].map { $0 * -2.5 } },
      operation: { c, x throws(TensorError) in try c.scaled(x[0], by: -2.5) })
  }

  @Test(arguments: Activation.allCases)
  func activations(_ kind: Activation) throws {
    try expectGradients(
      of: "\(kind)", [.init([3, 17], seed: 10, in: 0.1...3)],
      reference: { $0[0].map { Reference.activation(kind, $0) } },
      operation: { c, x throws(TensorError) in try c.activate(x[0], kind) })
    try expectGradients(
      of: "\(kind) below", [.init([3, 17], seed: 11, in: -3 ... -0.1)],
      reference: { $0[0].map { Reference.activation(kind, $0) } },
      operation: { c, x throws(TensorError) in try c.activate(x[0], kind) })
  }

  @Test func normalizations() throws {
    let x = Variable([4, 9], seed: 12, in: -2...3)
    try expectGradients(
      of: "layer norm", [x, .init([9], seed: 13), .init([9], seed: 14)],
      reference: { Reference.layerNorm($0[0], gain: $0[1], bias: $0[2], epsilon: 1e-5) },
      operation: { c, x throws(TensorError) in
        try c.layerNorm(x[0], gain: x[1], bias: x[2], epsilon: 1e-5)
      })
    try expectGradients(
      of: "rms norm", [x, .init([9], seed: 13)],
      reference: { Reference.rmsNorm($0[0], gain: $0[1], epsilon: 1e-6) },
      operation: { c, x throws(TensorError) in try c.rmsNorm(x[0], gain: x[1], epsilon: 1e-6) })
    try expectGradients(
      of: "normalized", [x], reference: { Reference.normalized($0[0], width: 9) },
      operation: { c, x throws(TensorError) in try c.normalized(x[0]) })
  }

  @Test func softmax() throws {
    let x = Variable([2, 3, 5], seed: 15, in: -3...3)
    try expectGradients(
      of: "softmax", [x], reference: { Reference.softmax($0[0], width: 5, scale: 0.7) },
      operation: { c, x throws(TensorError) in try c.softmax(x[0], scale: 0.7) })
    try expectGradients(
      of: "masked softmax", [x, .init([3, 5], seed: 16)],
      reference: { Reference.softmax($0[0], mask: $0[1], width: 5, scale: 0.7) },
      operation: { c, x throws(TensorError) in try c.softmax(x[0], scale: 0.7, mask: x[1]) })
  }

  @Test(arguments: [false, true])
  func attention(_ isCausal: Bool) throws {
    let shape = Reference.AttentionShape(batch: 2, queries: 3, keys: 4, heads: 2, width: 5)
    let some: [Float] = [0, -1, -.infinity, 2, -.infinity, 0.5, 0, 0, 1, 0, 0, -.infinity]
    var hidden = some
    for key in 4..<8 { hidden[key] = -.infinity }  // the second query sees nothing
    for mask in [some, hidden] {
      try expectGradients(
        of: "attention", [
          .init([2, 3, 2, 5], seed: 17), .init([2, 4, 2, 5], seed: 18),
          .init([2, 4, 2, 5], seed: 19),
        ],
        reference: { x in
          Reference.attention(x[0], x[1], x[2], shape, scale: 0.6) { _, t, s in
            isCausal && s > t + 1 ? -.infinity : Double(mask[t * 4 + s])
          }.output
        },
        operation: { c, x throws(TensorError) in
          try c.attention(
            query: x[0], key: x[1], value: x[2], scale: 0.6,
            mask: AttentionMask(isCausal: isCausal, additive: c.tensor(mask, [3, 4])),
            site: LayerSite(tower: "text", layer: 0))
        })
    }
  }

  @Test func movingElements() throws {
    let x = Variable([3, 4, 2], seed: 20)
    try expectGradients(
      of: "reshape of a slice", [x],
      reference: { x in
        (0..<3).flatMap { row -> [Double] in Array(x[0][(row * 8 + 2)..<(row * 8 + 6)]) }
      },
      operation: { c, x throws(TensorError) in
        try c.reshaped(try c.sliced(x[0], axis: 1, 1..<3), [12])
      })
    try expectGradients(
      of: "concatenation", [x, .init([3, 1, 2], seed: 21)],
      reference: { x in
        (0..<3).flatMap { row -> [Double] in
          Array(x[0][(row * 8)..<(row * 8 + 8)]) + Array(x[1][(row * 2)..<(row * 2 + 2)])
        }
      },
      operation: { c, x throws(TensorError) in try c.concatenated(x, axis: 1) })
    try expectGradients(
      of: "transpose", [x],
      reference: { x in
        (0..<3).flatMap { plane -> [Double] in
          Reference.transposed(Array(x[0][(plane * 8)..<(plane * 8 + 8)]), rows: 4, columns: 2)
        }
      },
      operation: { c, x throws(TensorError) in try c.transposed(x[0]) })
    let indices = [2, 0, 2, 3]
    try expectGradients(
      of: "rows", [.init([4, 3], seed: 22)],
      reference: { x in
        indices.flatMap { index -> [Double] in Array(x[0][(index * 3)..<(index * 3 + 3)]) }
      },
      operation: { c, x throws(TensorError) in try c.rows(of: x[0], at: indices) })
    for axis in 0..<3 {
      let lengths = [3, 4, 2]
      try expectGradients(
        of: "mean over axis \(axis)", [x],
        reference: {
          Reference.mean(
            $0[0], outer: lengths[..<axis].reduce(1, *), axis: lengths[axis],
            inner: lengths[(axis + 1)...].reduce(1, *))
        },
        operation: { c, x throws(TensorError) in try c.mean(x[0], axis: axis - 3) })
    }
  }

  @Test func rotary() throws {
    for rotated in [6, 4] {
      let table = Table.all[0].context().rotaryTable(
        positions: [0, 3, 11], width: rotated, base: 100)
      try expectGradients(
        of: "rotary over \(rotated) of 6", [.init([2, 3, 2, 6], seed: 23)],
        reference: {
          Reference.rotated(
            $0[0], cosines: table.cosines.array.doubles, sines: table.sines.array.doubles,
            positions: 3, heads: 2, width: 6)
        },
        operation: { c, x throws(TensorError) in try c.rotated(x[0], by: table) })
    }
  }

  @Test func pictures() throws {
    let shape = Reference.PictureShape(batch: 2, channels: 3, height: 5, width: 6)
    let x = Variable([2, 3, 5, 6], seed: 24)
    for window in [
      Reference.WindowShape(height: 3, width: 2, stride: 2, padding: 1),
      .init(height: 1, width: 1), .init(height: 3, width: 3),
    ] {
      try expectGradients(
        of: "convolution \(window)",
        [x, .init([4, 3, window.height, window.width], seed: 25), .init([4], seed: 26)],
        reference: { Reference.convolution($0[0], shape, weight: $0[1], bias: $0[2], window) },
        operation: { c, x throws(TensorError) in
          try c.convolution(
            x[0], weight: x[1], bias: x[2], stride: window.stride, padding: window.padding)
        })
      let size = Window(
        height: window.height, width: window.width, stride: window.stride,
        padding: window.padding)
      try expectGradients(
        of: "average pool \(window)", [x],
        reference: { Reference.averagePool($0[0], shape, window) },
        operation: { c, x throws(TensorError) in try c.averagePool(x[0], size) })
      try expectGradients(
        of: "max pool \(window)", [x], reference: { Reference.maxPool($0[0], shape, window) },
        operation: { c, x throws(TensorError) in try c.maxPool(x[0], size) })
    }
    try expectGradients(
      of: "channel affine", [x, .init([3], seed: 27), .init([3], seed: 28)],
      reference: { Reference.channelAffine($0[0], shape, scale: $0[1], shift: $0[2]) },
      operation: { c, x throws(TensorError) in
        try c.channelAffine(x[0], scale: x[1], shift: x[2])
      })
    try expectGradients(
      of: "patches", [x], reference: { Reference.patches($0[0], shape, size: 2) },
      operation: { c, x throws(TensorError) in try c.patches(x[0], size: 2) })
  }

  @Test(arguments: GridFilter.allCases)
  func resizing(_ filter: GridFilter) throws {
    for (height, width) in [(7, 2), (3, 9), (4, 5)] {
      try expectGradients(
        of: "\(filter) to \(height) × \(width)", [.init([4, 5, 3], seed: 29)],
        reference: {
          Reference.resized($0[0], rows: 4, columns: 5, height: height, width: width, filter)
        },
        operation: { c, x throws(TensorError) in
          try c.resized(x[0], height: height, width: width, filter)
        })
    }
  }
}
