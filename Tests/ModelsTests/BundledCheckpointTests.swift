import Checkpoints
import Foundation
import Media
import Models
import Tensors
import TestSupport
import Testing

/// The bundled checkpoint from files to probabilities, against the reference's whole pipeline.
@Suite struct BundledCheckpointTests {
  private static let repository = Fixture.root.deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let checkpoint = "Sources/gaze/Resources/checkpoints/emoji-clip"

  private struct Setup {
    let fixture: Fixture
    let expected: [String: ExpectedTensor]
    let bundle: ModelBundle
    let context: ExecutionContext

    init(isa: String) throws {
      fixture = try Fixture("emoji-clip-drawings")
      expected = try fixture.expected()
      let folder = BundledCheckpointTests.repository.appending(
        path: BundledCheckpointTests.checkpoint)
      bundle = try ModelRegistry.load(CheckpointLocator(environment: [:]).locate(folder.path))
      context = ExecutionContext(
        kernels: try #require(KernelTable.named(isa)), pool: ThreadPool(threadCount: 2),
        precision: .f32)
    }

    func floats(_ key: String) throws -> [Float] { try #require(expected[key], "\(key)").floats }

    /// The drawings of the first case, decoded and prepared.
    func pictures() throws -> [ProcessedImage] {
      let files = try fixture.manifest.required("cases").elements()[0].required("arguments")
        .required("drawings").elements().map { try $0.asString() }
      return try files.map { file in
        let url = BundledCheckpointTests.repository.appending(path: "examples/pictures/\(file)")
        let image = try ImageFile.decode(bytes: [UInt8](Data(contentsOf: url)), source: file)
        return try bundle.imageProcessor.process(image.bitmap)
      }
    }
  }

  @Test func drawingsBecomeTheReferencesPixels() throws {
    let setup = try Setup(isa: "portable")
    let hashes = try setup.fixture.manifest.required("cases").elements()[0]
      .required("pixel_values_sha256").elements().map { try $0.asString() }
    let pictures = try setup.pictures()
    let found = pictures.map { $0.pixels.withUnsafeBytes { ContentHash(of: $0).hexadecimal } }
    #expect(found == hashes)
    expectAgreement(
      pictures[0].pixels, try setup.floats("pictures/pixel_values"), tolerance: 0, "pixel_values")
  }

  @Test(arguments: isas)
  func labelsRankAsInTheReference(_ isa: String) throws {
    let setup = try Setup(isa: isa)
    let (model, context) = (setup.bundle.model, setup.context)
    let images = try model.embed(pictures: try setup.pictures(), in: context)
    expectAgreement(images.array, try setup.floats("pictures/image_embeds"), "image_embeds")
    let cases = try setup.fixture.manifest.required("cases").elements().dropFirst()
    #expect(cases.count == 4)
    for entry in cases {
      let name = try entry.required("name").asString()
      let texts = try entry.required("arguments").required("texts").elements()
      var rows: [Tensor] = []
      for (index, text) in texts.enumerated() {
        let ids = try setup.bundle.tokenizer.encode(try text.asString()).map { Int($0) }
        #expect(ids == setup.expected["\(name)/input_ids/\(index)"]?.integers)
        rows.append(try model.embed(texts: [model.inputIDs(from: ids)], in: context))
      }
      let embedded = try context.concatenated(rows, axis: 0)
      expectAgreement(embedded.array, try setup.floats("\(name)/text_embeds"), "text_embeds")
      let logits = try context.linear(images, weight: embedded).array.map(model.similarity.logit)
      let expected = try setup.floats("\(name)/logits_per_image")
      expectAgreement(logits, expected, "\(name)/logits_per_image")
      for (a, e) in zip(logits, expected) { #expect(abs(a - e) < 1e-3) }
      let probabilities = stride(from: 0, to: logits.count, by: texts.count).flatMap {
        model.similarity.probabilities(Array(logits[$0..<$0 + texts.count]))
      }
      expectAgreement(
        probabilities, try setup.floats("\(name)/probabilities"), "\(name)/probabilities")
    }
  }
}
