import Foundation

/// What the plain reference forms compute in: `Double` to judge by, `Float` to compare bit by
/// bit where the order of the arithmetic is fixed.
protocol ReferenceNumber: BinaryFloatingPoint {
  static func exponential(_ x: Self) -> Self
  static func errorFunction(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
}

extension Double: ReferenceNumber {
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func errorFunction(_ x: Double) -> Double { erf(x) }
  static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}

extension Float: ReferenceNumber {
  static func exponential(_ x: Float) -> Float { expf(x) }
  static func errorFunction(_ x: Float) -> Float { erff(x) }
  static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
}

/// Every operation as the loop that its formula reads like, on flat row-major arrays: slow,
/// short, and written without a look at the kernels.
enum Reference {}
