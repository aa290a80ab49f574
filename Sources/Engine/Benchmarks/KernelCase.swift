import Tensors
import Training

/// One kernel at one shape: how much it does, and how to do it.
struct KernelCase {
  /// Does it once.
  typealias Work = (ExecutionContext) throws(TensorError) -> Void

  let kernel: String
  let shape: String
  let bound: PeakKind
  /// Operations, or bytes when `bound` is memory.
  let amount: Double
  let precision: Precision
  /// Pairs that one step of training learns from; nil where there is no such thing.
  var pairs: Int?
  /// Makes the operands. They live as long as the work that is returned.
  let prepare: (ExecutionContext) throws(TensorError) -> Work
}

extension KernelCase {
  /// Steps of contrastive training of a model of the bundled one's sizes.
  static func training(pairs: Int) -> [KernelCase] {
    [(Precision.bf16, PeakKind.bf16), (.f32, .f32)].map { precision, bound in
      let benchmark = StepBenchmark(precision: precision, pairs: pairs)
      return KernelCase(
        kernel: "\(precision.rawValue) training step", shape: "\(pairs) pairs", bound: bound,
        amount: benchmark.operations, precision: precision, pairs: pairs,
        prepare: benchmark.prepare)
    }
  }

  /// Every row of the benchmark, in the order of its table.
  ///
  /// - Parameter streamedBytes: how much the kernels that are bound by memory go through.
  static func all(streamedBytes: Int) -> [KernelCase] {
    let products = [(1024, 1024, 1024), (50, 768, 3072), (50, 3072, 768)]
    var cases: [KernelCase] = []
    for bound in [PeakKind.f32, .bf16, .int8] {
      cases += products.map { product(bound, rows: $0.0, depth: $0.1, columns: $0.2) }
    }
    // ViT-B/32 at 224 pixels; ViT-B/14 or SigLIP-sized sequences.
    cases += [attention(positions: 50), attention(positions: 577)]
    cases += [ElementType.f32, .bf16, .q8_0, .q4_0].map {
      matrixTimesVector($0, bytes: streamedBytes)
    }
    cases += [
      layerNorm(bytes: streamedBytes), softmax(bytes: streamedBytes), gelu(bytes: streamedBytes),
    ]
    return cases
  }

  private static func weightType(_ bound: PeakKind) -> ElementType {
    bound == .bf16 ? .bf16 : .f32
  }

  private static func precision(_ bound: PeakKind) -> Precision {
    switch bound {
    case .bf16: .bf16
    case .int8: .int8
    case .f32, .memory: .f32
    }
  }

  /// `[rows, depth] · [columns, depth]ᵀ`; weights lie in the type that is multiplied, or are
  /// packed once.
  private static func product(
    _ bound: PeakKind, rows: Int, depth: Int, columns: Int
  ) -> KernelCase {
    KernelCase(
      kernel: "\(bound.rawValue) product", shape: "\(rows)×\(depth)×\(columns)", bound: bound,
      amount: 2 * Double(rows) * Double(depth) * Double(columns), precision: precision(bound)
    ) { context throws(TensorError) in
      let x = try context.noise([rows, depth])
      let weight = try context.noise([columns, depth], weightType(bound))
      return { context throws(TensorError) in _ = try context.linear(x, weight: weight) }
    }
  }

  /// Weights are read in their own type.
  private static func matrixTimesVector(_ type: ElementType, bytes: Int) -> KernelCase {
    let depth = 4096
    let columns = max(1, bytes / type.bytes(of: depth))
    return KernelCase(
      kernel: "\(type.rawValue) matrix × vector", shape: "1×\(depth)×\(columns)", bound: .memory,
      amount: Double(type.bytes(of: columns * depth)), precision: .file
    ) { context throws(TensorError) in
      let x = try context.noise([1, depth])
      let weight = try context.noise([columns, depth], type)
      return { context throws(TensorError) in _ = try context.linear(x, weight: weight) }
    }
  }

