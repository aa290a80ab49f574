import Media
import Models
import TestSupport
import Testing

/// What is not computed, or does not belong together, is an error that names it.
@Suite struct RejectionTests {
  private func failure(_ checkpoint: AssembledCheckpoint) throws -> String {
    let error = #expect(throws: ModelError.self) { try checkpoint.load() }
    return try #require(error).description
  }

  private func edited(
    _ fixture: String, _ file: String, _ edits: [String: String], tokenizer: Int? = nil
  ) throws -> AssembledCheckpoint {
    var files = [file: try AssembledCheckpoint.text(of: file, in: fixture, replacing: edits)]
    if let tokenizer { files["tokenizer.json"] = tinyTokenizer(count: tokenizer, padding: 1) }
    return try AssembledCheckpoint(fixture, adding: files)
  }

  @Test(arguments: [
    (#""no_ln_pre": true"#, "no_ln_pre"), (#""final_ln_after_pool": true"#, "final_ln_after_pool"),
    (#""attentional_pool": true"#, "attentional_pool"),
    (#""ls_init_value": 0.0001"#, "ls_init_value"), (#""qk_norm": true"#, "qk_norm"),
    (#""scaled_cosine_attn": true"#, "scaled_cosine_attn"),
    (#""scale_heads": true"#, "scale_heads"),
    (#""scale_attn_inner": true"#, "scale_attn_inner"), (#""scale_attn": true"#, "scale_attn"),
    (#""scale_fc": true"#, "scale_fc"), (#""pool_type": "avg""#, "pool_type"),
    (#""pos_embed_type": "sin_cos_2d""#, "pos_embed_type"), (#""novelty": 3"#, "novelty"),
    (#""timm_model_name": "vit_base_patch16_224""#, "vit_base_patch16_224"),
    (#""act_kwargs": {"approximate": "tanh"}"#, "approximate"),
    (#""norm_kwargs": {"eps": 0}"#, "eps"), (#""norm_kwargs": {"eps": 1e300}"#, "eps"),
  ])
  func visionOptionsThatAreNotComputed(_ option: String, _ name: String) throws {
    let checkpoint = try edited(
      "clip-openclip", "open_clip_config.json", ["\"head_width\"": "\(option), \"head_width\""])
    let words = try failure(checkpoint)
    #expect(words.contains("$.model_cfg.vision_cfg") && words.contains(name), "\(words)")
  }

  @Test(arguments: [
    (#""hf_model_name": "roberta-base""#, "hf_model_name"), (#""embed_cls": true"#, "embed_cls"),
    (#""proj_type": "none""#, "proj_type"), (#""pool_type": "none""#, "pool_type"),
    (#""ls_init_value": 1.0"#, "ls_init_value"),
    (#""tokenizer_kwargs": {"strip_sep_token": true}"#, "strip_sep_token"),
    (#""tokenizer_kwargs": {"clean": "mystery"}"#, "mystery"),
  ])
  func textOptionsThatAreNotComputed(_ option: String, _ name: String) throws {
    let checkpoint = try edited(
      "clip-openclip", "open_clip_config.json", ["\"heads\"": "\(option), \"heads\""])
    let words = try failure(checkpoint)
    #expect(words.contains("$.model_cfg.text_cfg") && words.contains(name), "\(words)")
  }

  @Test func modelOptionsThatAreNotComputed() throws {
    let checkpoint = try edited(
      "clip-openclip", "open_clip_config.json",
      ["\"embed_dim\"": "\"multimodal_cfg\": {}, \"embed_dim\""])
    #expect(try failure(checkpoint).contains("multimodal_cfg"))
  }

  @Test func optionsThatAreSwitchedOffChangeNothing() throws {
    let options = """
      "no_ln_pre": false, "ls_init_value": null, "pos_embed_type": "learnable", "pool_type": "tok",
      "timm_model_name": null, "patch_dropout": 0.5, "head_width"
      """
    let checkpoint = try edited(
      "clip-openclip", "open_clip_config.json", ["\"head_width\"": options])
    #expect(try checkpoint.load().family == "clip")
  }

  @Test(arguments: [
    ("timm_pool", #""map""#, #""avg""#), ("timm_proj", #""none""#, #""linear""#),
    ("timm_model_name", "vit_base_patch16_siglip_224", "vit_base_patch16_siglip_gap_224"),
    ("novelty", #""timm_pool""#, #""novelty": 3, "timm_pool""#),
  ])
  func trunksThatAreNotSigLIPs(_ option: String, _ old: String, _ new: String) throws {
    let checkpoint = try edited(
      "siglip-openclip", "open_clip_config.json", [old: new], tokenizer: 80)
    let words = try failure(checkpoint)
    #expect(words.contains("vision_cfg.\(option)"), "\(words)")
  }

  @Test(arguments: [
    (#""vision_use_head": true"#, #""vision_use_head": false"#, "vision_use_head"),
    (#""projection_size": 36"#, #""projection_size": 20"#, "projection_size"),
    ("gelu_pytorch_tanh", "mish", "mish"),
    (#""num_channels": 3"#, #""num_channels": 1"#, "num_channels"),
    (#""num_hidden_layers": 2"#, #""num_hidden_layers": 2000000"#, "num_hidden_layers"),
    (#""image_size": 24"#, #""image_size": 7"#, "image_size"),
    (#""layer_norm_eps": 1e-06"#, #""layer_norm_eps": -1e-06"#, "layer_norm_eps"),
    (#""layer_norm_eps": 1e-06"#, #""layer_norm_eps": 1e-60"#, "layer_norm_eps"),
    (#""pad_token_id": 1"#, #""pad_token_id": 1, "vocab_size": 80, "x": 0"#, "vocab"),
  ])
  func siglipConfigurationsOutOfRange(_ old: String, _ new: String, _ name: String) throws {
    let checkpoint = try edited("siglip", "config.json", [old: new], tokenizer: 90)
    #expect(try failure(checkpoint).contains(name))
  }

  @Test func missingAndSurplusTensorsAreNamed() throws {
    let checkpoint = try AssembledCheckpoint(
      "siglip", adding: ["tokenizer.json": tinyTokenizer(count: 90)],
      without: ["model.safetensors"])
    try checkpoint.write(
      header: { $0.replacingOccurrences(of: "head.probe", with: "head.prode") },
      of: "model.safetensors", in: "siglip")
    let words = try failure(checkpoint)
    #expect(words.contains("vision_model.head.probe") && words.contains("vision_model.head.prode"))
  }

  @Test func partsOfDifferentCheckpointsDoNotMix() throws {
    // A processor of patches beside a model of whole pictures, and the other way round.
    for (model, processor, vocabulary) in [
      ("siglip", "siglip2-naflex", 90), ("siglip2-naflex", "siglip", 80),
    ] {
      let checkpoint = try AssembledCheckpoint(
        model,
        adding: [
          "tokenizer.json": tinyTokenizer(count: vocabulary),
          "preprocessor_config.json": try AssembledCheckpoint.text(
            of: "preprocessor_config.json", in: processor),
        ])
      #expect(try failure(checkpoint).contains("image processor"))
    }
    let tooMany = try AssembledCheckpoint(
      "siglip", adding: ["tokenizer.json": tinyTokenizer(count: 91)])
    #expect(try failure(tooMany).contains("vocabulary of 90"))
  }

  @Test(arguments: [
    ("config.json", #""eos_token_id": 559"#, #""eos_token_id": 560"#, "end of text with id 560"),
    ("config.json", #""eos_token_id": 559"#, #""eos_token_id": -1"#, "end of text with id -1"),
    (
      "preprocessor_config.json", #""do_center_crop": true"#, #""do_center_crop": false"#,
      "pictures of any size"
    ),
  ])
  func clipSettingsThatWouldGiveOtherEmbeddings(
    _ file: String, _ old: String, _ new: String, _ words: String
  ) throws {
    let found = try failure(try edited("clip", file, [old: new]))
    #expect(found.contains(words), "\(found)")
  }

  @Test func nestedImageProcessorsComeBeforeOlderFiles() throws {
    let older = try AssembledCheckpoint.text(of: "preprocessor_config.json", in: "clip")
    let newer = older.replacingOccurrences(of: "\"resample\": 3", with: "\"resample\": 2")
    try #require(newer != older)
    let nested = try AssembledCheckpoint(
      "clip", adding: ["processor_config.json": "{\"image_processor\": \(newer)}"])
    #expect(try nested.load().imageProcessor.filter == .bilinear)
    // Most such files hold nothing of the kind.
    let bare = try AssembledCheckpoint(
      "clip", adding: ["processor_config.json": #"{"processor_class": "CLIPProcessor"}"#])
    #expect(try bare.load().imageProcessor.filter == .bicubic)
    let neither = try AssembledCheckpoint("clip", without: ["preprocessor_config.json"])
    #expect(try failure(neither).contains("preprocessor_config.json"))
  }

  @Test func modelsOfNoFamilyAreNamedBesideThoseThatLoad() throws {
    let checkpoint = try AssembledCheckpoint(
      "clip", adding: ["config.json": #"{"model_type": "bert"}"#])
    let words = try failure(checkpoint)
    #expect(words.contains("\"bert\"") && words.contains("SigLIP") && words.contains("CLIP"))
    try withExtendedLifetime(checkpoint) {
      try #expect(ModelRegistry.family(of: checkpoint.folder()) == nil)
    }
    let nameless = try AssembledCheckpoint("clip", without: ["config.json"])
    #expect(try failure(nameless).contains("open_clip_config.json"))
  }
}
