import Foundation
import Models
import Tensors

/// New weights of a CLIP, drawn as its authors drew them (Radford et al. 2021, `initialize_parameters`).
private struct RandomWeights {
  let seed: UInt64
  let context: ExecutionContext
  private(set) var tensors: [String: Tensor] = [:]
  private var index: UInt64 = 0

  init(seed: UInt64, context: ExecutionContext) {
    self.seed = seed
    self.context = context
  }

  mutating func normal(_ name: String, _ shape: Shape, deviation: Double) {
    // Each tensor has its own generator, so that one more layer leaves those before it as they were.
    index += 1
    var generator = SplitMix(seed, 0x7765_6967_6874, index)
    let tensor = context.zeros(shape)
    for place in 0..<shape.elementCount {
      if place % 65_536 == 0, context.cancellation.isCancelled { return }
      tensor.floats[place] = Float(deviation * generator.normal())
    }
    tensors[name] = tensor
  }

  mutating func constant(_ name: String, _ width: Int, _ value: Float) {
    tensors[name] = context.filled([width], with: value)
  }

  mutating func scalar(_ name: String, _ value: Double) {
    tensors[name] = context.tensor([Float(value)], [])
  }

  mutating func norm(_ name: String, _ width: Int) {
    constant(name + ".weight", width, 1)
    constant(name + ".bias", width, 0)
  }

  /// What writes into the residual stream is drawn smaller the more blocks write into it.
  mutating func tower(_ prefix: String, _ transformer: TransformerConfiguration) {
    let (width, inner) = (transformer.width, transformer.feedForwardWidth)
    let plain = pow(Double(width), -0.5)
    let residual = plain * pow(2 * Double(transformer.layers), -0.5)
    for layer in 0..<transformer.layers {
      let block = "\(prefix).encoder.layers.\(layer)"
      norm(block + ".layer_norm1", width)
      norm(block + ".layer_norm2", width)
      for (name, deviation) in [
        ("q_proj", plain), ("k_proj", plain), ("v_proj", plain), ("out_proj", residual),
      ] {
        normal("\(block).self_attn.\(name).weight", [width, width], deviation: deviation)
        constant("\(block).self_attn.\(name).bias", width, 0)
      }
      normal("\(block).mlp.fc1.weight", [inner, width], deviation: pow(2 * Double(width), -0.5))
      constant("\(block).mlp.fc1.bias", inner, 0)
      normal("\(block).mlp.fc2.weight", [width, inner], deviation: residual)
      constant("\(block).mlp.fc2.bias", width, 0)
    }
  }

  mutating func vision(_ vision: CLIPConfiguration.Vision, embeddingWidth: Int) {
    let (width, patch) = (vision.transformer.width, vision.patchSize)
    let (side, plain) = (vision.imageSize / patch, pow(Double(width), -0.5))
    let embeddings = "vision_model.embeddings"
    normal("\(embeddings).class_embedding", [width], deviation: plain)
    // As wide as a convolution's weights usually are: uniform within 1/√fan-in.
    normal(
      "\(embeddings).patch_embedding.weight", [width, 3, patch, patch],
      deviation: pow(9 * Double(patch * patch), -0.5))
    normal("\(embeddings).position_embedding.weight", [1 + side * side, width], deviation: plain)
    norm("vision_model.pre_layrnorm", width)
    tower("vision_model", vision.transformer)
    norm("vision_model.post_layernorm", width)
    normal("visual_projection.weight", [embeddingWidth, width], deviation: plain)
  }

  mutating func text(_ text: TextConfiguration, embeddingWidth: Int) {
    let width = text.transformer.width
    let embeddings = "text_model.embeddings"
    normal("\(embeddings).token_embedding.weight", [text.vocabulary, width], deviation: 0.02)
    normal("\(embeddings).position_embedding.weight", [text.positions, width], deviation: 0.01)
    tower("text_model", text.transformer)
    norm("text_model.final_layer_norm", width)
    normal(
      "text_projection.weight", [embeddingWidth, width], deviation: pow(Double(width), -0.5))
  }
}

extension Parameters {
  /// New weights of a CLIP.
  ///
  /// - Throws: when cancelled.
  package static func random(
    _ configuration: CLIPConfiguration, recipe: Recipe, in context: ExecutionContext
  ) throws(TensorError) -> Parameters {
    var weights = RandomWeights(seed: recipe.seed, context: context)
    weights.vision(configuration.vision, embeddingWidth: configuration.embeddingWidth)
    weights.text(configuration.text, embeddingWidth: configuration.embeddingWidth)
    weights.scalar("logit_scale", -log(recipe.loss.temperature))
    if configuration.hasLogitBias { weights.scalar("logit_bias", -10) }
    guard !context.cancellation.isCancelled else { throw .cancelled }
    return Parameters(weights.tensors)
  }
}

extension SplitMix {
  /// Normally distributed around 0 with deviation 1 (Box & Muller 1958).
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }
}
