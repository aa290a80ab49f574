import Checkpoints
import Foundation
import Media
import Models
import Tensors
import Testing

@testable import Engine

/// What the authors of checkpoints publish of them: the tests of transformers, and the README of
/// OpenAI's CLIP.
///
/// Each test needs its checkpoint in the Hugging Face cache, or in OpenAI's own (`~/.cache/clip`),
/// and its picture in the folder that `GAZE_REFERENCE_PICTURES` names; it is skipped without.
@Suite struct PublishedNumbersTests {
  /// COCO's picture of two cats on a sofa, beside remote controls.
  private static let cats = "000000039769.jpg"
  /// The diagram in the repository of OpenAI's CLIP.
  private static let diagram = "CLIP.png"
  private static let openAI = "~/.cache/clip/ViT-B-32.pt"

  /// `tests/models/clip/test_modeling_clip.py`
  @Test(.enabled(if: areThere("openai/clip-vit-base-patch32", cats)))
  func logitsOfCLIP() async throws {
    let cats = try await rank(
      "openai/clip-vit-base-patch32", Self.cats, ["a photo of a cat", "a photo of a dog"])
    try expect(cats.map(\.logit), [24.5701, 19.3049], within: 1e-3)
  }

  /// `tests/pipelines/test_pipelines_zero_shot_image_classification.py`
  @Test(.enabled(if: areThere("openai/clip-vit-base-patch32", cats)))
  func zeroShotClassificationWithCLIP() async throws {
    let cats = try await rank(
      "openai/clip-vit-base-patch32", Self.cats, ["remote", "cat", "plane"],
      template: "This is a photo of {}.")
    try expect(cats.map(\.probability), [0.511, 0.485, 0.004], within: 6e-4)
  }

  /// The README of OpenAI's CLIP.
  @Test(.enabled(if: areThere(openAI, diagram) && areThere("openai/clip-vit-base-patch32", nil)))
  func probabilitiesOfOpenAIsFile() async throws {
    let diagram = try await rank(Self.openAI, Self.diagram, ["a diagram", "a dog", "a cat"])
    try expect(diagram.map(\.probability), [0.9927937, 0.00421068, 0.00299572], within: 2e-4)
  }

  /// `tests/models/siglip/test_modeling_siglip.py`
  @Test(.enabled(if: areThere("google/siglip-base-patch16-224", cats)))
  func logitsOfSigLIP() async throws {
    let cats = try await rank(
      "google/siglip-base-patch16-224", Self.cats, ["a photo of 2 cats", "a photo of 2 dogs"])
    try expect(cats.map(\.logit), [-0.7567, -10.3354], within: 1e-3)
  }

  /// `tests/pipelines/test_pipelines_zero_shot_image_classification.py`
  @Test(.enabled(if: areThere("google/siglip-base-patch16-224", cats)))
  func zeroShotClassificationWithSigLIP() async throws {
    let cats = try await rank(
      "google/siglip-base-patch16-224", Self.cats, ["2 cats", "a remote", "a plane"],
      template: "This is a photo of {}.")
    try expect(cats.map(\.probability), [0.198, 0, 0], within: 6e-4)
  }

  // MARK: How

  private static func picture(_ name: String) -> URL? {
    ProcessInfo.processInfo.environment["GAZE_REFERENCE_PICTURES"].map {
      URL(filePath: $0).appending(path: name)
    }
  }

  private static func areThere(_ checkpoint: String, _ picture: String?) -> Bool {
    if let picture {
      guard let url = self.picture(picture), FileManager.default.fileExists(atPath: url.path)
      else { return false }
    }
    return (try? CheckpointLocator().locate(checkpoint)) != nil
  }

  /// One picture's labels, in the order in which they were given.
  private func rank(
    _ checkpoint: String, _ picture: String, _ labels: [String], template: String = "{}"
  ) async throws -> [RankedLabel] {
    let url = try #require(Self.picture(picture))
    let image = try ImageFile.decode(bytes: [UInt8](Data(contentsOf: url)), source: picture)
    let staged = StagedPicture(
      name: picture, path: url.path, sha256: picture, bitmap: image.bitmap)
    let model = try await ModelLoader(runtime: EngineRuntime(), locator: CheckpointLocator())
      .load(checkpoint)
    let ranking = try await model.rank(
      RankRequest(pictures: [staged], labels: labels, templates: [template]), precision: .f32)
    let items = try #require(ranking.pictures.first).items
    return try labels.map { label in try #require(items.first { $0.label == label }) }
  }

  private func expect(_ actual: [Float], _ published: [Float], within tolerance: Float) throws {
    for (a, p) in zip(actual, published) { #expect(abs(a - p) < tolerance, "\(actual)") }
  }
}
