import Checkpoints
import Foundation
import Models
import Tensors

/// Named tensors, in the order of their names: weights, their gradients, what an optimiser keeps.
package struct Parameters {
  package private(set) var names: [String]
  private var tensors: [String: Tensor]

  package init(_ tensors: [String: Tensor] = [:]) {
    names = tensors.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    self.tensors = tensors
  }

  package subscript(name: String) -> Tensor? { tensors[name] }

  package var count: Int { tensors.values.reduce(0) { $0 + $1.elementCount } }

  /// All of them with their names, in order.
  package var all: [(name: String, tensor: Tensor)] {
    names.compactMap { name in tensors[name].map { (name, $0) } }
  }

  /// Each tensor replaced by what `transform` makes of it.
  package func map(
    _ transform: (_ name: String, _ tensor: Tensor) throws(TensorError) -> Tensor
  ) throws(TensorError) -> Parameters {
    var result: [String: Tensor] = [:]
    for (name, tensor) in all { result[name] = try transform(name, tensor) }
    return Parameters(result)
  }

  /// As a checkpoint's store, whose tensors models are built from.
  package func store(called source: String) throws(CheckpointError) -> WeightStore {
    var store = WeightStore(source: source)
    for (name, tensor) in all { store = try store.adding(name, tensor) }
    return store
  }

  /// Whether weight decay applies: to matrices, not to gains, biases, embeddings or the temperature.
  package static func decays(_ name: String, _ shape: Shape) -> Bool {
    shape.rank >= 2 && !name.hasSuffix("token_embedding.weight")
      && !name.hasSuffix("position_embedding.weight")
  }
}

extension Parameters {
  /// New weights of a CLIP, drawn as its authors drew them (Radford et al. 2021).
  ///
  /// - Throws: when cancelled.
  package static func random(
    _ configuration: CLIPConfiguration, recipe: Recipe, in context: ExecutionContext
  ) throws(TensorError) -> Parameters {
    var tensors: [String: Tensor] = [:]
    var index: UInt64 = 0
    func normal(_ name: String, _ shape: Shape, _ deviation: Double) {
      // Each tensor has its own generator, so that one more layer leaves the others as they were.
      index += 1
      var generator = SplitMix(recipe.seed, 0x7765_6967_6874, index)
      let tensor = context.zeros(shape)
      for place in 0..<shape.elementCount {
        if place % 65_536 == 0, context.cancellation.isCancelled { return }
        tensor.floats[place] = Float(deviation * generator.normal())
      }
      tensors[name] = tensor
    }
    func constant(_ name: String, _ width: Int, _ value: Float) {
      tensors[name] = context.filled([width], with: value)
    }
    func norm(_ name: String, _ width: Int) {
      constant(name + ".weight", width, 1)
      constant(name + ".bias", width, 0)
    }
    func tower(_ prefix: String, _ transformer: TransformerConfiguration) {
      let (width, inner) = (transformer.width, transformer.feedForwardWidth)
      let attention = pow(Double(width), -0.5)
      let residual = attention * pow(2 * Double(transformer.layers), -0.5)
      for layer in 0..<transformer.layers {
        let block = "\(prefix).encoder.layers.\(layer)"
        norm(block + ".layer_norm1", width)
        norm(block + ".layer_norm2", width)
        for name in ["q_proj", "k_proj", "v_proj"] {
          normal("\(block).self_attn.\(name).weight", [width, width], residual)
          constant("\(block).self_attn.\(name).bias", width, 0)
        }
        normal("\(block).self_attn.out_proj.weight", [width, width], attention)
        constant("\(block).self_attn.out_proj.bias", width, 0)
        normal("\(block).mlp.fc1.weight", [inner, width], pow(2 * Double(width), -0.5))
        constant("\(block).mlp.fc1.bias", inner, 0)
        normal("\(block).mlp.fc2.weight", [width, inner], residual)
        constant("\(block).mlp.fc2.bias", width, 0)
      }
    }
    let (vision, text) = (configuration.vision, configuration.text)
    let (visionWidth, textWidth) = (vision.transformer.width, text.transformer.width)
    let side = vision.imageSize / vision.patchSize
    let embeddings = "vision_model.embeddings"
    normal("\(embeddings).class_embedding", [visionWidth], pow(Double(visionWidth), -0.5))
    normal(
      "\(embeddings).patch_embedding.weight",
      [visionWidth, 3, vision.patchSize, vision.patchSize], 0.02)
    normal("\(embeddings).position_embedding.weight", [1 + side * side, visionWidth], 0.02)
    norm("vision_model.pre_layrnorm", visionWidth)
    tower("vision_model", vision.transformer)
    norm("vision_model.post_layernorm", visionWidth)
    normal(
      "visual_projection.weight", [configuration.embeddingWidth, visionWidth],
      pow(Double(visionWidth), -0.5))
    normal("text_model.embeddings.token_embedding.weight", [text.vocabulary, textWidth], 0.02)
    normal("text_model.embeddings.position_embedding.weight", [text.positions, textWidth], 0.02)
    tower("text_model", text.transformer)
    norm("text_model.final_layer_norm", textWidth)
    normal(
      "text_projection.weight", [configuration.embeddingWidth, textWidth],
      pow(Double(textWidth), -0.5))
    tensors["logit_scale"] = context.tensor([Float(-log(recipe.loss.temperature))], [])
    if configuration.hasLogitBias { tensors["logit_bias"] = context.tensor([-10], []) }
    guard !context.cancellation.isCancelled else { throw .cancelled }
    return Parameters(tensors)
  }
}

extension SplitMix {
  /// Normally distributed around 0 with deviation 1 (Box & Muller 1958).
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * .pi * unit())
  }
}
