import Tensors

/// Pictures of one source as they are found: captions of one picture come together, and what cannot
/// be used is written down.
struct PictureGathering {
  struct Found {
    var location: CaptionedPictures.Location
    var captions: [CaptionedPictures.Caption]
    var group: String?
    /// Whether left and right may be exchanged.
    var canMirror = true
    /// The line or member that named it first.
    var place: String

    /// What equals for pictures that must not be each other's negatives.
    var groupKey: [UInt8] {
      group.map { Array("group \($0)".utf8) } ?? location.key
    }
  }

  private(set) var found: [Found] = []
  private var places: [[UInt8]: Int] = [:]
  /// Picture files that were looked for in vain: each is named once.
  private var missing: Set<[UInt8]> = []
  var skipped: [SkippedFile] = []
  /// Looked at before each file, row and member.
  let cancellation: Cancellation?

  init(unless cancellation: Cancellation? = nil) { self.cancellation = cancellation }

  func checkCancellation() throws(TrainingError) {
    if let cancellation, cancellation.isCancelled { throw .cancelled }
  }

  mutating func skip(_ path: String, _ problem: String) {
    skipped.append(SkippedFile(path: path, problem: problem))
  }

  /// Adds a row or sample. Empty captions are dropped, oversized ones written down.
  ///
  /// - Parameters:
  ///   - canMirror: whether left and right may be exchanged.
  ///   - place: what to name in case of trouble: a file and a line, or a member.
  mutating func add(
    _ location: CaptionedPictures.Location, captions: [CaptionedPictures.Caption], group: String?,
    canMirror: Bool = true, place: String
  ) {
    var usable: [CaptionedPictures.Caption] = []
    for caption in captions {
      let text = caption.text.trimmed
      guard text.utf8.count <= CaptionedPictures.maximumCaptionBytes else {
        skip(
          place,
          "a caption of \(text.utf8.count) bytes is longer than "
            + "\(CaptionedPictures.maximumCaptionBytes)")
        continue
      }
      let new = CaptionedPictures.Caption(text, language: caption.language.lowercased())
      // The same caption often stands in a sample's `.txt` and `.json`; long lists are left alone.
      if text.isEmpty || usable.count < 64 && usable.contains(new) { continue }
      usable.append(new)
    }
    let key = location.key
    let room = CaptionedPictures.maximumCaptions - (places[key].map { found[$0].captions.count } ?? 0)
    if usable.count > room {
      skip(place, "\(location.description) has more than \(CaptionedPictures.maximumCaptions) captions")
      usable.removeLast(usable.count - room)
    }
    if let known = places[key] {
      found[known].captions += usable
      if found[known].group == nil { found[known].group = group }
      if !canMirror { found[known].canMirror = false }
      return
    }
    if case .file(let path) = location, !isUsable(path, key: key, place: place) { return }
    places[key] = found.count
    found.append(
      Found(
        location: location, captions: usable, group: group, canMirror: canMirror, place: place))
  }

  private mutating func isUsable(_ path: String, key: [UInt8], place: String) -> Bool {
    guard !missing.contains(key) else { return false }
    do throws(Unusable) {
      try BoundedFile.check(path, limit: CaptionedPictures.maximumFileBytes)
      return true
    } catch {
      missing.insert(key)
      skip(place, "\(path): \(error.problem)")
      return false
    }
  }

  /// The pictures that have a caption that may be drawn.
  ///
  /// - Throws: ``TrainingError/data(path:problem:remedy:)`` when there are none.
  mutating func finished(
    source: String, drawing choice: CaptionChoice?
  ) throws(TrainingError) -> [Found] {
    var kept: [Found] = []
    for picture in found {
      if picture.captions.isEmpty {
        skip(picture.place, "\(picture.location.description) has no caption")
      } else if let choice, !choice.canDraw(from: picture.captions) {
        let languages = Set(picture.captions.map { "\"\($0.language)\"" }).sorted()
        skip(
          picture.place,
          "\(picture.location.description) has captions in \(languages.joined(separator: ", ")) alone, "
            + "which data.languages does not draw")
      } else {
        kept.append(picture)
      }
    }
    guard kept.isEmpty else { return kept }
    let first = skipped.first.map { "; the first of \(skipped.count) problems: \($0.path): \($0.problem)" }
    throw .data(
      path: source, problem: "no picture with a caption can be used" + (first ?? ""),
      remedy: "see that pictures lie where the source says, and that each has a caption")
  }
}

extension CaptionedPictures.Location {
  /// Bytes, not `String`: names that differ in their Unicode normal form are different files.
  var key: [UInt8] {
    switch self {
    case .file(let path): Array("file \(path)".utf8)
    case .member(let shard, let offset, _): Array("member \(offset) \(shard)".utf8)
    }
  }
}

/// Why one file, row or member is left out.
struct Unusable: Error {
  var problem: String

  init(_ problem: String) { self.problem = problem }
}

extension StringProtocol {
  /// Without white space at either end.
  var trimmed: String {
    guard let first = unicodeScalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(self[first..<unicodeScalars.index(after: last)])
  }
}
