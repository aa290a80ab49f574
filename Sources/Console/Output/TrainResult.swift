import Training

/// The data of `:train`.
struct TrainResult: CommandResult {
  struct Skipped: Encodable {
    let path: String
    let problem: String
  }

  /// Skipped files that are named at most: a broken disk would name them all.
  static let namedFiles = 100
  /// The same among lines that somebody reads.
  private static let shownFiles = 5

  private enum CodingKeys: CodingKey {
    case folder, step, steps, interrupted, seconds, parameters, loss, logitScale, learningRate,
      pairsPerSecond, heldOut, skipped, skippedFiles
  }

  /// Where the checkpoint lies.
  let folder: String
  let step: Int
  let steps: Int
  /// Whether the user ended it before its time.
  let interrupted: Bool
  let seconds: Double
  let parameters: Int
  /// Of the last step, and nil when none was taken.
  let loss: Double?
  let logitScale: Double?
  let learningRate: Double?
  let pairsPerSecond: Double?
  /// What was last measured on held-out pictures; nil when nothing was.
  let heldOut: HeldOutAccuracy?
  /// Files that could not be used, of which the first ones are named.
  let skipped: Int
  let skippedFiles: [Skipped]
  /// How this run is taken up again.
  let resumption: String

  init(_ summary: TrainingSummary, recipe: String) {
    folder = summary.folder
    step = summary.step
    steps = summary.steps
    interrupted = summary.isInterrupted
    seconds = summary.seconds
    parameters = summary.parameters
    loss = summary.last?.loss
    logitScale = summary.last?.logitScale
    learningRate = summary.last?.learningRate
    pairsPerSecond = summary.last?.pairsPerSecond
    heldOut = summary.heldOut ?? summary.last?.heldOut
    skipped = summary.skipped.count
    skippedFiles = summary.skipped.prefix(TrainResult.namedFiles).map {
      Skipped(path: $0.path, problem: $0.problem)
    }
    resumption = ":train \(CommandCompleter.quotedIfNeeded(recipe)) resume"
  }

  // MARK: Report

  var report: Report {
    var blocks: [Report.Block] = [.line(heading)]
    if let loss, let logitScale, let pairsPerSecond {
      blocks.append(
        .line(
          StyledText([
            ("  loss ", .faint), (Format.decimal(loss, 4), .number), ("  temperature ", .faint),
            (Format.decimal(1 / logitScale, 4), .number),
            ("  \(Format.decimal(pairsPerSecond, 0)) pairs/s", .faint),
          ])))
    }
    if let heldOut { blocks += heldOutLines(heldOut) }
    if skipped > 0 { blocks += skippedLines }
    // An interrupted run says by a warning how it is taken up again.
    if !interrupted {
      if step < steps {
        blocks.append(.line(StyledText([(resumption, .code), (" goes on", .faint)])))
      }
      let load = ":load \(CommandCompleter.quotedIfNeeded(folder))"
      blocks.append(.line(StyledText([(load, .code), (" takes it into use", .faint)])))
    }
    return Report(blocks)
  }

  private var heading: StyledText {
    StyledText([
      (folder, .heading), ("  \(Format.count(parameters)) parameters, ", .plain),
      ("step \(step) of \(steps)", interrupted ? .warning : .good),
      (" in \(Format.duration(seconds: seconds))", .plain),
    ])
  }

  private func heldOutLines(_ found: HeldOutAccuracy) -> [Report.Block] {
    func shares(_ top1: Double, _ top5: Double) -> [StyledText] {
      [top1, top5].map { StyledText(TrainingText.percent($0), .number) }
    }
    let what = "\(found.pictures) pictures among \(found.labels) texts, at step \(found.step)"
    let languages = found.byLanguage.sorted { $0.key < $1.key }
    return [
      .line(StyledText([("  held out: ", .faint), (what, .faint)])),
      .table(
        Table(
          [("", .left), ("first", .right), ("first five", .right)],
          rows: [[StyledText("all", .label)] + shares(found.top1, found.top5)]
            + languages.map { name, language in
              [StyledText(name, .label)] + shares(language.top1, language.top5)
            })),
    ]
  }

  private var skippedLines: [Report.Block] {
    let count = "  \(skipped) \(skipped == 1 ? "file" : "files") could not be used"
    let shown = skippedFiles.prefix(TrainResult.shownFiles).map { "    \($0.path): \($0.problem)" }
    let rest = skipped > shown.count ? ["    … and \(skipped - shown.count) more"] : []
    return [.line(StyledText(count, .warning))]
      + (shown + rest).map { .line(StyledText($0, .faint)) }
  }
}
