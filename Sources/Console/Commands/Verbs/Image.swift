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
    var staged: [(StagedPicture, DecodedImage)] = []
    var shelf = session.shelf
    for path in paths {
      let decoded = try session.decode(path)
      let stem = URL(filePath: path).deletingPathExtension().lastPathComponent
      let picture = StagedPicture(
        name: shelf.freeName(for: name ?? stem), path: path, sha256: decoded.sha256,
        bitmap: decoded.image.bitmap)
      shelf.add(picture)
      staged.append((picture, decoded.image))
    }
    session.shelf = shelf
    return Outcome(
      MediaResult(staged.map { MediaItem($0.0, format: $0.1.format.name) }, preview: staged.last?.0),
      warnings: staged.flatMap { picture, image in
        image.notes.map { Warning(code: "image.note", "\(picture.name): \($0)") }
      })
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

  init(_ picture: StagedPicture, format: String? = nil) {
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
    Outcome(MediaResult(session.shelf.pictures.map { MediaItem($0) }))
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
  /// Bytes that a picture file may have.
  private static let largestFile = 1 << 30

  /// Reads and decodes a picture file.
  func decode(_ path: String) throws(CommandFailure) -> (image: DecodedImage, sha256: String) {
    let data: Data
    do {
      let values = try URL(filePath: path).resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
      guard values.isRegularFile == true else {
        throw CommandFailure(code: "file.kind", "\(path) is not a file", remedy: nil)
      }
      guard values.fileSize ?? 0 <= Session.largestFile else {
        throw CommandFailure(
          code: "file.size", "\(path) is larger than \(Format.bytes(Session.largestFile))",
          remedy: nil)
      }
      data = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(
        code: "file.missing", "\(path) cannot be read",
        remedy: FileManager.default.fileExists(atPath: path)
          ? "check its permissions" : "there is no such file; paths are relative to the folder gaze was started in")
    }
    do {
      let bytes = [UInt8](data)
      let image = try ImageFile.decode(
        bytes: bytes, source: path, budget: DecodeBudget(pixels: settings.budget))
      return (image, ContentHash(of: bytes).hexadecimal)
    } catch {
      throw CommandFailure(EngineError.media(error))
    }
  }
}
