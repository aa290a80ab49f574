import Foundation
import Media

@testable import Training

/// A folder of pictures and tables that lasts as long as this object.
final class DataFolder {
  let path: String

  init(in folder: URL = FileManager.default.temporaryDirectory) throws {
    let url = folder.appending(path: "gaze-data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let target = URL(filePath: path).appending(path: name)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: target)
    return target.path
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Pictures of one colour each, which is told by the place in the list.
  func writePictures(_ names: [String], side: Int = 4) throws {
    for (index, name) in names.enumerated() {
      try write(PNGWriter.encode(.plain(UInt8(index), side: side)), to: name)
    }
  }

  func read(
    _ sources: String..., repeats: Int = 1, drawing choice: CaptionChoice? = nil
  ) throws -> CaptionedPictures {
    try CaptionedPictures(
      sources: sources.map { .init(path: $0, repeats: repeats) }, relativeTo: path, drawing: choice)
  }
}

extension Bitmap {
  static func plain(_ value: UInt8, side: Int) throws -> Bitmap {
    try Bitmap(
      width: side, height: side, channels: 3, pixels: Array(repeating: value, count: side * side * 3))
  }

  /// A picture whose samples a function gives.
  static func made(
    width: Int, height: Int, channels: Int = 3, _ sample: (_ x: Int, _ y: Int, _ channel: Int) -> Int
  ) throws -> Bitmap {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width { for c in 0..<channels { pixels.append(UInt8(clamping: sample(x, y, c))) } }
    }
    return try Bitmap(width: width, height: height, channels: channels, pixels: pixels)
  }
}

extension CaptionedPictures {
  /// File names and captions, `en:a cat`, for comparisons.
  var listing: [String] {
    pictures.map { picture in
      let captions = picture.captions.map { $0.language.isEmpty ? $0.text : "\($0.language):\($0.text)" }
      let name =
        switch picture.location {
        case .file(let path): FilePaths.name(of: path)
        case .member(_, _, let name): name
        }
      return name + " = " + captions.joined(separator: " | ")
    }
  }

  /// What was skipped, without the folders.
  var problems: [String] { skipped.map { "\(FilePaths.name(of: $0.path)): \($0.problem)" } }
}

/// The message and remedy of a refusal.
func refusal(_ body: () throws -> Void) -> (problem: String, remedy: String?)? {
  do { try body() } catch let error as TrainingError {
    return ("\(error)", error.remedy)
  } catch {}
  return nil
}
