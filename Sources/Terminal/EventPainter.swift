import Console
import Foundation
import Media
import Pictures
import Screen
import Synchronization

/// Turns what a session says into what the terminal shows. Called on the session's thread; what
/// the loop's thread needs back is under a lock.
final class EventPainter: Sendable {
  private struct State {
    var cells = CellRenderer(symbols: .ascii, colors: .monochrome)
    var completion = CompletionContext()
    /// What the user has chosen to draw with; nil leaves it to the terminal's abilities.
    var wishes: (symbols: SymbolSet?, colors: ColorDepth?) = (nil, nil)
    var isStepping = false
    /// Whether the stepper looks at a picture and not at words.
    var stepsOverPicture = true
    var format = OutputFormat.text
    var training = TrainingView()

    /// What pictures are drawn with.
    var wishedCells: CellRenderer {
      var cells = cells
      cells.symbols = wishes.symbols ?? cells.symbols
      // The terminal can show no more colours than it has.
      let limit = ColorDepth.allCases.firstIndex(of: cells.colors) ?? 0
      let wish = wishes.colors.flatMap { ColorDepth.allCases.firstIndex(of: $0) } ?? limit
      cells.colors = ColorDepth.allCases[min(limit, wish)]
      return cells
    }
  }

  private let queue: WakeQueue<TerminalMessage>
  private let isQuiet: Bool
  private let state = Mutex(State())

  /// - Parameter isQuiet: no warnings and notes.
  init(queue: WakeQueue<TerminalMessage>, isQuiet: Bool = false) {
    self.queue = queue
    self.isQuiet = isQuiet
  }

  /// Takes note of what the terminal can draw.
  func use(_ colors: TerminalColors, isUnicode: Bool) {
    state.withLock { state in
      state.cells = CellRenderer(
        symbols: !isUnicode || colors.depth == .monochrome ? .ascii : .symbols,
        colors: colors.depth)
    }
  }

  func completions(of text: String, at cursor: Int) -> [Completion] {
    let context = state.withLock { $0.completion }
    return CommandCompleter(context).candidates(for: text, at: cursor).map {
      Completion(range: $0.range, replacement: $0.replacement, note: $0.note)
    }
  }

  /// The command that a key of the stepper stands for.
  func line(for key: StepperKey) -> String {
    // Words have no pixels.
    key.line(exportedAs: state.withLock { $0.stepsOverPicture } ? "png" : "svg")
  }

  func show(_ event: Event) {
    switch event {
    case .began(let invocation):
      state.withLock { $0.training = TrainingView() }
      // What is typed stands on the screen already.
      if invocation.isEchoed { queue.push(.lines(echo(of: invocation.text))) }
    case .time(let milliseconds):
      queue.push(.lines([StyledLine("took " + Format.milliseconds(milliseconds), .dim)]))
    case .progress(let progress):
      queue.push(.progress("\(progress.stage) \(progress.completed)/\(progress.total)"))
    case .training(let report):
      let (line, isDue) = state.withLock { $0.training.take(report) }
      if let line, !isQuiet { queue.push(.lines([StyledLine(line, .dim)])) }
      guard isDue else { break }
      // The status line says it too: there may be no room for a preview.
      queue.push(.progress(TrainingText.status(report)))
      drawTraining()
    case .finished(let record):
      drawTraining()
      let format = state.withLock { $0.format }
      queue.push(
        .lines(format == .json ? [StyledLine(JSONRecord(record).line)] : lines(of: record)))
      queue.push(.progress(nil))
    case .note(let text):
      if !isQuiet { queue.push(.lines([StyledLine(text, .dim)])) }
    case .format(let format):
      state.withLock { $0.format = format }
    case .layout(let layout):
      queue.push(.placement(PreviewPlacement(layout)))
    case .focusNext:
      queue.push(.focusNext)
    case .stepping(let caption, let overPicture):
      state.withLock { ($0.isStepping, $0.stepsOverPicture) = (caption != nil, overPicture) }
      queue.push(.stepper(caption.map { StyledLine($0) }))
    case .status(let status):
      let cells = state.withLock { state in
        state.completion = status.completion
        state.wishes = (status.renderer.symbols, status.color.depth)
        return state.wishedCells
      }
      queue.push(.status(segments(of: status, drawnWith: cells)))
    }
  }

