import Foundation

/// Up in a straight line, then down along half a cosine (Loshchilov & Hutter 2017).
package struct LearningRate: Equatable, Sendable {
  package let greatest: Double
  package let schedule: ScheduleRecipe

  package init(greatest: Double, schedule: ScheduleRecipe) {
    self.greatest = greatest
    self.schedule = schedule
  }

  /// The rate of step `step`, counted from 1.
  package func at(_ step: Int) -> Double {
    if step <= schedule.warmUp { return greatest * Double(step) / Double(schedule.warmUp) }
    let length = max(1, schedule.steps - schedule.warmUp)
    let part = min(1, Double(step - schedule.warmUp) / Double(length))
    let cosine = (1 + cos(.pi * part)) / 2
    return greatest * (schedule.finalRate + (1 - schedule.finalRate) * cosine)
  }
}
