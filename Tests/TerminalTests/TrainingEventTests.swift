import Console
import Pictures
import Screen
import Testing

@testable import Terminal
@testable import Training

/// What the terminal makes of a run's events.
@Suite struct TrainingEventTests {
  private func report(_ step: Int) -> TrainingReport {
    TrainingReport(
      step: step, steps: 5000, epoch: 1, loss: 5 / Double(step), learningRate: 1e-3,
      logitScale: 20, gradientNorm: 1, pairsPerSecond: 500, secondsLeft: 90, batchAccuracy: 0.5,
      similarities: [0.9, 0.1, 0.2, 0.8], similaritySide: 2, heldOut: nil, skippedFiles: 0)
  }

  private func repl(rows: Int, columns: Int) -> Repl {
    Repl(host: TerminalHost(prompt: "> "), rows: rows, columns: columns)
  }

  /// Everything that the painter says of so many steps taken at once.
  private func messages(steps: Int) throws -> [TerminalMessage] {
    let queue = try WakeQueue<TerminalMessage>()
    let painter = EventPainter(queue: queue)
    for step in 1...steps { painter.show(.training(report(step))) }
    return queue.drain()
  }

  @Test func drawsFarLessOftenThanItSteps() throws {
    let previews = try messages(steps: 2000).count {
      if case .preview = $0 { true } else { false }
    }
    // One at once, and more only if this took longer than a drawing's pause.
    #expect((1...10).contains(previews), "\(previews)")
  }

  @Test func theRunIsInThePreview() throws {
    let repl = repl(rows: 30, columns: 120)
    repl.apply(.busy(true))
    for message in try messages(steps: 1) { repl.apply(message) }
    let text = repl.draw().grid.lines.joined(separator: "\n")
    #expect(text.contains("│step 1/5000  0 %  1 min 30 s left"))
    #expect(text.contains("right in batch  50.0 %"))
    #expect(text.contains("pairs/s            500"))
  }

  @Test func withoutRoomTheStatusLineTells() throws {
    let repl = repl(rows: 8, columns: 80)
    repl.apply(.busy(true))
    for message in try messages(steps: 1) { repl.apply(message) }
    #expect(repl.draw().grid.lines[6].contains("step 1/5000  loss 5.0000  1 min 30 s left"))
  }
}
