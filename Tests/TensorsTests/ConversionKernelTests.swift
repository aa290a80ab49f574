import CKernels
import Tensors
import Testing

/// Every one of the 65,536 half-width values, in every table, whole and from every tail.
@Suite struct ConversionKernelTests {
  static let every = (0...UInt16.max).map { $0 }

  /// The same bits, or NaN on both sides.
  private func same(_ a: Float, _ b: Float) -> Bool {
    a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
  }

  @Test(arguments: Table.all)
  func widensEveryHalf(_ table: Table) {
    let every = ConversionKernelTests.every
    var y = [Float](repeating: 0, count: every.count)
    table.functions.f16_to_f32(every, &y, Int64(every.count))
    #expect(zip(y, every).allSatisfy { same($0, Float(Float16(bitPattern: $1))) })
    table.functions.bf16_to_f32(every, &y, Int64(every.count))
    #expect(zip(y, every).allSatisfy { same($0, Float(bitPattern: UInt32($1) << 16)) })
  }

  @Test(arguments: Table.all)
  func narrowsToTheNearestBrainFloat(_ table: Table) {
    // Each value, the ones halfway to the next, and those just beside halfway.
    for low: UInt32 in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
      let x = ConversionKernelTests.every.map { Float(bitPattern: UInt32($0) << 16 | low) }
      var y = [UInt16](repeating: 0, count: x.count)
      table.functions.f32_to_bf16(x, &y, Int64(x.count))
      let wrong = zip(x, y).first { x, y in
        x.isNaN ? !Float(bitPattern: UInt32(y) << 16).isNaN : y != bf16Bits(x)
      }
      #expect(wrong == nil)
    }
  }

  @Test(arguments: Table.all)
  func convertsRaggedEndsAlike(_ table: Table) {
    let functions = table.functions
    let halves = ConversionKernelTests.every.filter { !Float16(bitPattern: $0).isNaN }
    var noise = Noise(30)
    for count in 0...40 {
      let x = (0..<count).map { _ in halves.randomElement(using: &noise) ?? 0 }
      let y = GuardedFloats(count: count)
      functions.f16_to_f32(x, y.start, Int64(count))
      #expect(y.array == x.map { Float(Float16(bitPattern: $0)) } && y.isIntact())
    }
  }
}
