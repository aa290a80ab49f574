/// A text tower: sizes, switches, and which position of a text stands for the whole of it.
package struct TextConfiguration: Equatable, Sendable {
  package var transformer: TransformerConfiguration
  package var vocabulary: Int
  /// The greatest count of ids in one text.
  package var positions: Int
  package var pooling: TextPooling
  package var isCausal: Bool
  package var projectionHasBias: Bool
  /// What stands behind a text that is shorter than the tower, where it counts.
  package var padding: TextPadding

  package init(
    transformer: TransformerConfiguration, vocabulary: Int, positions: Int, pooling: TextPooling,
    isCausal: Bool, projectionHasBias: Bool, padding: TextPadding
  ) {
    self.transformer = transformer
    self.vocabulary = vocabulary
    self.positions = positions
    self.pooling = pooling
    self.isCausal = isCausal
    self.projectionHasBias = projectionHasBias
    self.padding = padding
  }
}

/// Which position of a text stands for the whole of it.
package enum TextPooling: Equatable, Sendable {
  /// The position of the greatest id: the rule of OpenAI's files, where the end of text has the
  /// last id, and of configurations with the legacy `eos_token_id: 2`.
  case greatestID
  /// The first position that holds this id, or position 0 when none does.
  case firstID(Int)
  case first
  case last
}

/// How a text is brought to the full length of its tower.
package struct TextPadding: Equatable, Sendable {
  package var id: Int
  /// Whether padding stands before the text rather than behind it.
  package var isLeading = false

  package init(id: Int, isLeading: Bool = false) {
    self.id = id
    self.isLeading = isLeading
  }
}

extension TextConfiguration {
  /// Whether padding reaches the embedding: everything sees everything, or the last position
  /// counts, whatever it holds.
  var countsPadding: Bool { !isCausal || pooling == .last }

  /// The position that stands for the whole text.
  func pooledPosition(of ids: [Int]) -> Int {
    switch pooling {
    case .greatestID:
      // The first of the greatest, as arg-max counts.
      ids.indices.max { ids[$0] < ids[$1] || (ids[$0] == ids[$1] && $0 > $1) } ?? 0
    case .firstID(let end): ids.firstIndex(of: end) ?? 0
    case .first: 0
    case .last: max(0, ids.count - 1)
    }
  }

  /// The ids to compute with: those that can reach the embedding, or all with their padding.
  package func inputIDs(from ids: [Int]) -> [Int] {
    guard countsPadding else { return Array(ids.prefix(pooledPosition(of: ids) + 1)) }
    let fill = [Int](repeating: padding.id, count: max(0, positions - ids.count))
    return padding.isLeading ? fill + ids : ids + fill
  }
}
