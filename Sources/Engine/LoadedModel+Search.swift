import Media
import Models
import Tensors

/// One part of a query: a text or a picture, added or taken away.
package struct QueryTerm: Sendable {
  package enum Content: Sendable {
    case text(String)
    case picture(StagedPicture)
  }

  package let weight: Float
  package let content: Content

  package init(_ content: Content, weight: Float = 1) {
    self.content = content
    self.weight = weight
  }
}

extension LoadedModel {
  /// The unit vector of a sum of unit vectors, as Mikolov et al. 2013 add words.
  ///
  /// - Throws: ``EngineError``; ``EngineError/emptyQuery`` when the terms cancel each other out.
  package func embed(
    query terms: [QueryTerm], precision: Precision, usesCache: Bool
  ) throws(EngineError) -> Embedding {
    let start = ContinuousClock().now
    var sum = [Float](repeating: 0, count: information.embeddingWidth)
    var cached = 0
    for term in terms {
      let part: Embedding
      switch term.content {
      case .text(let text):
        part = try embed(text: text, precision: precision, usesCache: usesCache)
      case .picture(let picture):
        part = try embed(picture, precision: precision, usesCache: usesCache)
      }
      cached += part.cached
      for i in sum.indices { sum[i] += term.weight * part.vector[i] }
    }
    let length = dot(sum, sum).squareRoot()
    // Unit vectors that differ at all leave more than the rounding of their parts.
    guard length > 1e-4 else { throw .emptyQuery }
    return Embedding(
      vector: sum.map { $0 / length }, milliseconds: (ContinuousClock().now - start).milliseconds,
      cached: cached)
  }

  /// The unit vector of a picture that was encoded before, by the hash of its file.
  package func cachedVector(sha256: String, precision: Precision) -> [Float]? {
    cache.find(.init(content: .picture(sha256), precision: precision))
  }

  /// Unit vectors of pictures, in order, computed together.
  package func vectors(
    of pictures: [StagedPicture], precision: Precision
  ) throws(EngineError) -> [[Float]] {
    try embeddings(of: pictures, precision: precision, usesCache: false, progress: { _ in }).vectors
  }

  /// The cosine of two unit vectors.
  package static func cosine(_ a: [Float], _ b: [Float]) -> Float { dot(a, b) }
}
