import Media
import Tensors

/// Every picture of a run with its captions: a catalogue, read before the first step. No picture is
/// decoded for it.
package struct CaptionedPictures: Sendable {
  package struct Caption: Sendable, Equatable {
    package var text: String
    /// As its source calls it, in lower case; empty where the source does not say.
    package var language: String

    package init(_ text: String, language: String = "") {
      self.text = text
      self.language = language
    }
  }

  /// Where a picture's bytes are.
  package enum Location: Sendable, Equatable {
    case file(String)
    /// A member of a tar file, whose header begins at byte `offset`.
    case member(shard: String, offset: Int64, name: String)

    /// What a user calls it: `cats/1.jpg`, `shard-000.tar: 0001.jpg`.
    package var description: String {
      switch self {
      case .file(let path): path
      case .member(let shard, _, let name): "\(shard): \(name)"
      }
    }
  }

  package struct Picture: Sendable {
    package var location: Location
    /// At least one; in the order of the source.
    package var captions: [Caption]
    /// Pictures with an equal number are never each other's negatives: the same explicit group, or
    /// the same file in several sources.
    package var group: Int
    /// Whether left and right may be exchanged.
    package var canMirror = true
  }

  /// Each once.
  package internal(set) var pictures: [Picture] = []
  /// One epoch: places in ``pictures``, each as often as its source repeats.
  package internal(set) var entries: [Int32] = []
  /// Files, rows and members that cannot be used, in the order they were found.
  package internal(set) var skipped: [SkippedFile] = []

  /// What each source of the recipe came to.
  package internal(set) var sources: [(path: String, pictures: Int, captions: Int)] = []

  /// Bytes of a picture file at most, compressed.
  package static let maximumFileBytes = 64 << 20
  /// Bytes of one caption at most.
  package static let maximumCaptionBytes = 64 << 10
  /// Captions of one picture at most.
  package static let maximumCaptions = 1024

  /// - Parameter folder: what relative paths start from.
  /// - Throws: ``TrainingError/data(path:problem:remedy:)`` for a source that does not exist, that
  ///   cannot be understood, or of which no picture can be used.
  package init(
    _ recipe: DataRecipe, relativeTo folder: String, unless cancellation: Cancellation? = nil
  ) throws(TrainingError) {
    try self.init(
      sources: recipe.sources, relativeTo: folder, drawing: CaptionChoice(recipe),
      unless: cancellation)
  }

  /// - Parameters:
  ///   - choice: pictures without a caption that it may draw are left out; nil keeps all.
  ///   - cancellation: looked at before each file, row and member.
  package init(
    sources: [DataRecipe.Source], relativeTo folder: String, drawing choice: CaptionChoice? = nil,
    unless cancellation: Cancellation? = nil
  ) throws(TrainingError) {
    var groups: [[UInt8]: Int] = [:]
    for source in sources {
      var gathering = PictureGathering(unless: cancellation)
      let path = FilePaths.absolute(source.path, relativeTo: folder)
      try gathering.read(source: path)
      let found = try gathering.finished(source: path, drawing: choice)
      skipped += gathering.skipped
      let first = pictures.count
      for picture in found {
        let group = groups[picture.groupKey] ?? groups.count
        groups[picture.groupKey] = group
        pictures.append(
          Picture(
            location: picture.location, captions: picture.captions, group: group,
            canMirror: picture.canMirror))
      }
      let captions = found.reduce(0) { $0 + $1.captions.count }
      self.sources.append((path: source.path, pictures: found.count, captions: captions))
      try repeatEntries(first..<pictures.count, times: source.repeats, path: path)
    }
    guard !entries.isEmpty else {
      throw .data(
        path: folder, problem: "no source of pictures is named, or each is repeated 0 times",
        remedy: "name tables, folders or tar shards under data.sources")
    }
  }

  private mutating func repeatEntries(
    _ places: Range<Int>, times: Int, path: String
  ) throws(TrainingError) {
    let total = places.count.multipliedReportingOverflow(by: max(times, 0))
    guard !total.overflow, total.partialValue <= Self.maximumEntries - entries.count else {
      throw .data(
        path: path,
        problem: "an epoch would have more than \(Self.maximumEntries) pictures with \(places.count) "
          + "repeated \(times) times",
        remedy: "lower the source's repeats")
    }
    for _ in 0..<max(times, 0) { entries.append(contentsOf: places.lazy.map { Int32($0) }) }
  }

  private static let maximumEntries = 1 << 30
}

extension CaptionedPictures {
  /// Tells whether a resumed run sees the same pictures and captions: a hash over where they are
  /// and what is said of them, not over their pixels.
  var fingerprint: String {
    var text = ""
    // Each once: how often a source repeats is one of the recipe's settings.
    for picture in pictures {
      text += "\(picture.location.description)\n\(picture.group) \(picture.canMirror)\n"
      for caption in picture.captions { text += "\(caption.language)\t\(caption.text)\n" }
    }
    return ContentHash(of: Array(text.utf8)).hexadecimal
  }
}
