import Checkpoints
import Foundation
import JSONDocuments
import Models
import Tensors

/// A checkpoint on its way to the disk: the folder that transformers calls a `CLIPModel`, with its
/// tokenizer, its image processor and a model card.
///
///     try folder.write(parameters, card: card, to: "runs/emoji-clip")
package struct CLIPFolder: Sendable {
  package var configuration: CLIPConfiguration
  package var tokenizer: TokenizerText
  /// Of every tensor but the temperature and the bias, which stay f32.
  package var dtype: ElementType
  /// What the temperature began with; kept as a remark.
  package var temperature: Double
  /// What pixels are normalised by, per channel.
  package var mean: SIMD3<Float>
  package var deviation: SIMD3<Float>

  /// A `tokenizer.json` and the names of the tokens that begin and end a text in it.
  package struct TokenizerText: Sendable {
    package var json: [UInt8]
    package var start: Token
    package var end: Token

    package struct Token: Sendable, Equatable {
      package var text: String
      package var id: Int

      package init(_ text: String, id: Int) {
        self.text = text
        self.id = id
      }
    }

    package init(json: [UInt8], start: Token, end: Token) {
      self.json = json
      self.start = start
      self.end = end
    }
  }

  package init(
    configuration: CLIPConfiguration, tokenizer: TokenizerText, dtype: ElementType,
    temperature: Double, mean: SIMD3<Float>, deviation: SIMD3<Float>
  ) {
    self.configuration = configuration
    self.tokenizer = tokenizer
    self.dtype = dtype
    self.temperature = temperature
    self.mean = mean
    self.deviation = deviation
  }

  /// Writes every file of the checkpoint, each in one go; the last that loading needs is
  /// `config.json`, so that a folder that has one is whole.
  ///
  /// - Parameter parameters: f32 tensors under the names of transformers.
  /// - Throws: ``TrainingError``; files that were there and are not yet replaced stay.
  package func write(
    _ parameters: [(name: String, tensor: Tensor)], card: ModelCard, to folder: String
  ) throws(TrainingError) {
    let config = try configJSON(folder).text(indentation: 2) + "\n"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .file(
        path: folder, problem: "the folder cannot be made: \(error.localizedDescription)",
        remedy: "name another place under output.folder")
    }
    func path(_ name: String) -> String { "\(folder)/\(name)" }
    let tensors = parameters.map { name, tensor in
      StoredTensor(name, tensor, as: CLIPFolder.scalars.contains(name) ? .f32 : dtype)
    }
    do throws(CheckpointError) {
      try SafeTensorsWriter.write(
        tensors, metadata: ["format": "pt"], to: path("model.safetensors"))
      try AtomicFile.replace(path("tokenizer.json"), with: tokenizer.json)
      try AtomicFile.replace(
        path("tokenizer_config.json"), with: tokenizerConfigJSON.text(indentation: 2) + "\n")
      try AtomicFile.replace(
        path("preprocessor_config.json"), with: preprocessorJSON.text(indentation: 2) + "\n")
      try AtomicFile.replace(path("config.json"), with: config)
      try AtomicFile.replace(path("README.md"), with: card.text)
    } catch {
      throw .checkpoint(error)
    }
  }

  /// Whether its files have words for this configuration: to be asked before weeks of training.
  package func check(_ folder: String) throws(TrainingError) { _ = try configJSON(folder) }

  /// Their rounding would be that of every logit.
  private static let scalars: Set<String> = ["logit_scale", "logit_bias"]
}

// MARK: What the files say

extension CLIPFolder {
  /// `config.json` with every key that transformers writes; and, which it carries along unread, the
  /// mark of a sigmoid's bias.
  private func configJSON(_ folder: String) throws(TrainingError) -> JSONValue {
    var members: [(key: String, value: JSONValue)] = [
      ("architectures", ["CLIPModel"]), ("dtype", .string(try torchName(folder))),
      ("initializer_factor", 1.0),
    ]
    if configuration.hasLogitBias { members.append(("logit_bias_init_value", -10.0)) }
    members += [
      ("logit_scale_init_value", .number(-log(temperature))), ("model_type", "clip"),
      ("projection_dim", .integer(configuration.embeddingWidth)),
      ("text_config", .object(try textJSON(folder))), ("vision_config", .object(visionJSON)),
    ]
    return .object(members)
  }

