import Foundation

extension PictureGathering {
  /// Reads a folder and those in it: pictures, and captions in `name.txt` or `name.ko.txt` beside
  /// them, one on each line. Links to folders are not followed, for they may lead round in circles.
  mutating func readFolder(_ path: String) throws(TrainingError) {
    var folders = [path]
    while let folder = folders.popLast() {
      try checkCancellation()
      let names: [String]
      do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
        skip(folder, "the folder cannot be read")
        continue
      }
      let visible = names.filter { !$0.hasPrefix(".") }.sorted {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
      let texts = CaptionFiles(visible.filter { FilePaths.pathExtension($0) == "txt" })
      for name in visible where FilePaths.isPicture(name) {
        try checkCancellation()
        addPicture(name, in: folder, texts: texts)
      }
      // Reversed, so that the last one taken from the list is the first by name.
      for name in visible.reversed() where !FilePaths.isPicture(name) {
        let inner = FilePaths.joined(folder, name)
        if Self.isFolder(inner) { folders.append(inner) }
      }
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    return type == .typeDirectory
  }

  private mutating func addPicture(_ name: String, in folder: String, texts: CaptionFiles) {
    let path = FilePaths.joined(folder, name)
    let files = texts.of(FilePaths.stem(name))
    guard !files.isEmpty else {
      return skip(path, "there is no \(FilePaths.stem(name)).txt with captions beside it")
    }
    var captions: [CaptionedPictures.Caption] = []
    for file in files {
      let textPath = FilePaths.joined(folder, file.name)
      do throws(Unusable) {
        let bytes = try BoundedFile.bytes(of: textPath, limit: CaptionLines.maximumBytes)
        captions += captionLines(bytes, language: file.language, place: textPath)
      } catch {
        skip(textPath, error.problem)
      }
    }
    add(.file(path), captions: captions, group: nil, place: path)
  }

  /// A caption on each line of a text; lines that are not UTF-8 are written down.
  mutating func captionLines(
    _ bytes: [UInt8], language: String, place: String
  ) -> [CaptionedPictures.Caption] {
    var captions: [CaptionedPictures.Caption] = []
    let lines = CaptionLines(bytes)
    for (number, line) in lines.lines.enumerated() {
      do throws(Unusable) {
        captions.append(.init(try line.text(), language: language))
      } catch {
        skip("\(place), line \(number + 1)", error.problem)
      }
    }
    return captions
  }
}

/// A text file with captions.
struct CaptionLines {
  let lines: [ArraySlice<UInt8>]

  static let maximumBytes = 1 << 20

  init(_ bytes: [UInt8]) {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
  }

  /// Whether a part of a file's name is a language: `ko`, `pt-BR`, `zh_Hant`.
  static func isLanguage(_ part: some StringProtocol) -> Bool {
    let letters = part.prefix { $0.isASCII && $0.isLetter }
    guard (2...3).contains(letters.count) else { return false }
    let region = part.dropFirst(letters.count)
    guard let separator = region.first else { return true }
    return (separator == "-" || separator == "_") && (3...9).contains(region.count)
      && region.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
  }
}

/// The `.txt` files of one folder, by the picture that they are about.
struct CaptionFiles {
  private var files: [[UInt8]: [(name: String, language: String)]] = [:]

  /// - Parameter names: of files, in order.
  init(_ names: [String]) {
    for name in names {
      let stem = FilePaths.stem(name)
      files[Array(stem.utf8), default: []].append((name, ""))
      let language = FilePaths.pathExtension(stem)
      if CaptionLines.isLanguage(language) {
        files[Array(FilePaths.stem(stem).utf8), default: []].append((name, language))
      }
    }
  }

  func of(_ stem: String) -> [(name: String, language: String)] { files[Array(stem.utf8)] ?? [] }
}
