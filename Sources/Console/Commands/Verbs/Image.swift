import Engine
import Foundation
import Media

/// `:image`: stage pictures.
struct Image: Command {
  private static let files = Positional(
    ValueKind<String>.path("FILE"), "JPEG, PNG or WebP; globs are expanded", repeats: true)

  static let signature = Signature(
    "image", aliases: ["attach"],
    "stage pictures; `as NAME` names one, otherwise the file's name does",
    [files.parameter], examples: [":image cat.jpg", ":image photos/*.jpg", ":image a.png as logo"])

  let files: [Word]
  let name: String?

  init(_ arguments: Arguments) throws(CommandFailure) {
    var words = arguments.words
    if words.count >= 3, words[words.count - 2].text == "as", !words[words.count - 2].isQuoted {
      name = words[words.count - 1].text
      words.removeLast(2)
    } else {
      name = nil
    }
    files = words
    guard name != "all" else {
      throw .usage("\"all\" is reserved and names no picture", Image.signature)
    }
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    var paths: [String] = []
    for word in files { paths += try PathExpansion.paths(for: word) }
    guard name == nil || paths.count == 1 else {
      throw .usage("`as` names one picture, and here are \(paths.count)", Image.signature)
    }
    // Every file is decoded before any is staged, so that a broken one changes nothing.
    var staged: [StagedPicture] = []
    var shelf = session.shelf
    for (index, path) in paths.enumerated() {
      try session.checkInterrupt()
      if paths.count > 1 {
        session.send(
          .progress(StageProgress(stage: "decoding", completed: index, total: paths.count)))
      }
      let decoded = try session.decode(path)
      let stem = URL(filePath: path).deletingPathExtension().lastPathComponent
      let picture = StagedPicture(
        name: shelf.freeName(for: name ?? stem), path: path, sha256: decoded.sha256,
        bitmap: decoded.image.bitmap)
      shelf.add(
        picture, .init(format: decoded.image.format.name, notes: decoded.image.notes))
      staged.append(picture)
    }
    session.shelf = shelf
    return shelf.outcome(of: staged)
  }
}

extension MediaShelf {
  /// What staging these pictures comes to.
  func outcome(of staged: [StagedPicture]) -> Outcome {
    Outcome(
      MediaResult(staged.map(item), preview: staged.last),
      warnings: staged.flatMap { picture in
        (details(of: picture)?.notes ?? []).map {
          Warning(code: "image.note", "\(picture.name): \($0)")
        }
      })
  }

  /// Every staged picture.
  var list: MediaResult { MediaResult(pictures.map(item)) }

  private func item(_ picture: StagedPicture) -> MediaItem {
    MediaItem(picture, format: details(of: picture)?.format)
  }
}

/// One staged picture.
struct MediaItem: Encodable, Sendable {
  let name: String
  let path: String
  let sha256: String
  let width: Int
  let height: Int
  let format: String?

  init(_ picture: StagedPicture, format: String?) {
    name = picture.name
    path = picture.path
    sha256 = picture.sha256
    width = picture.bitmap.width
    height = picture.bitmap.height
    self.format = format
  }
}

/// Staged pictures, the last of them shown.
struct MediaResult: CommandResult {
  private enum CodingKeys: CodingKey { case media }

  let media: [MediaItem]
  private let preview: StagedPicture?

  init(_ media: [MediaItem], preview: StagedPicture? = nil) {
    self.media = media
    self.preview = preview
  }

  var report: Report {
    guard !media.isEmpty else { return Report([.line("no picture is staged")]) }
    let lines = media.map { item in
      Report.Block.line(
        StyledText([
          (item.name, .label), ("  \(item.width) × \(item.height)", .number),
          (item.format.map { "  " + $0 } ?? "", .plain), ("  \(item.path)", .faint),
        ]))
    }
    return Report(
      lines + (preview.map { [.picture(PictureBlock($0.bitmap, caption: $0.name))] } ?? []))
  }
}

/// `:media`: what is staged.
struct MediaList: Command {
  static let signature = Signature("media", "list what is staged", examples: [":media"])

  init(_ arguments: Arguments) {}

  func perform(in session: isolated Session) async -> Outcome {
    Outcome(session.shelf.list)
  }
}

/// `:drop`: take pictures off the shelf.
struct Drop: Command {
  private static let name = Positional(
    ValueKind<String>.name("NAME", .mediaNames), "a staged picture, or `all`")

  static let signature = Signature(
    "drop", "take a picture, or `all`, off the shelf", [name.parameter],
    examples: [":drop cat", ":drop all"])

  let name: String

  init(_ arguments: Arguments) throws(CommandFailure) {
    name = try arguments.value(at: 0, of: Drop.name) ?? ""
  }

  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome {
    if name == "all" {
      let count = session.shelf.pictures.count
      session.shelf.removeAll()
      return Outcome(Done("dropped \(count)"))
    }
    let picture = try session.pictures(named: [name])[0]
    session.shelf.remove(picture.name)
    return Outcome(Done("dropped \(picture.name)"))
  }
}

extension Session {
  /// - Throws: ``CommandFailure`` when the user has interrupted.
  func checkInterrupt() throws(CommandFailure) {
    if runtime.cancellation.isCancelled {
      throw CommandFailure(code: CommandFailure.interrupted, "interrupted")
    }
  }

  /// Bytes that a picture file may have.
  private static let largestFile = 1 << 30

  /// Reads and decodes a picture file.
  func decode(_ path: String) throws(CommandFailure) -> (image: DecodedImage, sha256: String) {
    let bytes = try pictureBytes(path)
    return (try decode(bytes, path), hash(of: bytes))
  }

  /// The bytes of a picture file.
  func pictureBytes(_ path: String) throws(CommandFailure) -> [UInt8] {
    try InputFile.bytes(of: path, what: "", limit: Session.largestFile)
  }

  /// SHA-256 in hexadecimal, the key of a picture's encodings.
  func hash(of bytes: [UInt8]) -> String { ContentHash(of: bytes).hexadecimal }

  func decode(_ bytes: [UInt8], _ path: String) throws(CommandFailure) -> DecodedImage {
    do {
      return try ImageFile.decode(
        bytes: bytes, source: path, budget: DecodeBudget(pixels: settings.budget),
        unless: { [cancellation = runtime.cancellation] in cancellation.isCancelled })
    } catch {
      throw CommandFailure(error == .cancelled ? EngineError.cancelled : .media(error))
    }
  }
}
