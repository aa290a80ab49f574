import Media
import Tensors

/// Two encoders into one space of unit vectors, where cosine measures agreement.
package protocol DualEncoder {
  var embeddingWidth: Int { get }
  var similarity: Similarity { get }
  /// The greatest count of ids that one text may have.
  var textPositions: Int { get }
  /// What attention inside the towers looks like, for traces.
  var towers: [TowerDescription] { get }

  /// Unit vectors `[B, E]` of preprocessed pictures: `[B, 3, H, W]`, or `[B, N, P · P · 3]` for
  /// models that take patches of pictures in any proportion.
  ///
  /// - Parameter grid: rows and columns of those patches, the same for the whole batch; nil for
  ///   whole pictures.
  func embed(
    pixels: Tensor, grid: PatchGrid?, in context: ExecutionContext
  ) throws(TensorError) -> Tensor

  /// Unit vectors `[B, E]` of texts, each as ``inputIDs(from:)`` gives them.
  func embed(texts: [[Int]], in context: ExecutionContext) throws(TensorError) -> Tensor

  /// What ``embed(texts:in:)`` is to be given for a text that the tokenizer made `ids` of.
  ///
  /// Where attention is causal, ids that cannot reach the embedding are left out, since fewer ids
  /// are fewer multiplications; where padding reaches it, the text is padded to its full length.
  func inputIDs(from ids: [Int]) -> [Int]
}

extension DualEncoder {
  /// Unit vectors `[B, E]` of whole pictures `[B, 3, H, W]`.
  package func embed(
    pixels: Tensor, in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    try embed(pixels: pixels, grid: nil, in: context)
  }

  /// Unit vectors `[B, E]` of pictures from the model's image processor.
  ///
  /// - Precondition: at least one picture, and all ``ProcessedImage/canShareBatch(with:)``.
  package func embed(
    pictures: [ProcessedImage], in context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    let first = pictures[0]
    precondition(pictures.allSatisfy(first.canShareBatch), "pictures of several shapes")
    let pixels = context.tensor(pictures.map(\.pixels), Shape([pictures.count] + first.shape))
    return try embed(pixels: pixels, grid: first.patchGrid, in: context)
  }
}

extension ProcessedImage {
  /// Whether both can go through a tower together: the same shape, and the same grid of patches
  /// where there is one, since 3 × 5 patches are as many as 5 × 3.
  package func canShareBatch(with other: ProcessedImage) -> Bool {
    shape == other.shape && patchGrid == other.patchGrid
  }
}

/// The layers, heads and positions of one tower.
package struct TowerDescription: Equatable, Sendable {
  package let name: String
  package let layers: Int
  package let heads: Int
  /// Vision: rows and columns of patches, usual ones where pictures bring their own; nil for text.
  package let grid: (rows: Int, columns: Int)?
  /// Positions before the first patch or word: the class token.
  package let prefix: Int
  /// Numbers per position in the stream and inside a block, for estimates of memory; 0 where a
  /// family does not say.
  package let width: Int
  package let hidden: Int
  /// Where traces see the learned query that gathers the embedding, a map `[B, heads, 1, T]`; nil
  /// where one of the tower's own positions stands for the whole.
  package let pool: LayerSite?

  init(
    name: String, layers: Int, heads: Int, grid: (rows: Int, columns: Int)?, prefix: Int,
    pool: LayerSite? = nil, width: Int = 0, hidden: Int = 0
  ) {
    self.name = name
    self.layers = layers
    self.heads = heads
    self.grid = grid
    self.prefix = prefix
    self.pool = pool
    self.width = width
    self.hidden = hidden
  }

  package static func == (a: TowerDescription, b: TowerDescription) -> Bool {
    a.name == b.name && a.layers == b.layers && a.heads == b.heads && a.prefix == b.prefix
      && a.grid?.rows == b.grid?.rows && a.grid?.columns == b.grid?.columns && a.pool == b.pool
  }
}
