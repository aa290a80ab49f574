import Media

/// A picture as the session holds it.
package struct StagedPicture: Sendable {
  /// What the user calls it.
  package let name: String
  package let path: String
  /// SHA-256 of the file, in hexadecimal: the key of its encodings.
  package let sha256: String
  package let bitmap: Bitmap

  package init(name: String, path: String, sha256: String, bitmap: Bitmap) {
    self.name = name
    self.path = path
    self.sha256 = sha256
    self.bitmap = bitmap
  }
}

/// How far a long computation has come.
package struct StageProgress: Sendable, Equatable, Encodable {
  /// What is being done: "encoding labels".
  package let stage: String
  package let completed: Int
  package let total: Int

  package init(stage: String, completed: Int, total: Int) {
    self.stage = stage
    self.completed = completed
    self.total = total
  }
}

/// Pictures to be ranked against labels.
package struct RankRequest: Sendable {
  package var pictures: [StagedPicture]
  package var labels: [String]
  /// Each label's embedding is the normalised mean over these; `{}` stands for the label.
  package var templates: [String]
  package var usesCache: Bool

  package init(
    pictures: [StagedPicture], labels: [String], templates: [String] = [], usesCache: Bool = true
  ) {
    self.pictures = pictures
    self.labels = labels
    self.templates = templates.isEmpty ? ["{}"] : templates
    self.usesCache = usesCache
  }
}

/// One label's standing for one picture.
package struct RankedLabel: Sendable, Equatable {
  package let label: String
  package let cosine: Float
  package let logit: Float
  package let probability: Float
}

/// One picture's ranking, best label first.
package struct PictureRanking: Sendable {
  package let name: String
  package let sha256: String
  package let items: [RankedLabel]
  /// The empty text, which labels that say something about the picture should beat.
  package let baseline: (cosine: Float, logit: Float)
}

package struct Ranking: Sendable {
  package let pictures: [PictureRanking]
  /// Whether the labels share one probability, or each is judged by itself.
  package let isCompetitive: Bool
  package let imageMilliseconds: Double
  package let labelMilliseconds: Double
  /// Encodings that came from the cache.
  package let cached: Int
}

/// An embedding and what it took.
package struct Embedding: Sendable {
  package let vector: [Float]
  package let milliseconds: Double
  package let cached: Int
}
