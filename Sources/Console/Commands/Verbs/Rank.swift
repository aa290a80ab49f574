import Engine
import Foundation

/// `:rank`: zero-shot ranking of labels for the staged pictures.
struct Rank: Command {
  private static let labels = Positional(
    ValueKind<String>.text("LABEL | LABEL", .textsOrFile),
    "labels between `|`; `@FILE` stands for the lines of a file", repeats: true)
  private static let template = Option(
    "template", .text("\"a photo of a {}\"", .textsOrFile),
    "`{}` stands for the label; several between `|`, or `@FILE`, are averaged")
  private static let on = Option(
    "on", .name("NAME", .mediaNames), "one staged picture instead of all")
  private static let top = Option("top", .integer(1...10_000), "show only the best N")
  private static let truth = Option(
    "truth", .path("FILE.tsv"),
    "names and right labels, a line each, between tabs: counts how often the best label is right")
  private static let column = Option(
    "column", .integer(2...64), "which column of the truth holds the labels (2)")
  private static let cache = Option("cache", .onOff, "use encodings made before (on)")

  static let signature = Signature(
    "rank", aliases: ["classify"],
    "rank labels for the staged pictures by how well they fit", form: .labels,
    [
      labels.parameter, template.parameter, on.parameter, top.parameter, truth.parameter,
      column.parameter, cache.parameter,
    ],
    examples: [
      ":rank a cat | a dog | a pear", ":rank @labels.txt template=\"a photo of a {}\" top=5",
      ":rank 사과 | 자동차 template=\"{} 이모지\"",
      ":rank @names.txt | @others.txt truth=names.tsv",
    ])

  let groups: [[Word]]
  let templates: TemplateSource?
  let on: String?
  let top: Int?
  let truth: (path: String, column: Int)?
  let usesCache: Bool

  init(_ arguments: Arguments) throws(CommandFailure) {
    groups = arguments.groups
    templates = try arguments[Rank.template].map(TemplateSource.init)
    on = try arguments[Rank.on]
    top = try arguments[Rank.top]
    let column = try arguments[Rank.column]
    truth = try arguments[Rank.truth].map { (PathExpansion.expandingHome($0), column ?? 2) }
    usesCache = try arguments[Rank.cache] ?? true
    guard column == nil || truth != nil else {
      throw .usage("column= is one of the file that truth= names; there is none", Rank.signature)
    }
    guard !groups.isEmpty, groups.allSatisfy({ !$0.isEmpty }) else {
      throw .usage(
        groups.isEmpty ? "rank needs labels" : "a label between two | is empty", Rank.signature)
    }
    if case .texts(let texts)? = templates { try TemplateSource.check(texts) }
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    let model = try session.requiredModel()
    let pictures = try session.pictures(named: on.map { [$0] } ?? [])
    let labels = try LabelFile.labels(groups)
    let truth = try truth.map { truth throws(CommandFailure) in
      try RankTruth(truth.path, column: truth.column, pictures: pictures, labels: labels)
    }
    let request = RankRequest(
      pictures: pictures, labels: labels, templates: try templates?.texts() ?? [],
      usesCache: usesCache)
    let ranking: Ranking
    do throws(EngineError) {
      ranking = try await model.rank(
        request, precision: session.settings.precision, progress: session.progressSink)
    } catch {
      throw CommandFailure(error)
    }
    return Outcome(RankResult(ranking, top: top, truth: truth), cached: ranking.cached)
  }
}

/// Where templates come from.
enum TemplateSource: Sendable {
  case texts([String])
  case file(String)

  init(_ text: String) {
    self = text.hasPrefix("@")
      ? .file(String(text.dropFirst()))
      : .texts(
        text.split(separator: "|", omittingEmptySubsequences: false).map {
          $0.trimmingCharacters(in: .whitespaces)
        })
  }

  func texts() throws(CommandFailure) -> [String] {
    switch self {
    case .texts(let texts): return texts
    case .file(let path):
      let texts = try LabelFile.lines(path)
      try TemplateSource.check(texts)
      return texts
    }
  }

  static func check(_ texts: [String]) throws(CommandFailure) {
    if let wrong = texts.first(where: { !$0.contains("{}") }) {
      throw CommandFailure(
        code: "template.invalid", "the template \"\(wrong)\" has no {}",
        remedy: "{} stands for the label: template=\"a photo of a {}\"")
    }
  }
}

/// Files with one label or template a line.
enum LabelFile {
  /// Lines a file may have.
  private static let limit = 100_000
  /// Bytes that a file may have.
  private static let byteLimit = 64 << 20

  /// The labels that a command names, in order: `@FILE` stands for a file's.
  ///
  /// - Throws: ``CommandFailure`` when a file is not right or a label comes twice.
  static func labels(_ groups: [[Word]]) throws(CommandFailure) -> [String] {
    var labels: [String] = []
    for group in groups {
      if let first = group.first, !first.startsQuoted, first.text.hasPrefix("@") {
        guard group.count == 1 else {
          throw CommandFailure(
            code: "label.file", "\(first.text) is a file of labels, and words follow it",
            remedy: "write @\"FILE\" for a name with blanks, or quote the label")
        }
        labels += try lines(String(first.text.dropFirst()))
      } else {
        labels.append(group.map(\.text).joined(separator: " "))
      }
    }
    // Compared by scalars: canonically equal labels may well have different ids.
    var seen = Set<[Unicode.Scalar]>()
    if let twice = labels.first(where: { !seen.insert(Array($0.unicodeScalars)).inserted }) {
      throw CommandFailure(
        code: "label.duplicate", "the label \"\(twice)\" is given twice",
        remedy: "its probability would be halved; remove one")
    }
    return labels
  }

  /// The lines of a file, byte for byte but for their ends.
  ///
  /// - Throws: ``CommandFailure`` when the file cannot be read, is no UTF-8 or has too many lines.
  static func lines(_ path: String) throws(CommandFailure) -> [String] {
    let path = PathExpansion.expandingHome(path)
    let text = try InputFile.text(
      of: path, what: "the label file", limit: byteLimit, takesStreams: true)
    // On scalars: Swift holds CR LF to be one character.
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: true)
      .map { String(String.UnicodeScalarView($0.last == "\r" ? $0.dropLast() : $0)) }
      .filter { !$0.isEmpty }
    guard (1...limit).contains(lines.count) else {
      throw CommandFailure(
        code: "file.size", "the label file \(path) has \(lines.count) lines, not 1 to \(limit)",
        remedy: nil)
    }
    return lines
  }
}