  private func echo(of text: String) -> [StyledLine] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map {
      StyledLine([Span("> ", .dim), Span(String($0), .bold)], hangingIndent: 2)
    }
  }

  private func lines(of record: Record) -> [StyledLine] {
    switch record.outcome {
    case .success(let outcome):
      // A step over a picture changes the picture and the stepper's line, and nothing else.
      let blocks = outcome.result.report.blocks
      let isStep = state.withLock { $0.isStepping } && blocks.contains(where: \.isHeatMap)
      let shown = isStep ? blocks.filter(\.isHeatMap) : blocks
      var lines = shown.flatMap { self.lines(of: $0) }
      guard !isQuiet else { return lines }
      lines += outcome.warnings.map { StyledLine("warning: " + $0.message, .warning) }
      return lines
    case .failure(let failure):
      let place = record.source.map { "\($0.file):\($0.line): " } ?? ""
      var parts = failure.message.split(separator: "\n").map { String($0) }
      let first = parts.isEmpty ? "" : parts.removeFirst()
      var lines = [
        StyledLine([Span("error: ", .error), Span(place + first)], hangingIndent: 2)
      ]
      lines += parts.map { StyledLine([Span($0)], hangingIndent: 2) }
      if let remedy = failure.remedy { lines.append(StyledLine("  " + remedy, .dim)) }
      return lines
    }
  }

  private func lines(of block: Report.Block) -> [StyledLine] {
    switch block {
    case .line(let text): return [styled(text)]
    case .table(let table): return table.lines().map(styled)
    case .picture(let picture):
      queue.push(.preview(scalable(picture.bitmap), caption: StyledLine(picture.caption)))
      return []
    case .heatMap(let block):
      queue.push(.preview(scalable(block.drawing), caption: StyledLine(block.caption)))
      return []
    }
  }

  /// Shows a run as it stands, if there is one. What is drawn is a copy, drawn on the loop's
  /// thread: training goes on meanwhile.
  private func drawTraining() {
    let (history, cells) = state.withLock { ($0.training.history, $0.wishedCells) }
    guard history.last != nil else { return }
    let picture = TrainingPicture(history, cells: cells)
    queue.push(
      .preview(
        ScalablePicture { picture.draw(columns: $0, rows: $1) }, caption: StyledLine()))
  }

  private func scalable(_ bitmap: Bitmap) -> ScalablePicture {
    let cells = state.withLock { $0.wishedCells }
    return ScalablePicture { columns, rows in
      (try? cells.render(bitmap, columns: columns, rows: rows)) ?? CellPicture(columns: 0, rows: 0)
    }
  }

  private func styled(_ text: StyledText) -> StyledLine {
    StyledLine(text.spans.map { Span($0.text, $0.role.style) }, hangingIndent: 2)
  }

  private func segments(
    of status: SessionStatus, drawnWith cells: CellRenderer
  ) -> [StatusLine.Segment] {
    var segments = [
      StatusLine.Segment(status.model ?? "no model", style: .bold, priority: 9)
    ]
    if status.bytes > 0 {
      segments.append(.init(Format.bytes(status.bytes), priority: 4))
    }
    segments.append(.init(status.precision, priority: 6))
    segments.append(
      .init("\(status.isa) × \(status.threads)", priority: 3))
    segments.append(.init(cells.name, priority: 2))
    if !status.completion.media.isEmpty {
      segments.append(.init(status.completion.media.suffix(3).joined(separator: " "), priority: 5))
    }
    if let milliseconds = status.milliseconds {
      segments.append(.init(Format.milliseconds(milliseconds), priority: 7, trailing: true))
    }
    return segments
  }
}

extension TextRole {
  var style: Style {
    switch self {
    case .plain: .plain
    case .heading: .bold
    case .label: .accent
    case .number: .plain
    case .faint: .dim
    case .good: .success
    case .warning: .warning
    case .error: .error
    case .code: .accent
    }
  }
}

extension PreviewPlacement {
  init(_ layout: PreviewLayout) {
    switch layout {
    case .auto: self = .auto
    case .right: self = .right
    case .above: self = .above
    case .hidden: self = .hidden
    }
  }
}

extension Report.Block {
  fileprivate var isHeatMap: Bool {
    if case .heatMap = self { true } else { false }
  }
}

extension StepperKey {
  /// The command that the key stands for, where a map is exported with this ending.
  fileprivate func line(exportedAs ending: String) -> String {
    switch self {
    case .nextToken: ":step token=+1"
    case .previousToken: ":step token=-1"
    case .nextHead: ":step head=+1"
    case .previousHead: ":step head=-1"
    case .upLayer: ":step layer=+1"
    case .downLayer: ":step layer=-1"
    case .method: ":step method=next"
    case .overlay: ":step overlay=next"
    case .again: ":step"
    case .export: ":export attn \(Self.freeName(ending))"
    case .quit: ":step end"
    }
  }

  /// A name for a drawing that no file in the working folder has: a key must not overwrite one.
  private static func freeName(_ ending: String) -> String {
    let names = (1...).lazy.map { ($0 == 1 ? "attention" : "attention-\($0)") + "." + ending }
    return names.first { !FileManager.default.fileExists(atPath: $0) } ?? "attention.\(ending)"
  }
}
