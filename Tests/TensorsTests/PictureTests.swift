import TestSupport
import Tensors
import Testing

/// Convolution, pooling, patches and resizing over shapes that models have and ragged ones.
@Suite struct PictureTests {
  private typealias Shape = Reference.PictureShape

  @Test(arguments: Table.all)
  func convolves(_ table: Table) throws {
    var noise = Noise(80)
    let context = table.context(.f32)
    let shapes = [
      Shape(batch: 2, channels: 3, height: 11, width: 9), Shape(channels: 5, height: 3, width: 17),
    ]
    for shape in shapes {
      for window in [
        Reference.WindowShape(height: 3, width: 3, stride: 2, padding: 1),
        .init(height: 3, width: 3, padding: 1), .init(height: 1, width: 1),
        .init(height: 1, width: 1, stride: 2), .init(height: 2, width: 5, stride: 3, padding: 4),
      ] {
        for filters in [1, 6] {
          let x = noise.integers(shape.count)
          let w = noise.integers(filters * shape.channels * window.height * window.width)
          let b = noise.integers(filters)
          let y = try context.convolution(
            context.tensor(x, .init(shape.array)),
            weight: context.tensor(w, [filters, shape.channels, window.height, window.width]),
            bias: context.tensor(b, [filters]), stride: window.stride, padding: window.padding)
          #expect(y.shape.array == window.output(shape, channels: filters).array)
          #expect(
            y.array == Reference.convolution(x, shape, weight: w, bias: b, window),
            "\(shape) by \(window)")
        }
      }
    }
  }

  @Test func aStrideOfThePatchIsALinearMapOfPatches() throws {
    var noise = Noise(81)
    let context = Table.all[0].context()
    let pixels = context.tensor(noise.integers(2 * 3 * 13 * 10), [2, 3, 13, 10])
    let weight = context.tensor(noise.integers(7 * 3 * 16), [7, 3, 4, 4])
    let patches = try context.patches(pixels, size: 4)
    #expect(patches.shape == [2, 3 * 2, 3 * 16])
    let mapped = try context.linear(patches, weight: weight.reshaped([7, 48]))
    let convolved = try context.convolution(pixels, weight: weight, stride: 4)
    #expect(try context.transposed(mapped).array == convolved.array)
    #expect(
      patches.array
        == Reference.patches(
          pixels.array, Shape(batch: 2, channels: 3, height: 13, width: 10), size: 4))
  }

  @Test func pools() throws {
    var noise = Noise(82)
    let context = Table.all[0].context()
    let shape = Shape(batch: 2, channels: 3, height: 7, width: 8)
    let x = noise.integers(shape.count)
    let input = context.tensor(x, .init(shape.array))
    for (size, stride, padding) in [(2, 2, 0), (3, 2, 1), (1, 1, 0), (7, 7, 0), (3, 1, 1)] {
      let window = Reference.WindowShape(height: size, width: size, stride: stride, padding: padding)
      let mine = Window(size: size, stride: stride, padding: padding)
      expectClose(
        try context.averagePool(input, mine).array,
        Reference.averagePool(x.doubles, shape, window), relative: 1e-6, "average \(window)")
      #expect(
        try context.maxPool(input, mine).array == Reference.maxPool(x, shape, window),
        "greatest \(window)")
    }
    let poisoned = context.tensor([1, .nan, 5, -.infinity], [1, 1, 2, 2])
    #expect(try context.maxPool(poisoned, Window(size: 2)).array[0].isNaN)
  }

  @Test func foldsBatchNormalisation() throws {
    var noise = Noise(83)
    let context = Table.all[0].context()
    let shape = Shape(batch: 2, channels: 4, height: 3, width: 5)
    let (x, gain, bias, mean) = (
      noise.floats(shape.count), noise.floats(4), noise.floats(4), noise.floats(4)
    )
    let variance = noise.floats(4, in: 0.1...2)
    func vector(_ values: [Float]) -> Tensor { context.tensor(values, [4]) }
    let (scale, shift) = try context.foldedBatchNorm(
      gain: vector(gain), bias: vector(bias), mean: vector(mean), variance: vector(variance))
    let y = try context.channelAffine(
      context.tensor(x, .init(shape.array)), scale: scale, shift: shift)
    let exact = x.indices.map { index -> Double in
      let c = index / 15 % 4
      let centred = Double(x[index]) - Double(mean[c])
      return centred / (Double(variance[c]) + 1e-5).squareRoot() * Double(gain[c]) + Double(bias[c])
    }
    expectClose(y.array, exact, relative: 1e-6, "batch norm")
  }

  @Test func resizesAsTorchDoes() throws {
    let fixture = try Fixture("resize")
    let expected = try fixture.expected()
    let context = Table.all[0].context()
    for entry in try fixture.manifest.required("cases").elements() {
      let name = try entry.required("name").asString()
      let filter = try #require(
        GridFilter.allCases.first { "\($0)" == (try? entry.required("filter").asString()) })
      let input = try #require(expected[try entry.required("input").asString()])
      let golden = try #require(expected[name])
      let y = try context.resized(
        context.tensor(input.floats, .init(input.shape)),
        height: try entry.required("height").asInteger(),
        width: try entry.required("width").asInteger(), filter)
      #expect(y.shape.array == golden.shape)
      // torch places its taps in f32; ours are placed in f64.
      expectClose(y.array, golden.floats.doubles, relative: 3e-6, name)
    }
  }

  @Test func namesWindowsThatDoNotFit() throws {
    let context = Table.all[0].context()
    let x = context.zeros([1, 2, 3, 3])
    #expect(throws: TensorError.self) {
      try context.convolution(x, weight: context.zeros([1, 2, 4, 4]))
    }
    #expect(throws: TensorError.self) {
      try context.convolution(x, weight: context.zeros([1, 3, 2, 2]))
    }
    #expect(throws: TensorError.self) {
      try context.convolution(x, weight: context.zeros([1, 2, 2, 2]), stride: 0)
    }
    #expect(throws: TensorError.self) { try context.averagePool(x, Window(size: 0)) }
    #expect(throws: TensorError.self) { try context.maxPool(x, Window(size: 2, padding: 2)) }
    #expect(throws: TensorError.self) { try context.resized(x, height: 2, width: 2, .bicubic) }
    #expect(throws: TensorError.self) {
      try context.resized(x.reshaped([3, 3, 2]), height: 0, width: 2, .bilinear)
    }
  }
}
