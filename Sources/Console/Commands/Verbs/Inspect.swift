import Checkpoints
import Engine

/// `:inspect`: what a checkpoint holds, from its headers alone.
struct Inspect: Command {
  private static let checkpoint = Positional(
    ValueKind.name("PATH|NAME", .modelNames), "as for :load")

  static let signature = Signature(
    "inspect", "list a checkpoint's configuration and tensors without loading it",
    [checkpoint.parameter], examples: [":inspect emoji-clip"])

  let name: String

  init(_ arguments: Arguments) throws(CommandFailure) {
    name = try arguments.value(at: 0, of: Inspect.checkpoint) ?? ""
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    do throws(EngineError) {
      return Outcome(
        InspectResult(try await session.loader.inspect(PathExpansion.expandingHome(name))))
    } catch { throw CommandFailure(error) }
  }
}

/// The data of `:inspect`.
struct InspectResult: CommandResult {
  struct Configuration: Encodable {
    let file: String
    let text: String
  }

  struct File: Encodable {
    let path: String
    let format: String
  }

  struct Total: Encodable {
    let dtype: String
    let tensors: Int
    let parameters: Int
    let bytes: Int
  }

  struct Tensor: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
    let bytes: Int
    let file: String
  }

  let name: String
  /// Which family would load it, nil when none would.
  let family: String?
  let knownFamilies: [String]
  let parameters: Int
  let bytes: Int
  let files: [File]
  let configurations: [Configuration]
  let totals: [Total]
  let tensors: [Tensor]

  init(_ inspection: CheckpointInspection) {
    let summary = inspection.summary
    name = inspection.name
    family = inspection.family
    knownFamilies = inspection.knownFamilies
    parameters = summary.elementCount
    bytes = summary.byteCount
    files = summary.files.map { File(path: $0.path, format: $0.format.rawValue) }
    configurations = summary.configurations.map { .init(file: $0.file, text: $0.text) }
    totals = summary.totals.map {
      Total(
        dtype: $0.elementType.rawValue, tensors: $0.tensors, parameters: $0.elements,
        bytes: $0.byteCount)
    }
    tensors = summary.rows.map {
      Tensor(
        name: $0.name, dtype: $0.elementType.rawValue, shape: $0.shape.array, bytes: $0.byteCount,
        file: $0.file)
    }
  }

  var report: Report {
    let known = knownFamilies.joined(separator: ", ")
    let verdict = family.map { StyledText("would be loaded as \($0)", .good) }
      ?? StyledText("no family would load it; there are \(known)", .warning)
    var blocks: [Report.Block] = [
      .line(
        StyledText([
          (name, .heading), ("  \(Format.count(parameters)) parameters, ", .plain),
          (Format.bytes(bytes), .number),
        ])),
      .line(verdict),
    ]
    blocks += files.map { .line(StyledText("\($0.path)  \($0.format)", .faint)) }
    for configuration in configurations {
      blocks.append(.line(StyledText(configuration.file, .heading)))
      blocks += configuration.text.split(whereSeparator: \.isNewline).map {
        .line(StyledText("  " + $0))
      }
    }
    blocks.append(
      .table(
        Table(
          [("type", .left), ("tensors", .right), ("parameters", .right), ("size", .right)],
          rows: totals.map {
            [
              StyledText($0.dtype), StyledText("\($0.tensors)", .number),
              StyledText(Format.count($0.parameters), .number),
              StyledText(Format.bytes($0.bytes), .number),
            ]
          })))
    blocks.append(
      .table(
        Table(
          [("tensor", .left), ("type", .left), ("shape", .left), ("size", .right)],
          rows: tensors.map {
            [
              StyledText($0.name, .label), StyledText($0.dtype),
              StyledText($0.shape.map(String.init).joined(separator: " × ")),
              StyledText(Format.bytes($0.bytes), .number),
            ]
          })))
    return Report(blocks)
  }
}
