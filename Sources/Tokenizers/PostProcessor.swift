/// Where the special tokens go around an encoded text: the `post_processor` of `tokenizer.json`.
///
/// Templates for pairs of texts are checked when the file is read and not kept.
struct PostProcessor: Equatable, Sendable {
  enum Piece: Equatable, Sendable {
    case text
    case special([Int32])
  }

  var pieces: [Piece] = [.text]

  /// How many special tokens there are.
  var specialCount: Int {
    pieces.reduce(0) { count, piece in
      if case .special(let ids) = piece { count + ids.count } else { count }
    }
  }
}
