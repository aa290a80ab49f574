// A session without models behind the real terminal, for tests that type into a pseudo-terminal.
// Not a product.
import Foundation
import Media
import Pictures
import Screen
import Synchronization
import Terminal

/// Answers lines typed at the terminal; `say` lines come back from another thread.
final class Demo: Sendable {
  let queue: WakeQueue<TerminalMessage>
  let isCancelled = Atomic(false)
  let colors = Mutex(TerminalColors.none)

  init(queue: WakeQueue<TerminalMessage>) { self.queue = queue }

  func host(_ colors: TerminalColors, _ isUnicode: Bool) -> TerminalHost {
    self.colors.withLock { $0 = colors }
    queue.push(
      .status([
        .init("demo", style: .bold, priority: 9), .init("colors \(colors)", priority: 5),
        .init(isUnicode ? "utf-8" : "ascii", priority: 4), .init("v1", priority: 1, trailing: true),
      ]))
    return TerminalHost(
      submit: { [self] line in Thread.detachNewThread { self.run(line) } },
      interrupt: { [self] in isCancelled.store(true, ordering: .relaxed) },
      complete: { text, cursor in Demo.complete(text, cursor) },
      step: { [self] key in
        queue.push(.lines([StyledLine("step \(key.rawValue)")]))
        if key == .quit { queue.push(.stepper(nil)) }
        queue.push(.busy(false))
      },
      endInput: { [self] in queue.push(.quit(0)) },
      historyPath: ProcessInfo.processInfo.environment["DEMO_HISTORY"], prompt: "demo> ")
  }

  static let verbs = [
    ":busy", ":bytes", ":crash", ":lines", ":picture", ":preview", ":quit", ":step",
  ]

  static func complete(_ text: String, _ cursor: Int) -> [Completion] {
    let head = Array(text.utf8.prefix(cursor))
    guard !head.contains(0x20) else { return [] }
    return verbs.filter { $0.utf8.starts(with: head) }.map {
      Completion(range: 0..<cursor, replacement: $0, note: "a verb")
    }
  }

  func run(_ line: String) {
    let words = line.split(separator: " ").map { String($0) }
    let number = words.count > 1 ? Int(words[1]) ?? 0 : 0
    switch words.first ?? "" {
    case ":busy": wait()
    case ":crash": raise(SIGSEGV)
    case ":trap":
      let empty = [Int]()
      say("\(empty[number])")
    case ":exit": exit(7)
    case ":lines": for index in 1...max(1, number) { say("line \(index)") }
    case ":quit":
      queue.push(.quit(Int32(number)))
      return
    case ":picture": show { queue.push(.picture($0(20, 6))) }
    case ":preview":
      show { queue.push(.preview(ScalablePicture($0), caption: StyledLine("고양이"))) }
    case ":hide": queue.push(.preview(nil, caption: StyledLine()))
    case ":step": queue.push(.stepper(StyledLine("layer 8", .bold)))
    case ":bytes": say(line.utf8.map { String($0, radix: 16) }.joined(separator: " "))
    case ":stream":
      for part in ["two ", "고양이", " 🙂\n", "end"] { queue.push(.text(part, .plain)) }
    default: say("<" + line + ">")
    }
    queue.push(.busy(false))
  }

  private func say(_ text: String) { queue.push(.lines([StyledLine(text)])) }

  private func wait() {
    isCancelled.store(false, ordering: .relaxed)
    for step in 0... {
      queue.push(.progress("working \(step / 10)"))
      if isCancelled.load(ordering: .relaxed) { break }
      usleep(20_000)
    }
    say("cancelled")
  }

  /// A gradient with every hue, so that any colour depth has something to show.
  private func show(_ body: (@escaping @Sendable (Int, Int) -> CellPicture) -> Void) {
    let depth = colors.withLock { $0.depth }
    var pixels: [UInt8] = []
    for y in 0..<64 {
      for x in 0..<64 { pixels += [UInt8(x * 4), UInt8(y * 4), UInt8(255 - x * 2 - y * 2)] }
    }
    guard let bitmap = try? Bitmap(width: 64, height: 64, channels: 3, pixels: pixels) else {
      return
    }
    let renderer = CellRenderer(
      symbols: depth == .monochrome ? .ascii : .symbols, colors: depth)
    body { columns, rows in
      (try? renderer.render(bitmap, columns: columns, rows: rows))
        ?? CellPicture(columns: 0, rows: 0)
    }
  }
}

do {
  let queue = try WakeQueue<TerminalMessage>()
  let demo = Demo(queue: queue)
  exit(try TerminalSession(queue: queue).run(makeHost: demo.host))
} catch {
  FileHandle.standardError.write(Data("demo: \(error)\n".utf8))
  exit(2)
}
