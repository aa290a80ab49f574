/// What bounds a kernel: the figure of the peak program that it is held against.
package enum PeakKind: String, Sendable, CaseIterable, Encodable {
  /// Fused multiply-adds of f32, two operations each.
  case f32
  /// Products of bf16 pairs added to f32.
  case bf16
  /// Products of int8 quadruples added to int32.
  case int8
  /// Bytes read from memory.
  case memory

  /// What its rates are counted in: 10⁹ operations or bytes a second.
  package var unit: String {
    switch self {
    case .f32, .bf16: "GF/s"
    case .int8: "Gop/s"
    case .memory: "GB/s"
    }
  }
}

/// The most that a machine can do, by kind and number of threads.
package struct MachinePeaks: Sendable, Equatable {
  private struct Key: Hashable {
    let kind: PeakKind
    let threads: Int
  }

  private var rates: [Key: Double] = [:]

  /// In the unit of `kind`; nil when it is not known, or the machine has no such instruction.
  package subscript(kind: PeakKind, threads threads: Int) -> Double? {
    get { rates[Key(kind: kind, threads: threads)] }
    set { rates[Key(kind: kind, threads: threads)] = newValue }
  }

  /// Figure by figure the larger: other programs can only make a machine look slower.
  func merged(with other: MachinePeaks) -> MachinePeaks {
    var merged = self
    merged.rates.merge(other.rates) { max($0, $1) }
    return merged
  }
}
