import Models
import Tensors

/// One training run, from data to checkpoint: what a recipe file says, with its defaults filled in.
package struct Recipe: Equatable, Sendable {
  /// What the checkpoint is called.
  package var name: String
  /// Of every random choice: weights, order, captions, augmentation.
  package var seed: UInt64 = 0
  /// f32, or bf16 products with f32 sums and f32 master weights.
  package var precision = Precision.bf16
  package var data: DataRecipe
  package var tokenizer = TokenizerRecipe.trained(vocabulary: 5000, minimumCount: 2)
  package var model = ModelRecipe()
  package var loss = LossRecipe()
  package var optimizer = OptimizerRecipe()
  package var schedule = ScheduleRecipe()
  /// Nil: nothing is held out.
  package var evaluation: EvaluationRecipe?
  package var output: OutputRecipe
}

/// Where captioned pictures come from, and how one becomes what a step sees.
package struct DataRecipe: Equatable, Sendable {
  /// Tables (`.tsv`, `.csv`, `.jsonl`), folders of pictures beside `.txt` files of one name, or
  /// `.tar` shards; absolute, or relative to the recipe's folder. `*` and `?` match file names.
  package var sources: [Source]
  /// How often each language is drawn, relative to the others; empty: as often as it has captions.
  package var languages: [String: Double] = [:]
  /// By language, or under `""` for all: one is drawn for each text, `{}` stands for the caption.
  package var templates: [String: [String]] = [:]
  package var augmentation = AugmentationRecipe()
  /// Threads that read and augment pictures.
  package var workers = 1
  /// Bytes of decoded pictures that are kept, at twice the model's resolution at most.
  package var cacheBytes = 512 << 20

  package struct Source: Equatable, Sendable {
    package var path: String
    /// How often each of its pictures comes up in one epoch.
    package var repeats = 1
  }
}

/// What is changed at random in a picture each time it is drawn. The defaults change nothing.
package struct AugmentationRecipe: Equatable, Sendable {
  /// The part of the picture's area that is kept, least and greatest; above 1 leaves a margin.
  package var area: ClosedRange<Double> = 1...1
  /// Width over height of that part against the picture's own: between 1/aspect and aspect.
  package var aspect = 1.0
  /// Turned by at most this many degrees to either side.
  package var rotation = 0.0
  /// Moved by at most this part of the side in either direction.
  package var shift = 0.0
  /// The probability of mirroring left and right.
  package var flip = 0.0
  /// Brightness, contrast and saturation change by a factor within 1 ± these; hue by at most this
  /// part of the circle.
  package var brightness = 0.0
  package var contrast = 0.0
  package var saturation = 0.0
  package var hue = 0.0
  /// The probability of grey.
  package var grey = 0.0
  /// The probability that a rectangle is filled with one colour, and its greatest part of the area.
  package var erase = 0.0
  package var eraseArea = 0.25
  /// The greatest radius of a blur, in pixels of the model's picture.
  package var blur = 0.0
  /// What lies behind transparent pixels and beyond the picture's edge.
  package var background = Background.white

  package enum Background: String, Sendable, CaseIterable {
    case white
    /// Of each picture anew: a colour, a gradient between two, or noise.
    case random
  }
}

/// Where the tokenizer comes from.
package enum TokenizerRecipe: Equatable, Sendable {
  /// A byte-level BPE learned from the captions: at most `vocabulary` entries, and only pairs that
  /// occur `minimumCount` times.
  case trained(vocabulary: Int, minimumCount: Int)
  /// A `tokenizer.json`, or a folder with one; relative to the recipe's folder.
  case file(String)
}

/// The sizes of both towers.
package struct ModelRecipe: Equatable, Sendable {
  package var imageSize = 64
  package var patchSize = 8
  package var embeddingWidth = 192
  package var vision = TransformerRecipe(layers: 6)
  package var text = TransformerRecipe(layers: 4)
  /// The greatest count of ids in one text.
  package var textPositions = 32
  package var activation = ActivationName.quickGELU
  /// A checkpoint to go on from, instead of random weights; its sizes then hold. Relative to the
  /// recipe's folder, or a name that `:load` takes.
  package var start: String?
  /// The part of a picture's patches that a step does not see (Li et al. 2023).
  package var patchDropout = 0.0
  /// Keep only what enters each block and compute the rest again on the way back.
  package var checkpointsActivations = false
}

package struct TransformerRecipe: Equatable, Sendable {
  package var width = 192
  package var layers: Int
  package var heads = 3
  package var feedForwardWidth = 768

  package init(width: Int = 192, layers: Int, heads: Int = 3, feedForwardWidth: Int = 768) {
    self.width = width
    self.layers = layers
    self.heads = heads
    self.feedForwardWidth = feedForwardWidth
  }
}

/// What pulls pairs together and pushes others apart.
package struct LossRecipe: Equatable, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Symmetric InfoNCE over the batch (Radford et al. 2021).
    case softmax
    /// Each pair by itself (Zhai et al. 2023).
    case sigmoid
  }

  package var kind = Kind.softmax
  /// What cosines are divided by at first; learned from there.
  package var temperature = 0.07
  /// The part of the target that is spread over all others.
  package var labelSmoothing = 0.0
}

/// AdamW (Loshchilov & Hutter 2019).
package struct OptimizerRecipe: Equatable, Sendable {
  package var learningRate = 1e-3
  package var beta1 = 0.9
  package var beta2 = 0.98
  package var epsilon = 1e-6
  /// Of matrices alone; gains, biases, embeddings and the temperature do not decay.
  package var weightDecay = 0.1
  /// The greatest length of the gradient; longer ones are shortened to it. Nil: never.
  package var clip: Double? = 1
  /// Of an exponential moving average of the weights, which is then what is saved and measured.
  package var averageDecay: Double?
}

/// How many steps of how many pairs, and the learning rate's course over them.
package struct ScheduleRecipe: Equatable, Sendable {
  package var steps = 1000
  package var warmUp = 50
  /// The learning rate at the end, as a part of the greatest.
  package var finalRate = 0.0
  package var batch = 256
  /// Pairs that go through the towers at once: fewer than the batch bound the memory and give the
  /// same gradient (Gao et al. 2021). Nil: the whole batch.
  package var chunk: Int?
}

/// What is measured on pictures that training does not see.
package struct EvaluationRecipe: Equatable, Sendable {
  package var source: String
  /// Steps between measurements.
  package var every = 100
  /// At most this many pictures; all when nil.
  package var limit: Int?
  /// By language as in training: those that one embedding is averaged over.
  package var templates: [String: [String]] = [:]
  /// A text per line, among which each picture's captions are ranked; nil: the captions themselves.
  package var labels: String?
}

/// Where the checkpoint goes.
package struct OutputRecipe: Equatable, Sendable {
  /// Relative to the recipe's folder.
  package var folder: String
  /// Steps between saved states.
  package var saveEvery = 100
  package var dtype = ElementType.f32
  /// Said in the model card.
  package var licence: String?
  package var notes: String?
}
