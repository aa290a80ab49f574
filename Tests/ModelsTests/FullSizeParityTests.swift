import Checkpoints
import Foundation
import Models
import Tensors
import TestSupport
import Testing

/// A model of the size that people use, where rounding has twelve layers and 768 channels to
/// gather in: ViT-B/32 with random weights, made by transformers for this run alone.
///
/// Needs a Python with torch and transformers: the one that `GAZE_PYTHON` names, or `python3`.
/// Skipped without.
@Suite struct FullSizeParityTests {
  private static let python = ProcessInfo.processInfo.environment["GAZE_PYTHON"] ?? "python3"

  private static let hasReference = (try? run(["-c", "import torch, transformers"])) == 0

  /// The exit code of the Python, its output unseen.
  private static func run(_ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test(.enabled(if: hasReference)) func everythingEqualsTheReference() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "gaze-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let script = Fixture.root.deletingLastPathComponent()
      .appending(path: "Reference/make_full_size.py")
    try #require(try Self.run([script.path, root.path]) == 0, "the reference could not be made")
    let fixture = try Fixture(folder: root.appending(path: "clip-full-size"))
    let bundle = try ModelRegistry.load(
      CheckpointLocator(environment: [:]).locate(fixture.folder.path))
    for isa in isas {
      let f = try ModelCase<CLIP>(fixture, isa: isa, bundle: bundle)
      let pixels = try f.tensor("base/input/pixel_values")
      let (states, taps) = try f.traced { try f.model.vision.encode(pixels, in: f.context) }
      try f.expectTraces(taps, "vision", case: "base")
      try f.expect(f.model.vision.pool(states, in: f.context), "base/vision/pooled")
      let texts = try f.rows("base/input/input_ids")
      let (textStates, textTaps) = try f.traced { try f.model.text.encode(texts, in: f.context) }
      try f.expectTraces(textTaps, "text", case: "base")
      try f.expect(
        f.model.text.pool(textStates, texts: texts, in: f.context), "base/text/pooled")
      try f.expectRanking(
        f.model, images: try f.model.embed(pixels: pixels, in: f.context),
        texts: try f.embedded(texts, by: f.model), case: "base")
    }
  }
}
