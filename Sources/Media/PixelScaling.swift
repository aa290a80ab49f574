/// From 8-bit samples to floats: rescaling, then normalisation, each optional.
package struct PixelScaling: Sendable, Equatable {
  /// How a sample is brought from 0...255 to 0...1. The ways differ in the last bit.
  package enum Rescaling: Sendable, Equatable {
    /// Left as it is.
    case none
    /// Multiplied in double precision, then rounded to single (transformers).
    case factor(Double)
    /// Divided by 255 in single precision (torchvision).
    case by255
  }

  package var rescaling: Rescaling
  /// Per channel; nil leaves the rescaled values.
  package var normalization: Normalization?

  /// (x − mean) / deviation, in single precision.
  package struct Normalization: Sendable, Equatable {
    package var mean: SIMD3<Float>
    package var deviation: SIMD3<Float>

    package init(mean: SIMD3<Float>, deviation: SIMD3<Float>) {
      self.mean = mean
      self.deviation = deviation
    }
  }

  /// Whether a model can compute with what this makes: finite numbers, other ones for black than
  /// for white. Settings need only be numbers to be far from that.
  var tellsSamplesApart: Bool {
    table().allSatisfy { $0.allSatisfy(\.isFinite) && $0[0] != $0[255] }
  }

  /// The value of every sample in every channel: `[3][256]`.
  func table() -> [[Float]] {
    (0..<3).map { channel in
      (0..<256).map { sample in
        let scaled: Float =
          switch rescaling {
          case .none: Float(sample)
          case .factor(let factor): Float(Double(sample) * factor)
          case .by255: Float(sample) / 255
          }
        guard let normalization else { return scaled }
        return (scaled - normalization.mean[channel]) / normalization.deviation[channel]
      }
    }
  }
}
