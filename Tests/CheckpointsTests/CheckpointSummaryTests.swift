import Foundation
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct CheckpointSummaryTests {
  @Test func addsUpAFolder() throws {
    let folder = try CheckpointLocator(environment: [:])
      .locate(Fixture.root.appending(path: "clip-torch").path)
    let summary = try CheckpointSummary(folder)
    #expect(summary.rows.count == 80)
    #expect(summary.configurations.map(\.file) == ["config.json"])
    #expect(summary.configurations[0].text.contains("\"model_type\": \"clip\""))
    #expect(summary.totals.map(\.tensors).reduce(0, +) == 80)
    #expect(Set(summary.totals.map(\.elementType)) == [.f16, .f32, .i64])
    #expect(summary.totals.map(\.byteCount) == summary.totals.map(\.byteCount).sorted(by: >))
    #expect(summary.byteCount == summary.rows.reduce(0) { $0 + $1.byteCount })
    let row = try #require(summary.rows.first { $0.name == "visual_projection.weight" })
    #expect(row.byteCount == row.shape.elementCount * 2 && row.file == "pytorch_model.bin")
    #expect(summary.files.map(\.format) == [.torchArchive])
  }

  @Test func printsNamesSafely() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let store = try WeightStore(
      file: folder.write(safeTensors([("한\\u001b[31m\\u202e", [1], [0])]), to: "m.safetensors"))
    let row = CheckpointSummary(store).rows[0]
    #expect(row.name == "한\u{1B}[31m\u{202E}")
    #expect(row.name.escapedText == #"한\u{1b}[31m\u{202e}"#)
  }
}
