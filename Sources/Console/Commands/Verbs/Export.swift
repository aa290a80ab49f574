import Engine
import Foundation
import Media

/// `:export`: the last attention, ranking or embedding as a file.
struct Export: Command {
  enum Subject: String, Sendable, CaseIterable {
    case attn, scores, embedding
  }

  enum Format: String, Sendable, CaseIterable {
    case npy, csv, json, png, svg
  }

  private static let subject = Positional(
    ValueKind<Subject>.choice, "the last map, ranking or embedding")
  private static let file = Positional(
    ValueKind<String>.path("FILE.(npy|csv|json|png|svg)"), "its ending is the format")
  private static let force = Flag("force", "overwrite the file if it is there")

  static let signature = Signature(
    "export", "write the last result to a file",
    [subject.parameter, file.parameter, force.parameter],
    examples: [":export attn map.npy", ":export scores ranking.csv", ":export attn map.png force", ":export scores ranking.svg"])

  let subject: Subject
  let path: String
  let format: Format
  let overwrites: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    subject = try arguments.value(at: 0, of: Export.subject) ?? .attn
    path = PathExpansion.expandingHome(try arguments.value(at: 1, of: Export.file) ?? "")
    let ending = URL(filePath: path).pathExtension.lowercased()
    guard let format = Format(rawValue: ending) else {
      throw .usage(
        "\"\(path)\" ends in no format that can be written", Export.signature,
        remedy: "end it in .npy, .csv, .json, .png or .svg")
    }
    guard format != .png || subject == .attn else {
      throw .usage("only attn can be written as .png", Export.signature)
    }
    guard format != .svg || subject != .embedding else {
      throw .usage("only attn and scores can be written as .svg", Export.signature)
    }
    self.format = format
    overwrites = arguments[Export.force]
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let table = try table(in: session)
    let bytes: [UInt8]
    switch format {
    case .npy: bytes = NumPyFile.encode(table.values, shape: table.shape)
    case .csv: bytes = Array(table.csv.utf8)
    case .json: bytes = Array(try JSONRecord.text(of: table.data).utf8)
    case .png: bytes = try picture(in: session)
    case .svg: bytes = Array(try drawing(in: session).text.utf8)
    }
    try session.write(bytes, to: path, overwrites: overwrites)
    return Outcome(ExportResult(path: path, bytes: bytes.count, shape: table.shape))
  }

  private func picture(in session: isolated Session) throws(CommandFailure) -> [UInt8] {
    do {
      if let drawing = try session.tracing.result?.drawing() {
        return try PNGWriter.encode(drawing)
      }
    } catch {
      throw CommandFailure(code: "export.picture", "the map cannot be drawn: \(error)")
    }
    throw CommandFailure(
      code: "export.picture", "attention over words has no picture",
      remedy: "write it as .csv, .json or .npy")
  }

  private func drawing(in session: isolated Session) throws(CommandFailure) -> ExportDrawing {
    do {
      if subject == .attn, let drawing = try session.tracing.result?.vectorDrawing() { return drawing }
    } catch {
      throw CommandFailure(code: "export.picture", "the map cannot be drawn: \(error)")
    }
    if subject == .scores, let result: RankResult = session.lastResult() {
      return ExportDrawing(result)
    }
    throw nothing
  }

  private func table(in session: isolated Session) throws(CommandFailure) -> ExportTable {
    switch subject {
    case .attn:
      if let result = session.tracing.result { return ExportTable(result) }
    case .scores:
      if let result: RankResult = session.lastResult() { return ExportTable(result) }
    case .embedding:
      if let result: EmbedResult = session.lastResult() { return ExportTable(result) }
    }
    throw nothing
  }

  private var nothing: CommandFailure {
    let verb = ["attn": "attn", "scores": "rank", "embedding": "embed"][subject.rawValue] ?? ""
    return CommandFailure(
      code: "export.none", "there is no \(subject.rawValue) to write yet",
      remedy: "run :\(verb) right before")
  }
}

extension Session {
  /// The result of the last command other than `:export`, if it is of this kind.
  func lastResult<Result>() -> Result? {
    guard case .success(let outcome)? = exportable?.outcome else { return nil }
    return outcome.result as? Result
  }

  /// Forgets what could be exported, checked or stepped through.
  func forgetResults() {
    last = nil
    exportable = nil
    forgetTracing()
  }
}

/// The data of `:export`.
struct ExportResult: CommandResult {
  let path: String
  let bytes: Int
  let shape: [Int]

  /// What was written stays the last result: it may be wanted in a second format, or checked.
  var isAnswer: Bool { false }

  var report: Report {
    Report([
      .line(
        StyledText([
          ("wrote ", .plain), (path, .label),
          ("  \(Console.Format.bytes(bytes)), \(shape.map(String.init).joined(separator: " × "))", .faint),
        ]))
    ])
  }
}
