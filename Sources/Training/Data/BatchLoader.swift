import Foundation
import Tensors

/// Prepares batches on threads of its own while the caller computes: the next two are under way.
///
///     let loader = BatchLoader(source, recipe: recipe.data, seed: recipe.seed, batch: 256,
///       mean: mean, deviation: deviation)
///     defer { loader.close() }
///     let batch = try loader.next()       // batch.pixels: [256, 3, S, S]
///
/// What comes out depends on seed and step alone, however many threads there are.
package final class BatchLoader: Sendable {
  private let queue: BatchQueue

  /// - Parameters:
  ///   - seed: the run's.
  ///   - batch: pairs in each step.
  ///   - firstStep: where a resumed run goes on; steps count from 0.
  ///   - endStep: the step before which the last batch is; nil: there is none.
  ///   - mean, deviation: of each channel, in 0...1.
  package init(
    _ source: PictureSource, recipe: DataRecipe, seed: UInt64, batch: Int, firstStep: Int = 0,
    endStep: Int? = nil, mean: SIMD3<Float>, deviation: SIMD3<Float>
  ) {
    let maker = BatchMaker(
      source: source, augmentation: recipe.augmentation, choice: CaptionChoice(recipe), seed: seed,
      size: batch)
    queue = BatchQueue(maker, steps: firstStep..<max(endStep ?? .max, firstStep))
    for number in 0..<max(recipe.workers, 1) {
      let thread = Thread { [queue] in
        let augmenter = Augmenter(side: source.side, mean: mean, deviation: deviation)
        while queue.work(with: augmenter) {}
      }
      thread.name = "gaze data \(number)"
      thread.start()
    }
  }

  deinit { queue.close() }

  /// The next step's batch; waits until it is ready. Nil after the last, and after ``close()``.
  ///
  /// - Parameter cancellation: ends the waiting.
  /// - Throws: ``TrainingError`` when no picture can be found for a place of the batch, or when
  ///   cancelled.
  package func next(unless cancellation: Cancellation? = nil) throws(TrainingError) -> Batch? {
    try queue.next(unless: cancellation)
  }

  /// Ends the threads once they finish the picture they are at.
  package func close() { queue.close() }
}

/// The batches under way, and who does what.
///
/// `@unchecked Sendable`: everything mutable is touched with `condition` locked. The pixels of a
/// batch under way are written without it, each place by the one thread that took it, and are read
/// only after that thread has reported, with the lock, that it is done.
private final class BatchQueue: @unchecked Sendable {
  private struct Work {
    var step: Int
    var entries: [Int]
    var pairs: [BatchMaker.Pair?]
    var pixels: PixelBuffer
    /// Places that a thread has taken, and that are done.
    var taken = 0
    var done = 0
    var failure: TrainingError?

    var isReady: Bool { done == entries.count || failure != nil }
  }

  private let condition = NSCondition()
  private let maker: BatchMaker
  private let pictureSize: Int
  private var order: BatchOrder
  private var works: [Work] = []
  private var nextStep: Int
  private let endStep: Int
  private var isClosed = false

  /// Batches that are made ahead of the one that the caller has.
  private static let ahead = 2

  init(_ maker: BatchMaker, steps: Range<Int>) {
    self.maker = maker
    let side = maker.source.side
    pictureSize = 3 * side * side
    order = BatchOrder(seed: maker.seed, count: maker.source.catalogue.entries.count)
    nextStep = steps.lowerBound
    endStep = steps.upperBound
  }

  /// Does one picture of the earliest batch that needs one; waits for room if none does.
  ///
  /// - Returns: false when there is nothing left to do, ever.
  func work(with augmenter: Augmenter) -> Bool {
    guard let task = take() else { return false }
    let result = Result { () throws(TrainingError) in
      try maker.make(
        entry: task.entry, place: task.step * maker.size + task.index, with: augmenter,
        into: task.pixels.base + task.index * pictureSize)
    }
    finish(task.step, task.index, result)
    return true
  }

  private struct Task {
    var step: Int
    var index: Int
    var entry: Int
    var pixels: PixelBuffer
  }

  private func take() -> Task? {
    condition.lock()
    defer { condition.unlock() }
    while !isClosed {
      if let place = works.firstIndex(where: { $0.taken < $0.entries.count && $0.failure == nil }) {
        let index = works[place].taken
        works[place].taken += 1
        return Task(
          step: works[place].step, index: index, entry: works[place].entries[index],
          pixels: works[place].pixels)
      }
      if nextStep >= endStep { return nil }
      if works.count < Self.ahead { begin() } else { condition.wait() }
    }
    return nil
  }

  private func begin() {
    let entries = order.batch(nextStep, size: maker.size)
    works.append(
      Work(
        step: nextStep, entries: entries, pairs: Array(repeating: nil, count: entries.count),
        pixels: PixelBuffer(count: entries.count * pictureSize)))
    nextStep += 1
    condition.broadcast()
  }

  private func finish(_ step: Int, _ index: Int, _ result: Result<BatchMaker.Pair, TrainingError>) {
    condition.lock()
    defer { condition.unlock() }
    // Gone when an earlier place of it failed.
    guard let place = works.firstIndex(where: { $0.step == step }) else { return }
    works[place].done += 1
    switch result {
    case .success(let pair): works[place].pairs[index] = pair
    case .failure(let error): works[place].failure = works[place].failure ?? error
    }
    if works[place].isReady { condition.broadcast() }
  }

  /// How long a cancellation, which wakes nobody, may go unseen.
  private static let longestWait = 0.05

  func next(unless cancellation: Cancellation?) throws(TrainingError) -> Batch? {
    condition.lock()
    defer { condition.unlock() }
    while !isClosed {
      if let cancellation, cancellation.isCancelled { throw .cancelled }
      if let first = works.first, first.isReady {
        if let failure = first.failure {
          isClosed = true
          condition.broadcast()
          throw failure
        }
        works.removeFirst()
        condition.broadcast()
        return batch(first)
      }
      if works.isEmpty, nextStep >= endStep { return nil }
      _ = condition.wait(until: Date(timeIntervalSinceNow: Self.longestWait))
    }
    return nil
  }

  private func batch(_ work: Work) -> Batch {
    let pairs = work.pairs.compactMap { $0 }
    let pictures = maker.source.catalogue.pictures
    return Batch(
      step: work.step, pixels: work.pixels, texts: pairs.map(\.text.text),
      languages: pairs.map(\.text.language), groups: pairs.map { pictures[$0.picture].group },
      pictures: pairs.map(\.picture))
  }

  func close() {
    condition.lock()
    isClosed = true
    works = []
    condition.broadcast()
    condition.unlock()
  }
}
