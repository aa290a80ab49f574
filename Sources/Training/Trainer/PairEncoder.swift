import Models
import Tensors
import Tokenizers

/// Turns drawn pairs into what a step computes with.
struct PairEncoder {
  let tokenizer: Tokenizer
  let text: TextConfiguration
  let side: Int

  /// Ids of a text as the tower is to be given them, cut to the positions that it has.
  func ids(of text: String) throws(TrainingError) -> [Int] {
    do throws(TokenizerError) {
      let ids = try tokenizer.encode(text, length: .atMost(self.text.positions))
      return self.text.inputIDs(from: ids.map(Int.init))
    } catch {
      throw .tokenizer(error)
    }
  }

  func pairs(
    _ batch: Batch, in context: ExecutionContext
  ) throws(TrainingError) -> PairBatch {
    var texts: [[Int]] = []
    for text in batch.texts { texts.append(try ids(of: text)) }
    let pixels = context.tensor(batch.pixels.values, [batch.count, 3, side, side])
    return PairBatch(
      pixels: pixels, texts: texts, groups: PairEncoder.groups(batch.groups, texts: batch.texts))
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
