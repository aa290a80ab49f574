// The ResNet of CLIP: "Learning Transferable Visual Models From Natural Language Supervision",
// Radford et al. 2021, section 2.4. Three convolutions in place of one at its entry, an average
// pool wherever a ResNet takes strides, and attention in place of the last pool. Follows OpenAI's
// and OpenCLIP's implementation and their tensor names.
//
// B pictures · C channels · H × W cells · E width of the shared space

import Checkpoints
import Tensors

/// The sizes of a ``ModifiedResNet``.
package struct ModifiedResNetConfiguration: Equatable, Sendable {
  /// Channels after the stem; the last stage has 32 times as many.
  package var width: Int
  /// Bottlenecks in each of the four stages.
  package var blocks: [Int]
  package var imageSize: Int
  /// Heads of the attention pool.
  package var heads: Int

  /// How many pixels a side of the last stage's cells covers; also what multiplies its channels.
  static let reduction = 32
}

/// A convolution without bias, then batch normalisation by running statistics.
struct NormalizedConvolution {
  private let weight: Tensor
  private let scale, shift: Tensor
  private let stride: Int

  init(
    _ scope: WeightScope, _ convolution: String, _ norm: String, inputs: Int, outputs: Int,
    size: Int, stride: Int = 1, in context: ExecutionContext
  ) throws(CheckpointError) {
    weight = try scope[convolution].tensor("weight", [outputs, inputs, size, size])
    let statistics = scope[norm]
    let (gain, bias) = (
      try statistics.exact("weight", [outputs]), try statistics.exact("bias", [outputs])
    )
    let (mean, variance) = (
      try statistics.exact("running_mean", [outputs]),
      try statistics.exact("running_var", [outputs])
    )
    self.stride = stride
    // A length that only the configuration announces has a placeholder, which takes no memory
    // unless it is computed with.
    guard statistics.entry("weight")?.shape == [outputs] else {
      (scale, shift) = (gain, bias)
      return
    }
    do {
      (scale, shift) = try context.foldedBatchNorm(
        gain: gain, bias: bias, mean: mean, variance: variance)
    } catch {
      throw .cannotDerive(
        name: statistics.prefix, operation: "fold batch normalisation",
        problem: error.description)
    }
  }

  /// `[B, C, H, W]` to `[B, C', H', W']`; cells beyond the edge count as zeros.
  func callAsFunction(_ x: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    let sums = try context.convolution(
      x, weight: weight, stride: stride, padding: weight.shape[2] / 2)
    return try context.channelAffine(sums, scale: scale, shift: shift)
  }
}

/// 1 × 1, 3 × 3 and 1 × 1 convolutions beside a shortcut.
struct Bottleneck {
  private let reduce, mix, expand: NormalizedConvolution
  private let shortcut: NormalizedConvolution?
  private let pool: Window?

  static let expansion = 4

  init(
    _ scope: WeightScope, inputs: Int, width: Int, stride: Int, in context: ExecutionContext
  ) throws(CheckpointError) {
    let outputs = width * Bottleneck.expansion
    reduce = try NormalizedConvolution(
      scope, "conv1", "bn1", inputs: inputs, outputs: width, size: 1, in: context)
    mix = try NormalizedConvolution(
      scope, "conv2", "bn2", inputs: width, outputs: width, size: 3, in: context)
    expand = try NormalizedConvolution(
      scope, "conv3", "bn3", inputs: width, outputs: outputs, size: 1, in: context)
    pool = stride > 1 ? Window(size: stride, stride: stride) : nil
    shortcut = stride > 1 || inputs != outputs
      ? try NormalizedConvolution(
        scope["downsample"], "0", "1", inputs: inputs, outputs: outputs, size: 1, in: context)
      : nil
  }

  func callAsFunction(_ x: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    let reduced = try context.activate(try reduce(x, in: context), .relu)
    let mixed = try context.activate(try mix(reduced, in: context), .relu)
    let expanded = try expand(try pooled(mixed, in: context), in: context)
    let past = try shortcut.map { s throws(TensorError) in
      try s(try pooled(x, in: context), in: context)
    }
    return try context.activate(try context.add(expanded, past ?? x), .relu)
  }

  private func pooled(_ x: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    guard let pool else { return x }
    return try context.averagePool(x, pool)
  }
}