  private func torchName(_ folder: String) throws(TrainingError) -> String {
    switch dtype {
    case .f32: return "float32"
    case .bf16: return "bfloat16"
    case .f16: return "float16"
    default:
      throw .file(
        path: folder, problem: "weights are not written as \(dtype.rawValue)",
        remedy: "write f32, bf16 or f16 under output.dtype")
    }
  }

  private func textJSON(
    _ folder: String
  ) throws(TrainingError) -> [(key: String, value: JSONValue)] {
    let text = configuration.text
    // The reference takes an end of text with id 2 for the mark of files in which the greatest id
    // ends a text.
    guard text.pooling == .firstID(tokenizer.end.id), tokenizer.end.id != 2 else {
      throw .file(
        path: folder,
        problem: "config.json has no words for a model that reads texts at \(text.pooling), where "
          + "the end of text has id \(tokenizer.end.id)",
        remedy: "name another tokenizer")
    }
    return towerJSON(
      text.transformer, type: "clip_text_model",
      [
        ("bos_token_id", .integer(tokenizer.start.id)),
        ("eos_token_id", .integer(tokenizer.end.id)),
        ("max_position_embeddings", .integer(text.positions)),
        ("pad_token_id", .integer(text.padding.id)), ("vocab_size", .integer(text.vocabulary)),
      ])
  }

  private var visionJSON: [(key: String, value: JSONValue)] {
    towerJSON(
      configuration.vision.transformer, type: "clip_vision_model",
      [
        ("image_size", .integer(configuration.vision.imageSize)), ("num_channels", 3),
        ("patch_size", .integer(configuration.vision.patchSize)),
      ])
  }

  /// What both towers say, with what one of them says besides, sorted as transformers sorts it.
  private func towerJSON(
    _ transformer: TransformerConfiguration, type: String, _ more: [(key: String, value: JSONValue)]
  ) -> [(key: String, value: JSONValue)] {
    let shared: [(key: String, value: JSONValue)] = [
      ("attention_dropout", 0.0), ("hidden_act", .string(transformer.activation.rawValue)),
      ("hidden_size", .integer(transformer.width)), ("initializer_factor", 1.0),
      ("initializer_range", 0.02), ("intermediate_size", .integer(transformer.feedForwardWidth)),
      ("layer_norm_eps", .number(transformer.epsilon)), ("model_type", .string(type)),
      ("num_attention_heads", .integer(transformer.heads)),
      ("num_hidden_layers", .integer(transformer.layers)),
      ("projection_dim", .integer(configuration.embeddingWidth)),
    ]
    return (shared + more).sorted { $0.key < $1.key }
  }

  private var tokenizerConfigJSON: JSONValue {
    let end = JSONValue.string(tokenizer.end.text)
    return [
      "bos_token": .string(tokenizer.start.text), "eos_token": end,
      "model_max_length": .integer(configuration.text.positions), "pad_token": end,
      "padding_side": "right", "tokenizer_class": .string(tokenizer.className), "unk_token": end,
    ]
  }

  /// The reference's preparation of pictures for squares of this side.
  private var preprocessorJSON: JSONValue {
    let side = JSONValue.integer(configuration.vision.imageSize)
    return [
      "crop_size": ["height": side, "width": side], "do_center_crop": true,
      "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true,
      "image_mean": .channels(mean), "image_processor_type": "CLIPImageProcessor",
      "image_std": .channels(deviation), "resample": 3, "rescale_factor": .number(1 / 255),
      "size": ["shortest_edge": side],
    ]
  }
}

extension CLIPFolder.TokenizerText {
  /// What transformers loads the file as. Its class for CLIP puts CLIP's own steps in the place of
  /// the file's, which are the same only where words end as CLIP's do.
  fileprivate var className: String {
    let root = try? JSONDocument(bytes: json, source: "tokenizer.json").root
    let suffix = try? root?.member("model")?.member("end_of_word_suffix")?.asString()
    return suffix == "</w>" ? "CLIPTokenizer" : "PreTrainedTokenizerFast"
  }
}

extension JSONValue {
  /// Three numbers with as few digits as tell them from other f32 numbers.
  fileprivate static func channels(_ values: SIMD3<Float>) -> JSONValue {
    .array((0..<3).map { .number(Double("\(values[$0])") ?? Double(values[$0])) })
  }
}
