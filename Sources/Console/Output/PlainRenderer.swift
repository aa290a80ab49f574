import Engine
import Foundation
import Pictures

/// Where a front end without a screen writes.
package protocol OutputStreams {
  /// Data: what a pipe should carry.
  func write(_ text: String)
  /// Chatter: errors, warnings, progress.
  func writeError(_ text: String)
}

/// Shows events as lines of text, or as JSON Lines.
package struct PlainRenderer {
  private let streams: any OutputStreams
  private let isQuiet: Bool
  private let isStreaming: Bool
  package var format: OutputFormat
  private var cells: CellRenderer
  private var training = TrainingLog()
  /// Commands that have begun and not ended, the innermost last.
  private var running: [Invocation] = []

  /// - Parameters:
  ///   - isQuiet: no warnings and notes.
  ///   - isStreaming: JSON Lines tell how far commands are, too.
  package init(
    to streams: any OutputStreams, format: OutputFormat = .text,
    isQuiet: Bool = false, isStreaming: Bool = false,
    cells: CellRenderer = CellRenderer(symbols: .ascii, colors: .monochrome)
  ) {
    self.streams = streams
    self.format = format
    self.isQuiet = isQuiet
    self.isStreaming = isStreaming
    self.cells = cells
  }

  package mutating func show(_ event: Event) {
    switch event {
    case .began(let invocation):
      running.append(invocation)
      training = TrainingLog()
      guard invocation.isEchoed, format == .text else { break }
      for line in invocation.text.split(separator: "\n", omittingEmptySubsequences: false) {
        streams.write("> \(String(line).escapingControls)\n")
      }
    case .time(let milliseconds):
      if format == .text { streams.writeError("took \(Format.milliseconds(milliseconds))\n") }
    case .progress(let progress):
      stream(progress)
    case .training(let report):
      stream(TrainProgress(report))
      if let line = training.line(for: report), format == .text, !isQuiet {
        streams.writeError(line + "\n")
      }
    case .finished(let record):
      // A `"""` that standard input leaves open has failed without having begun.
      _ = running.popLast()
      format == .json ? streams.write(JSONRecord(record).line + "\n") : showText(record)
    case .note(let text):
      if !isQuiet { streams.writeError(text.escapingControls + "\n") }
    case .format(let format):
      self.format = format
    case .status(let status):
      // Plain lines have no colours, whatever the setting says.
      cells.symbols = status.renderer.symbols ?? .ascii
    case .stepping, .layout, .focusNext:
      break
    }
  }

  private func stream(_ progress: some Encodable) {
    guard isStreaming, format == .json, let invocation = running.last else { return }
    streams.write(PartialRecord(progress, of: invocation).line + "\n")
  }

  private func showText(_ record: Record) {
    switch record.outcome {
    case .success(let outcome):
      for line in PlainText.lines(of: outcome.result.report, cells: cells) {
        streams.write(line + "\n")
      }
      guard !isQuiet else { return }
      for warning in outcome.warnings {
        streams.writeError("warning: \(warning.message.escapingControls)\n")
      }
    case .failure(let failure):
      let place = record.source.map { "\($0.file.escapingControls):\($0.line): " } ?? ""
      streams.writeError("\(place)error: \(PlainText.message(of: failure))\n")
    }
  }
}

/// Reports as lines without styles.
package enum PlainText {
  /// Cells that a picture takes at most.
  private static let pictureSize = (columns: 64, rows: 28)

  package static func lines(of report: Report, cells: CellRenderer) -> [String] {
    report.blocks.flatMap { block -> [String] in
      switch block {
      case .line(let text): [text.escapingControls.plain]
      case .table(let table): table.lines().map(\.plain)
      case .picture(let picture): picture.isRequested ? draw(picture, cells) : []
      case .heatMap(let block): block.map.rampLines.map { "  " + $0 }
      }
    }
  }

  package static func message(of failure: CommandFailure) -> String {
    let lines = failure.message.split(whereSeparator: \.isNewline)
      .map { String($0).escapingControls }
    return lines.joined(separator: "\n")
      + (failure.remedy.map { "\n  \($0.escapingControls)" } ?? "")
  }

  private static func draw(_ picture: PictureBlock, _ cells: CellRenderer) -> [String] {
    guard
      let drawn = try? cells.render(
        picture.bitmap, columns: pictureSize.columns, rows: pictureSize.rows)
    else { return [picture.caption.escapingControls] }
    return drawn.lines + [picture.caption.escapingControls]
  }
}
