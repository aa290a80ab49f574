import Checkpoints
import Foundation
import Models
import TestSupport
import Testing

/// A checkpoint's folder, put together from a fixture's files and others; it lasts as long as this
/// object.
final class AssembledCheckpoint {
  let url: URL

  /// - Parameters:
  ///   - files: contents of further files, which replace those of the fixture.
  ///   - absent: files of the fixture that are not taken over.
  init(
    _ fixture: String, adding files: [String: String] = [:], without absent: Set<String> = []
  ) throws {
    url = FileManager.default.temporaryDirectory.appending(path: "gaze-models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let source = Fixture.root.appending(path: fixture)
    let evidence: Set<String> = ["case.json", "expected.safetensors"]
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path)
    where !evidence.contains(name) && !absent.contains(name) && files[name] == nil {
      try FileManager.default.createSymbolicLink(
        at: url.appending(path: name), withDestinationURL: source.appending(path: name))
    }
    for (name, text) in files { try Data(text.utf8).write(to: url.appending(path: name)) }
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The folder as a user would name it, or one file in it.
  func folder(naming file: String? = nil) throws -> CheckpointFolder {
    try CheckpointLocator(environment: [:]).locate(
      file.map { url.appending(path: $0).path } ?? url.path)
  }

  /// Loads it as the product does, without a cache unless the options bring one.
  func load(
    naming file: String? = nil,
    _ options: LoadOptions = LoadOptions(locator: CheckpointLocator(environment: [:]))
  ) throws -> ModelBundle {
    // The folder's files must outlive the loading.
    try withExtendedLifetime(self) { try ModelRegistry.load(folder(naming: file), options) }
  }

  /// Writes a fixture's safetensors file with an edited header: tensors under other names.
  func write(
    header edit: (String) -> String, of file: String, in fixture: String
  ) throws {
    let bytes = [UInt8](try Data(contentsOf: Fixture.root.appending(path: "\(fixture)/\(file)")))
    let length = bytes[..<8].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let old = String(decoding: bytes[8..<8 + length], as: UTF8.self)
    var header = Array(edit(old).utf8)
    #expect(header != Array(old.utf8), "the edit changes nothing")
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try Data(prefix + header + bytes[(8 + length)...]).write(to: url.appending(path: file))
  }

  /// The text of one of the fixture's own JSON files, edited.
  static func text(
    of file: String, in fixture: String, replacing edits: [String: String] = [:]
  ) throws -> String {
    var text = try String(
      contentsOf: Fixture.root.appending(path: "\(fixture)/\(file)"), encoding: .utf8)
    for (old, new) in edits {
      try #require(text.contains(old), "\(file) of \(fixture) has no \(old)")
      text = text.replacingOccurrences(of: old, with: new)
    }
    return text
  }
}
