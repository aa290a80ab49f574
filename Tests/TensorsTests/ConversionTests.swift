import Tensors
import TestSupport
import Testing

/// Numbers brought to another element type.
@Suite struct ConversionTests {
  /// Byte for byte what the `gguf` package writes.
  @Test(arguments: [ElementType.q8_0, .q4_0])
  func blocksAreThoseOfGGML(_ elementType: ElementType) throws {
    let expected = try Fixture("quantized").expected()
    let values = try #require(expected["blocks/input/values"])
    let wanted = try #require(expected["blocks/\(elementType.rawValue)"])
    let context = Table.all[0].context()
    let converted = try context.converted(
      context.tensor(values.floats, Shape(values.shape)), to: elementType)
    #expect(converted.elementType == elementType && converted.shape == Shape(values.shape))
    let found = Array(UnsafeRawBufferPointer(start: converted.bytes, count: converted.byteCount))
    let blockBytes = elementType.blockBytes
    let wrong = found.indices.first { found[$0] != wanted.bytes[$0] }
    #expect(found.count == wanted.bytes.count)
    #expect(wrong == nil, "first in block \((wrong ?? 0) / blockBytes)")
  }

  /// What a type holds comes back as it was, from every other.
  @Test(arguments: Table.all, [ElementType.f16, .bf16, .f32])
  func whatATypeHoldsStaysItself(_ table: Table, _ elementType: ElementType) throws {
    let context = table.context()
    let values = (0..<6 * 64).map { Float($0 - 190) / 4 }
    let x = context.tensor(values, [6, 64])
    let converted = try context.converted(x, to: elementType)
    #expect(converted.elementType == elementType)
    #expect(try context.upcast(converted).array == values)
    #expect(try context.converted(converted, to: .f32).array == values)
    // A view with its own strides, and half a row.
    let part = try context.transposed(x).sliced(axis: 0, 3..<20)
    #expect(
      try context.upcast(try context.converted(part, to: elementType)).array
        == (try context.contiguous(part)).array)
  }

  @Test func rowsThatCutABlockAreErrors() throws {
    let context = Table.all[0].context()
    let x = context.zeros([2, 48])
    for elementType in [ElementType.q8_0, .q4_0] {
      #expect {
        try context.converted(x, to: elementType)
      } throws: { error in
        "\(error)".contains("conversion to \(elementType.rawValue)") && "\(error)".contains("[2, 48]")
      }
    }
    #expect(throws: TensorError.self) { try context.converted(x, to: .i64) }
  }

  /// Numbers that would become infinite, or have no scale: nothing is clipped in silence.
  @Test(arguments: [
    (ElementType.f16, Float(65520)), (.bf16, .greatestFiniteMagnitude), (.q8_0, 1e8), (.q4_0, -1e6),
    (.q8_0, .infinity), (.q4_0, .nan), (.q8_0, .nan),
  ])
  func whatATypeCannotHoldIsAnError(_ elementType: ElementType, _ value: Float) throws {
    let context = Table.all[0].context()
    var values = [Float](repeating: 1, count: 3 * 64)
    values[70] = value
    #expect(throws: TensorError.range(operation: "conversion to \(elementType.rawValue)")) {
      try context.converted(context.tensor(values, [3, 64]), to: elementType)
    }
  }
}
