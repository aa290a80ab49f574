import Foundation
import JSONDocuments
import TestSupport
import Testing

@testable import Checkpoints
@testable import Models
@testable import Tensors
@testable import Training

@Suite struct CLIPFolderTests {
  private func bundle(_ place: TemporaryPlace, _ name: String) throws -> ModelBundle {
    try ModelRegistry.load(CheckpointLocator(environment: [:]).locate(place.path(name)))
  }

  @Test(arguments: [ElementType.f32, .bf16, .f16])
  func isLoadedAsWhatItWasWrittenFrom(_ dtype: ElementType) throws {
    let sample = try CLIPSample(activation: dtype == .f16 ? .gelu : .quickGELU)
    #expect(sample.parameters.count == 94)
    let place = try TemporaryPlace()
    try sample.folder(dtype).write(sample.parameters, card: ModelCard(name: "x"), to: place.path("a/b"))
    let bundle = try bundle(place, "a/b")
    let model = try #require(bundle.model as? CLIP)
    #expect(model.configuration == sample.configuration)
    for (name, tensor) in sample.parameters {
      let stored = try bundle.store.tensor(name)
      let isScalar = name == "logit_scale"
      #expect(stored.elementType == (isScalar ? .f32 : dtype), "\(name)")
      let precision: Float = dtype == .f32 || isScalar ? 0 : dtype == .f16 ? 0x1p-11 : 0x1p-8
      let least: Float = dtype == .f16 ? 0x1p-25 : 0
      let wrong = zip(tensor.array, try stored.exact().array)
        .first { ($0 - $1).magnitude > precision * $0.magnitude + least }
      #expect(wrong == nil, "\(name): \(wrong as Any)")
    }
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1), precision: .f32)
    let texts = try bundle.tokenizer.encode("a red apple").map { Int($0) }
    let expected = try sample.model().embed(texts: [texts], in: context).array
    let found = try model.embed(texts: [texts], in: context).array
    if dtype == .f32 { #expect(found == expected) }
    let cosine = zip(found, expected).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(cosine > 0.99)
    let scale = exp(try sample.parameters.scalar("logit_scale"))
    #expect(model.similarity == .softmax(scale: scale))
  }

  @Test func aBiasIsFoundAgain() throws {
    let sample = try CLIPSample(hasLogitBias: true)
    let place = try TemporaryPlace()
    try sample.folder(.bf16).write(sample.parameters, card: ModelCard(name: "x"), to: place.path("s"))
    let model = try #require(try bundle(place, "s").model as? CLIP)
    let scale = exp(try sample.parameters.scalar("logit_scale"))
    let bias = try sample.parameters.scalar("logit_bias")
    #expect(model.similarity == .sigmoid(scale: scale, bias: bias))
  }

  /// Held to what transformers 5.23 writes for a model of these sizes, but for its version, the
  /// digits of the temperature, and those of other numbers that f32 does not hold.
  @Test func configurationsAreThoseOfTheReference() throws {
    let place = try TemporaryPlace()
    let sample = try CLIPSample()
    try sample.folder(.bf16).write(sample.parameters, card: ModelCard(name: "x"), to: place.path("c"))
    #expect(
      try place.text("c/config.json") == """
        {
          "architectures": [
            "CLIPModel"
          ],
          "dtype": "bfloat16",
          "initializer_factor": 1.0,
          "logit_scale_init_value": 2.659260036932778,
          "model_type": "clip",
          "projection_dim": 24,
          "text_config": {
            "attention_dropout": 0.0,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "hidden_act": "quick_gelu",
            "hidden_size": 32,
            "initializer_factor": 1.0,
            "initializer_range": 0.02,
            "intermediate_size": 64,
            "layer_norm_eps": 1e-05,
            "max_position_embeddings": 20,
            "model_type": "clip_text_model",
            "num_attention_heads": 2,
            "num_hidden_layers": 2,
            "pad_token_id": 1,
            "projection_dim": 24,
            "vocab_size": 5000
          },
          "vision_config": {
            "attention_dropout": 0.0,
            "hidden_act": "quick_gelu",
            "hidden_size": 48,
            "image_size": 64,
            "initializer_factor": 1.0,
            "initializer_range": 0.02,
            "intermediate_size": 96,
            "layer_norm_eps": 1e-05,
            "model_type": "clip_vision_model",
            "num_attention_heads": 2,
            "num_channels": 3,
            "num_hidden_layers": 3,
            "patch_size": 16,
            "projection_dim": 24
          }
        }

        """)
    let preprocessor = try place.text("c/preprocessor_config.json")
    #expect(
      preprocessor == """
        {
          "crop_size": {
            "height": 64,
            "width": 64
          },
          "do_center_crop": true,
          "do_convert_rgb": true,
          "do_normalize": true,
          "do_rescale": true,
          "do_resize": true,
          "image_mean": [
            0.48145467,
            0.4578275,
            0.40821072
          ],
          "image_processor_type": "CLIPImageProcessor",
          "image_std": [
            0.26862955,
            0.2613026,
            0.2757771
          ],
          "resample": 3,
          "rescale_factor": 0.00392156862745098,
          "size": {
            "shortest_edge": 64
          }
        }

        """)
    #expect(try place.text("c/tokenizer_config.json").contains(#""tokenizer_class": "CLIPTokenizer""#))
    #expect(Array(try place.text("c/tokenizer.json").utf8) == sample.tokenizer.json)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: place.path("c")).sorted() == [
        "README.md", "config.json", "model.safetensors", "preprocessor_config.json",
        "tokenizer.json", "tokenizer_config.json",
      ])
  }

  @Test func otherTokenizersAreLoadedAsTheyAre() throws {
    let place = try TemporaryPlace()
    var folder = try CLIPSample().folder(.f32)
    folder.tokenizer.json = Array(tinyTokenizer(count: 9).utf8)
    try folder.write([], card: ModelCard(name: "x"), to: place.path("t"))
    #expect(
      try place.text("t/tokenizer_config.json").contains(#"class": "PreTrainedTokenizerFast""#))
  }

  @Test func refusesWhatTheFormatCannotSay() throws {
    let place = try TemporaryPlace()
    let sample = try CLIPSample()
    func complaint(_ folder: CLIPFolder, _ name: String = "r") -> String {
      do {
        try folder.write(sample.parameters, card: ModelCard(name: "x"), to: place.path(name))
        return "it was written"
      } catch {
        return "\(error)".replacing(place.url.path, with: "PLACE")
      }
    }
    var folder = sample.folder(.i8)
    #expect(complaint(folder) == "PLACE/r: weights are not written as i8")
    folder = try CLIPSample(end: 2).folder(.f32)
    #expect(complaint(folder).contains("where the end of text has id 2"))
    folder.configuration.text.pooling = .last
    #expect(complaint(folder).contains("a model that reads texts at last"))
    #expect(!FileManager.default.fileExists(atPath: place.path("r")))
    try Data("x".utf8).write(to: place.url.appending(path: "file"))
    #expect(complaint(sample.folder(.f32), "file").contains("PLACE/file: the folder cannot be made"))
    try FileManager.default.createDirectory(
      atPath: place.path("r/config.json/x"), withIntermediateDirectories: true)
    #expect(
      complaint(sample.folder(.f32))
        == "PLACE/r/config.json: cannot replace it: Is a directory; a folder has this name; name "
        + "another file")
  }
}

extension [(name: String, tensor: Tensor)] {
  func scalar(_ name: String) throws -> Float {
    try #require(first { $0.name == name }).tensor.array[0]
  }
}
