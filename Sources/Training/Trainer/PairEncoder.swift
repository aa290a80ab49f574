import Models
import Tensors
import Tokenizers

/// Turns drawn pairs into what a step computes with.
struct PairEncoder {
  let tokenizer: Tokenizer
  let text: TextConfiguration
  let side: Int
  /// Patches of a picture, and how many of them a step sees.
  var patches: (count: Int, seen: Int)?

  /// Ids of a text as the tower is to be given them, cut to the positions that it has.
  func ids(of text: String) throws(TrainingError) -> [Int] {
    do throws(TokenizerError) {
      let ids = try tokenizer.encode(text, length: .atMost(self.text.positions))
      return self.text.inputIDs(from: ids.map(Int.init))
    } catch {
      throw TrainingError(error)
    }
  }

  /// - Parameter seed: of the choice of patches, together with the step.
  func pairs(
    _ batch: Batch, seed: UInt64, in context: ExecutionContext
  ) throws(TrainingError) -> PairBatch {
    var texts: [[Int]] = []
    for text in batch.texts { texts.append(try ids(of: text)) }
    let pixels = context.tensor(batch.pixels.values, [batch.count, 3, side, side])
    return PairBatch(
      pixels: pixels, texts: texts, groups: PairEncoder.groups(batch.groups, texts: batch.texts),
      patches: patches.map { patches in
        var generator = SplitMix(seed, RandomStream.patches.rawValue, UInt64(batch.step))
        return (0..<batch.count).map { _ in
          PairEncoder.choice(of: patches.seen, below: patches.count, using: &generator)
        }
      })
  }

  /// So many different numbers below `limit`, in order, each choice as likely as any other.
  private static func choice(
    of count: Int, below limit: Int, using generator: inout SplitMix
  ) -> [Int] {
    var numbers = Array(0..<limit)
    for index in 0..<min(count, limit) {
      numbers.swapAt(index, index + generator.index(below: limit - index))
    }
    return numbers.prefix(count).sorted()
  }

  /// One number for all pairs that say the same: of one group, or with one text, or with such a pair
  /// between them.
  static func groups(_ groups: [Int], texts: [String]) -> [Int] {
    var parents = Array(groups.indices)
    func root(_ index: Int) -> Int {
      var index = index
      while parents[index] != index { index = parents[index] }
      return index
    }
    var byGroup: [Int: Int] = [:]
    var byText: [[UInt8]: Int] = [:]
    for index in groups.indices {
      for other in [byGroup[groups[index]], byText[Array(texts[index].utf8)]].compactMap(\.self) {
        parents[root(index)] = root(other)
      }
      byGroup[groups[index]] = index
      byText[Array(texts[index].utf8)] = index
    }
    return groups.indices.map(root)
  }
}
