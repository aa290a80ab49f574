import Models
import Tensors

extension LoadedModel {
  /// Ranks labels for each picture by the cosine of their embeddings (Radford et al. 2021).
  ///
  /// - Throws: ``EngineError`` before any computation when a label is too long, or when
  ///   interrupted.
  package func rank(
    _ request: RankRequest, precision: Precision,
    progress: @Sendable (StageProgress) -> Void = { _ in }
  ) throws(EngineError) -> Ranking {
    let prompts = request.labels.flatMap { label in
      request.templates.map { $0.replacing("{}", with: label) }
    }
    let similarity = bundle.model.similarity
    guard similarity.logit(1).isFinite, similarity.logit(-1).isFinite else {
      throw .notFinite(what: "the checkpoint's scale of logits")
    }
    let clock = ContinuousClock()
    let start = clock.now
    // The empty text goes along; labels are checked before any picture is encoded.
    let texts = try embeddings(
      of: prompts + [""], precision: precision, usesCache: request.usesCache, progress: progress)
    let labelTime = clock.now - start
    let images = try embeddings(
      of: request.pictures, precision: precision, usesCache: request.usesCache,
      progress: progress)
    let labels = labelVectors(texts.vectors, templates: request.templates.count)
    let empty = texts.vectors[texts.vectors.count - 1]
    return Ranking(
      pictures: zip(request.pictures, images.vectors).map { picture, vector in
        ranking(of: picture, vector, labels: zip(request.labels, labels), empty: empty)
      },
      isCompetitive: similarity.isCompetitive,
      imageMilliseconds: images.milliseconds, labelMilliseconds: labelTime.milliseconds,
      cached: texts.cached + images.cached)
  }

  /// The normalised mean over each label's templates.
  private func labelVectors(_ vectors: [[Float]], templates: Int) -> [[Float]] {
    guard templates > 1 else { return vectors.dropLast() }
    return stride(from: 0, to: vectors.count - 1, by: templates).map { start in
      var mean = [Float](repeating: 0, count: vectors[start].count)
      for vector in vectors[start..<start + templates] {
        for i in mean.indices { mean[i] += vector[i] }
      }
      let length = dot(mean, mean).squareRoot()
      return length > 0 ? mean.map { $0 / length } : mean
    }
  }

  private func ranking(
    of picture: StagedPicture, _ vector: [Float],
    labels: Zip2Sequence<[String], [[Float]]>, empty: [Float]
  ) -> PictureRanking {
    let similarity = bundle.model.similarity
    let cosines = labels.map { dot(vector, $0.1) }
    let logits = cosines.map(similarity.logit)
    let probabilities = similarity.probabilities(logits)
    let items = labels.enumerated().map { index, entry in
      RankedLabel(
        label: entry.0, cosine: cosines[index], logit: logits[index],
        probability: probabilities[index])
    }
    let cosine = dot(vector, empty)
    return PictureRanking(
      name: picture.name, sha256: picture.sha256,
      // Equal scores keep the order in which the user gave them.
      items: items.enumerated().sorted {
        $0.element.logit != $1.element.logit
          ? $0.element.logit > $1.element.logit : $0.offset < $1.offset
      }.map(\.element),
      baseline: (cosine: cosine, logit: similarity.logit(cosine)))
  }

  /// The embedding of one picture.
  package func embed(
    _ picture: StagedPicture, precision: Precision, usesCache: Bool
  ) throws(EngineError) -> Embedding {
    let result = try embeddings(
      of: [picture], precision: precision, usesCache: usesCache, progress: { _ in })
    return Embedding(
      vector: result.vectors[0], milliseconds: result.milliseconds, cached: result.cached)
  }

  /// The embedding of one text.
  package func embed(
    text: String, precision: Precision, usesCache: Bool
  ) throws(EngineError) -> Embedding {
    let start = ContinuousClock().now
    let result = try embeddings(
      of: [text], precision: precision, usesCache: usesCache, progress: { _ in })
    return Embedding(
      vector: result.vectors[0], milliseconds: (ContinuousClock().now - start).milliseconds,
      cached: result.cached)
  }
}

extension Similarity {
  fileprivate var isCompetitive: Bool {
    switch self {
    case .softmax: true
    case .sigmoid: false
    }
  }
}

/// The inner product of two vectors of one length.
func dot(_ a: [Float], _ b: [Float]) -> Float {
  var sum: Float = 0
  for i in a.indices { sum += a[i] * b[i] }
  return sum
}

extension Duration {
  package var milliseconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) * 1000 + Double(attoseconds) * 1e-15
  }
}
