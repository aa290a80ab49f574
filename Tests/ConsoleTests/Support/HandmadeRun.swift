@testable import Console
import Foundation

@testable import Training

/// Reports as a run that goes well would make them.
enum HandmadeRun {
  static let steps = 1000

  /// Noise between -1 and 1, the same for the same seed.
  private static func noise(_ seed: Int) -> Double {
    var bits = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15
    bits ^= bits >> 29
    bits = bits &* 0xBF58_476D_1CE4_E5B9
    bits ^= bits >> 32
    return Double(bits >> 11) / Double(1 << 52) - 1
  }

  static func report(_ step: Int, side: Int = 32) -> TrainingReport {
    let progress = Double(step) / Double(steps)
    let learned = 1 - exp(-4 * progress)
    let cosines = (0..<side * side).map { index -> Float in
      let isPair = index / side == index % side
      return Float(0.18 + 0.09 * noise(index + 7 * step) + (isPair ? 0.6 * learned : 0))
    }
    let measured = step / 100 * 100
    return TrainingReport(
      step: step, steps: steps, epoch: 30 * progress,
      loss: 5.5 * exp(-3 * progress) * (1 + 0.08 * noise(step)) + 0.2,
      learningRate: 1e-3 * (1 + cos(.pi * progress)) / 2,
      logitScale: 14.3 + 60 * learned, gradientNorm: 1.2 - learned, pairsPerSecond: 812,
      secondsLeft: Double(steps - step) * 0.31, batchAccuracy: 0.9 * learned + 0.05 * noise(step),
      similarities: cosines, similaritySide: side,
      heldOut: measured == 0 ? nil : heldOut(at: measured), skippedFiles: 3)
  }

  static func heldOut(at step: Int) -> HeldOutAccuracy {
    let share = 0.7 * (1 - exp(-3 * Double(step) / Double(steps)))
    return HeldOutAccuracy(
      step: step, pictures: 500, labels: 1024, top1: share, top5: share * 1.25,
      byLanguage: [
        "en": .init(top1: share * 1.05, top5: share * 1.3),
        "ko": .init(top1: share * 0.95, top5: share * 1.2),
      ])
  }

  /// Training takes long; this is what it would say, of a run that diverges and of another that
  /// ended before its first step.
  static var events: [Event] {
    var diverged = report(201)
    (diverged.loss, diverged.gradientNorm) = (.nan, .infinity)
    let invocation = Invocation(
      sequence: 1, verb: "train", text: ":train recipe.yaml", source: nil, isEchoed: false)
    let reports = [report(199), report(200), diverged]
    let summaries = [summary(), summary(step: 0, isInterrupted: true, skipped: 0)]
    return [.began(invocation)] + reports.map { .training($0) }
      + summaries.map {
        .finished(
          Record(
            sequence: 1, verb: "train", source: nil, milliseconds: 1,
            outcome: .success(Train.outcome($0, recipe: "recipe.yaml"))))
      }
  }

  static func summary(
    step: Int = steps, isInterrupted: Bool = false, skipped: Int = 3
  ) -> TrainingSummary {
    TrainingSummary(
      folder: "out/small clip", step: step, steps: steps, isInterrupted: isInterrupted,
      seconds: 312.4, last: step > 0 ? report(step) : nil, parameters: 4_400_000,
      skipped: (0..<skipped).map { SkippedFile(path: "a\($0).png", problem: "no picture") })
  }
}
