import Engine
import Foundation

/// What the staged pictures really show, by a file of names and labels.
struct RankTruth: Sendable {
  /// The right label of each picture's name.
  private let labels: [String: String]

  /// Reads lines of a name and its labels between tabs; a name may be a file's.
  ///
  /// - Throws: ``CommandFailure`` when a picture has no line, or lines that contradict each other,
  ///   or its label does not compete.
  init(
    _ path: String, column: Int, pictures: [StagedPicture], labels candidates: [String]
  ) throws(CommandFailure) {
    var stated: [String: Set<String>] = [:]
    for line in try LabelFile.lines(path) {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count >= column else { continue }
      let stem = URL(filePath: fields[0]).deletingPathExtension().lastPathComponent
      stated[stem.precomposedStringWithCanonicalMapping, default: []].insert(fields[column - 1])
    }
    var labels: [String: String] = [:]
    let competing = Set(candidates)
    for picture in pictures {
      let stem = URL(filePath: picture.path).deletingPathExtension().lastPathComponent
      let key = stem.precomposedStringWithCanonicalMapping
      guard let known = stated[picture.name] ?? stated[key], let label = known.first else {
        throw CommandFailure(
          code: "truth.missing", "\(path) has no label for \(picture.name) in column \(column)",
          remedy: "its first column names pictures, with or without their endings")
      }
      guard known.count == 1 else {
        throw CommandFailure(
          code: "truth.ambiguous",
          "\(path) has \(known.count) labels for \(picture.name): "
            + known.sorted().joined(separator: ", "),
          remedy: "leave one line for each picture")
      }
      guard competing.contains(label) else {
        throw CommandFailure(
          code: "truth.label", "the label \"\(label)\" of \(picture.name) does not compete",
          remedy: "add it to the labels that are ranked")
      }
      labels[picture.name] = label
    }
    self.labels = labels
  }

  /// How well a picture was ranked.
  func judge(_ picture: PictureRanking) -> RankJudgement? {
    guard let right = labels[picture.name],
      let place = picture.items.firstIndex(where: { $0.label == right })
    else { return nil }
    return RankJudgement(label: right, place: place + 1)
  }
}

/// The right label of a picture, and where it came in.
struct RankJudgement: Encodable, Sendable {
  let label: String
  /// From 1.
  let place: Int
}