/// The picture tower: stem, four stages, and one query that attends over the last one's cells.
package struct ModifiedResNet {
  package let configuration: ModifiedResNetConfiguration
  private let stem: [NormalizedConvolution]
  private let stages: [[Bottleneck]]
  /// `[1 + H · W, C]`
  private let positions: Tensor
  private let attention: Attention

  /// Where traces see the attention pool: its map is `[B, heads, 1 + H · W, 1 + H · W]`, row 0 of
  /// which, the mean cell's, is what the embedding gathers.
  static let site = LayerSite(tower: "vision", layer: 0)

  init(
    _ scope: WeightScope, _ configuration: ModifiedResNetConfiguration, embeddingWidth: Int
  ) throws(CheckpointError) {
    self.configuration = configuration
    let context = ExecutionContext(pool: ThreadPool(threadCount: 1))
    let width = configuration.width
    let half = width / 2
    stem = [
      try NormalizedConvolution(
        scope, "conv1", "bn1", inputs: 3, outputs: half, size: 3, stride: 2, in: context),
      try NormalizedConvolution(
        scope, "conv2", "bn2", inputs: half, outputs: half, size: 3, in: context),
      try NormalizedConvolution(
        scope, "conv3", "bn3", inputs: half, outputs: width, size: 3, in: context),
    ]
    var inputs = width
    var stages: [[Bottleneck]] = []
    for (index, count) in configuration.blocks.enumerated() {
      let stageWidth = width << index
      var stage: [Bottleneck] = []
      for block in 0..<count {
        stage.append(
          try Bottleneck(
            scope["layer\(index + 1)"][block], inputs: inputs, width: stageWidth,
            stride: block == 0 && index > 0 ? 2 : 1, in: context))
        inputs = stageWidth * Bottleneck.expansion
      }
      stages.append(stage)
    }
    self.stages = stages
    let (pool, side) = (scope["attnpool"], configuration.gridSide)
    positions = try pool.exact("positional_embedding", [1 + side * side, configuration.channels])
    attention = try Attention(
      pool, width: configuration.channels, heads: configuration.heads, output: "c_proj",
      outputWidth: embeddingWidth, precision: .f32)
  }

  var description: TowerDescription {
    TowerDescription(
      name: "vision", layers: 1, heads: configuration.heads,
      grid: (configuration.gridSide, configuration.gridSide), prefix: 1)
  }

  /// The last stage: `[B, 3, H, W]` to `[B, C, H/32, W/32]`.
  ///
  /// Taps are offered the stem's output at `vision.stages` 0 and each stage's after it.
  package func encode(
    _ pixels: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    var x = pixels
    for convolution in stem { x = try context.activate(try convolution(x, in: context), .relu) }
    x = try context.averagePool(x, Window(size: 2, stride: 2))
    context.taps?.offer(hidden: x, at: LayerSite(tower: "vision.stages", layer: 0))
    for (index, stage) in stages.enumerated() {
      for block in stage { x = try block(x, in: context) }
      context.taps?.offer(hidden: x, at: LayerSite(tower: "vision.stages", layer: index + 1))
    }
    return x
  }

  /// What the mean cell gathers from itself and all cells: `[B, C, H, W]` to `[B, E]`.
  package func pool(_ cells: Tensor, in context: ExecutionContext) throws(TensorError) -> Tensor {
    let (batch, channels) = (cells.shape[0], cells.shape[1])
    let count = cells.shape[2] * cells.shape[3]
    let sequence = try context.transposed(try context.reshaped(cells, [batch, channels, count]))
    let mean = try context.reshaped(try context.mean(sequence, axis: 1), [batch, 1, channels])
    let placed = try context.add(
      try context.concatenated([mean, sequence], axis: 1), positions)  // [B, 1 + H W, C]
    // One query is enough, but a trace shows where every cell looks.
    let queries = context.taps == nil ? try context.sliced(placed, axis: 1, 0..<1) : placed
    let gathered = try attention(queries, over: placed, site: ModifiedResNet.site, in: context)
    let first = try context.sliced(gathered, axis: 1, 0..<1)
    return try context.reshaped(first, [batch, gathered.shape[2]])
  }
}

extension ModifiedResNetConfiguration {
  /// Cells along a side of the last stage.
  var gridSide: Int { imageSize / ModifiedResNetConfiguration.reduction }
  /// Channels of the last stage.
  var channels: Int { width * ModifiedResNetConfiguration.reduction }
}
