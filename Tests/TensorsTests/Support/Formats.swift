import CKernels
import Tensors

/// The pairings of activations and weights that a kernel table multiplies.
enum DotFormat: CaseIterable, Sendable {
  case f32, f16, bf16Exact, bf16, int8

  func dot(in functions: gaze_kernel_table) -> gaze_dot {
    switch self {
    case .f32: functions.dot_f32
    case .f16: functions.dot_f16
    case .bf16Exact: functions.dot_bf16_exact
    case .bf16: functions.dot_bf16
    case .int8: functions.dot_i8
    }
  }

  /// The bytes of `values` as weights of this format; int8 takes whole numbers as they are.
  func encoded(_ values: [Float]) -> [UInt8] {
    switch self {
    case .f32: values.flatMap { littleEndian($0.bitPattern) }
    case .f16: values.flatMap { littleEndian(Float16($0).bitPattern) }
    case .bf16, .bf16Exact: values.flatMap { littleEndian(bf16Bits($0)) }
    case .int8: values.map { UInt8(bitPattern: Int8($0)) }
    }
  }

  var elementBytes: Int {
    switch self {
    case .f32: 4
    case .f16, .bf16, .bf16Exact: 2
    case .int8: 1
    }
  }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// Round to nearest even, by comparing the two neighbours: not the trick that kernels use.
func bf16Bits(_ value: Float) -> UInt16 {
  let below = UInt16(value.bitPattern >> 16)
  if value.isNaN { return below | 0x40 }
  let rest = value.bitPattern & 0xffff
  if rest == 0x8000 { return below + below % 2 }
  return rest > 0x8000 ? below + 1 : below
}

func bf16Rounded(_ value: Float) -> Float { Float(bitPattern: UInt32(bf16Bits(value)) << 16) }

/// A tensor over memory that is not the arena's, `misalignment` bytes off a cache line, as a
/// mapped file lends it.
func lent(
  _ bytes: [UInt8], _ elementType: ElementType, _ shape: Shape, misalignment: Int = 0
) -> Tensor {
  final class Owner {
    let base: UnsafeMutableRawPointer
    init(byteCount: Int) { base = .allocate(byteCount: byteCount, alignment: 64) }
    deinit { base.deallocate() }
  }
  let owner = Owner(byteCount: bytes.count + 64)
  let start = owner.base + misalignment
  start.initializeMemory(as: UInt8.self, from: bytes, count: bytes.count)
  return Tensor(
    storage: Storage(lending: start, byteCount: bytes.count, from: owner),
    elementType: elementType, shape: shape)
}

/// Quantised weights and the numbers that they stand for.
struct QuantizedWeights {
  let bytes: [UInt8]
  let values: [Float]

  /// Blocks of noise, with scales between 2⁻¹¹ and 2⁻⁶.
  init(_ elementType: ElementType, blocks: Int, noise: inout Noise) {
    var (bytes, values): ([UInt8], [Float]) = ([], [])
    for _ in 0..<blocks {
      let scale = Float16(Float.random(in: 0x1p-11...0x1p-6, using: &noise))
      bytes += littleEndian(scale.bitPattern)
      let quants = (0..<(elementType == .q4_0 ? 16 : 32)).map { _ in
        UInt8.random(in: 0...255, using: &noise)
      }
      bytes += quants
      let whole = elementType == .q4_0
        ? (quants.map { $0 & 15 } + quants.map { $0 >> 4 }).map { Int($0) - 8 }
        : quants.map { Int(Int8(bitPattern: $0)) }
      values += whole.map { Float(scale) * Float($0) }
    }
    self.bytes = bytes
    self.values = values
  }
}