  /// Twelve heads of 64 channels: scores and weighted sums, each `positions² · 768` products.
  private static func attention(positions: Int) -> KernelCase {
    let (heads, width) = (12, 64)
    return KernelCase(
      kernel: "attention", shape: "\(positions)×\(heads)×\(width)", bound: .f32,
      amount: 4 * Double(positions * positions * heads * width), precision: .f32
    ) { context throws(TensorError) in
      let query = try context.noise([1, positions, heads, width])
      let key = try context.noise([1, positions, heads, width])
      let value = try context.noise([1, positions, heads, width])
      let site = LayerSite(tower: "benchmark", layer: 0)
      return { context throws(TensorError) in
        _ = try context.attention(
          query: query, key: key, value: value, scale: 0.125, site: site)
      }
    }
  }

  // Reading and writing count alike, so these can come near the read rate but not reach it.

  private static func layerNorm(bytes: Int) -> KernelCase {
    rows("layer norm", width: 768, bytes: bytes) { context, x throws(TensorError) in
      let gain = try context.noise([768])
      let bias = try context.noise([768])
      return { context throws(TensorError) in
        _ = try context.layerNorm(x, gain: gain, bias: bias, epsilon: 1e-5)
      }
    }
  }

  private static func softmax(bytes: Int) -> KernelCase {
    rows("softmax", width: 577, bytes: bytes) { _, x throws(TensorError) in
      { context throws(TensorError) in _ = try context.softmax(x, scale: 0.125) }
    }
  }

  private static func gelu(bytes: Int) -> KernelCase {
    rows("GELU", width: 3072, bytes: bytes) { _, x throws(TensorError) in
      { context throws(TensorError) in _ = try context.activate(x, .gelu) }
    }
  }

  /// A kernel that reads and writes `bytes` in all.
  private static func rows(
    _ kernel: String, width: Int, bytes: Int,
    work: @escaping (ExecutionContext, Tensor) throws(TensorError) -> Work
  ) -> KernelCase {
    let count = max(1, bytes / (2 * MemoryLayout<Float>.size * width))
    return KernelCase(
      kernel: kernel, shape: "\(count)×\(width)", bound: .memory,
      amount: Double(2 * MemoryLayout<Float>.size * count * width), precision: .f32
    ) { context throws(TensorError) in
      try work(context, try context.noise([count, width]))
    }
  }
}

extension ExecutionContext {
  /// Numbers within ±1 in no particular order, the same every time: zeros would be kind to
  /// processors, denormals cruel.
  fileprivate func noise(
    _ shape: Shape, _ elementType: ElementType = .f32
  ) throws(TensorError) -> Tensor {
    let tensor = empty(shape, elementType)
    // A prime period, so that rows differ; copied, because drawing 10⁸ numbers takes a second.
    var state: UInt32 = 1
    let period = (0..<4099).map { _ -> Float in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(Int32(bitPattern: state)) / Float(1 << 31)
    }
    let bytes = period.flatMap { $0.bytes(as: elementType) }
    let target = UnsafeMutableRawBufferPointer(start: tensor.bytes, count: tensor.byteCount)
    for start in stride(from: 0, to: target.count, by: bytes.count) {
      if cancellation.isCancelled { throw .cancelled }
      let count = min(bytes.count, target.count - start)
      UnsafeMutableRawBufferPointer(rebasing: target[start..<start + count])
        .copyBytes(from: bytes[..<count])
    }
    return tensor
  }
}

extension Float {
  /// This number's bytes as `elementType`; for quantised types, a block that it is the noise of.
  fileprivate func bytes(as elementType: ElementType) -> [UInt8] {
    let word = withUnsafeBytes(of: bitPattern.littleEndian) { Array($0) }
    guard elementType.blockElements > 1 else {
      return elementType == .bf16 ? Array(word.suffix(2)) : word
    }
    // A scale of 2⁻⁷, then its digits over and over.
    let quants = (0..<elementType.blockBytes - 2).map { word[$0 % 3] &+ UInt8($0) }
    return [0x00, 0x20] + quants
  }
}
