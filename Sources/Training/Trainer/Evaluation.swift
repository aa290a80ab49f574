import Foundation
import Media
import Models
import Tensors

/// Zero-shot classification of pictures that training does not see.
struct Evaluation {
  let recipe: EvaluationRecipe
  let pictures: PictureSource
  let encoder: PairEncoder
  let processor: ImageProcessor
  /// The labels of each language.
  private let labels: [String: Labels]
  /// Places of the pictures that are measured.
  private let places: [Int]

  /// Pictures, and texts, that go through a tower together.
  private static let batch = 128

  /// - Parameter folder: what relative paths start from.
  /// - Throws: ``TrainingError`` when a source or a file of labels cannot be used, or when cancelled.
  init(
    _ recipe: EvaluationRecipe, relativeTo folder: String, encoder: PairEncoder,
    normalization: PixelScaling.Normalization, unless cancellation: Cancellation
  ) throws(TrainingError) {
    self.recipe = recipe
    self.encoder = encoder
    var processor = ImageProcessor.clip(side: encoder.side)
    processor.scaling.normalization = normalization
    self.processor = processor
    let catalogue = try CaptionedPictures(
      sources: [DataRecipe.Source(path: recipe.source)], relativeTo: folder, unless: cancellation)
    pictures = PictureSource(
      catalogue, side: encoder.side, cacheBytes: 0, augmentation: AugmentationRecipe())
    places = Array(catalogue.pictures.indices.prefix(recipe.limit ?? .max))
    labels = try Evaluation.labels(recipe, of: catalogue, relativeTo: folder)
    let isAnswerable = places.contains { place in
      catalogue.pictures[place].captions.contains { labels[$0.language]?.place(of: $0.text) != nil }
    }
    guard isAnswerable else {
      throw .data(
        path: FilePaths.absolute(recipe.labels ?? recipe.source, relativeTo: folder),
        problem: "none of the captions in \(recipe.source) is among the labels",
        remedy: "write each label as the captions have it")
    }
  }

  /// The accuracy of `model`, over all languages and in each.
  ///
  /// A picture counts in each language in which it has a caption among the labels; it is right when
  /// one of those is the most similar of all labels.
  func callAsFunction(
    _ model: CLIP, step: Int, in context: ExecutionContext
  ) throws(TrainingError) -> HeldOutAccuracy {
    var embeddings: [String: Tensor] = [:]
    for (language, labels) in labels {
      embeddings[language] = try embed(labels.texts, language, model, in: context)
    }
    var counts: [String: (pictures: Int, top1: Int, top5: Int)] = [:]
    for start in stride(from: 0, to: places.count, by: Evaluation.batch) {
      let range = start..<min(places.count, start + Evaluation.batch)
      let (found, vectors) = try embed(Array(places[range]), model, in: context)
      guard let vectors else { continue }
      for (language, labels) in labels {
        guard let texts = embeddings[language] else { continue }
        let cosines: Tensor
        do { cosines = try context.productTransposed(vectors, texts) } catch {
          throw TrainingError(error)
        }
        for (row, place) in found.enumerated() {
          let line = UnsafeBufferPointer(
            start: cosines.floats + row * labels.texts.count, count: labels.texts.count)
          guard let rank = rank(of: place, language, labels, line) else { continue }
          counts[language, default: (0, 0, 0)].pictures += 1
          counts[language, default: (0, 0, 0)].top1 += rank < 1 ? 1 : 0
          counts[language, default: (0, 0, 0)].top5 += rank < 5 ? 1 : 0
        }
      }
    }
    return accuracy(counts, step: step)
  }

  private func accuracy(
    _ counts: [String: (pictures: Int, top1: Int, top5: Int)], step: Int
  ) -> HeldOutAccuracy {
    func part(_ right: Int, _ count: Int) -> Double { Double(right) / Double(max(1, count)) }
    let total = counts.values.reduce(into: (0, 0, 0)) { sum, count in
      sum = (sum.0 + count.pictures, sum.1 + count.top1, sum.2 + count.top5)
    }
    return HeldOutAccuracy(
      step: step, pictures: counts.values.map(\.pictures).max() ?? 0,
      labels: labels.values.map(\.texts.count).max() ?? 0, top1: part(total.1, total.0),
      top5: part(total.2, total.0),
      byLanguage: counts.mapValues {
        HeldOutAccuracy.Language(
          top1: part($0.top1, $0.pictures), top5: part($0.top5, $0.pictures))
      })
  }

  /// How many labels are as similar to a picture as the best of its own, or more; nil where it has
  /// none. A model to which all is one has none right by that.
  private func rank(
    of place: Int, _ language: String, _ labels: Labels, _ cosines: UnsafeBufferPointer<Float>
  ) -> Int? {
    let captions = pictures.catalogue.pictures[place].captions
    let own = Set(
      captions.filter { $0.language == language }.compactMap { labels.place(of: $0.text) })
    guard let best = own.map({ cosines[$0] }).max() else { return nil }
    // What is no number is not below.
    return cosines.indices.count { !(cosines[$0] < best) && !own.contains($0) }
  }

  // MARK: Embedding

  private func embed(
    _ places: [Int], _ model: CLIP, in context: ExecutionContext
  ) throws(TrainingError) -> (found: [Int], vectors: Tensor?) {
    var found: [(place: Int, image: ProcessedImage)] = []
    for place in places {
      let image = pictures.processed(at: place, by: processor, unless: context.cancellation)
      guard !context.cancellation.isCancelled else { throw .cancelled }
      if let image { found.append((place, image)) }
    }
    guard !found.isEmpty else { return ([], nil) }
    do throws(TensorError) {
      return (found.map(\.place), try model.embed(pictures: found.map(\.image), in: context))
    } catch {
      throw TrainingError(error)
    }
  }

  /// Each label's vector: the mean over the templates, of length 1.
  private func embed(
    _ labels: [String], _ language: String, _ model: CLIP, in context: ExecutionContext
  ) throws(TrainingError) -> Tensor {
    let templates = recipe.templates[language] ?? recipe.templates[""] ?? ["{}"]
    var parts: [Tensor] = []
    for start in stride(from: 0, to: labels.count, by: Evaluation.batch) {
      let range = start..<min(labels.count, start + Evaluation.batch)
      var sum: Tensor?
      for template in templates {
        var texts: [[Int]] = []
        for label in labels[range] {
          texts.append(try encoder.ids(of: CaptionChoice.fill(template, with: label)))
        }
        do throws(TensorError) {
          let vectors = try model.embed(texts: texts, in: context)
          sum = try sum.map { sum throws(TensorError) in try context.add(sum, vectors) } ?? vectors
        } catch {
          throw TrainingError(error)
        }
      }
      do throws(TensorError) {
        if let sum { parts.append(try context.normalized(sum)) }
      } catch {
        throw TrainingError(error)
      }
    }
    do throws(TensorError) { return try context.concatenated(parts, axis: 0) } catch {
      throw TrainingError(error)
    }
  }

  // MARK: Labels

  /// A text per line of the recipe's file, where `{language}` stands for each language; or the first
  /// caption of every picture.
  private static func labels(
    _ recipe: EvaluationRecipe, of catalogue: CaptionedPictures, relativeTo folder: String
  ) throws(TrainingError) -> [String: Labels] {
    let languages = Set(catalogue.pictures.flatMap { $0.captions.map(\.language) })
    var labels: [String: Labels] = [:]
    for language in languages {
      var lines: [String] = []
      if let file = recipe.labels {
        let path = FilePaths.absolute(
          file.replacingOccurrences(of: "{language}", with: language), relativeTo: folder)
        lines = try self.lines(of: path)
      } else {
        lines = catalogue.pictures.compactMap { picture in
          picture.captions.first { $0.language == language }?.text
        }
      }
      labels[language] = Labels(lines)
    }
    return labels
  }

  private static func lines(of path: String) throws(TrainingError) -> [String] {
    let bytes: [UInt8]
    do throws(Unusable) { bytes = try BoundedFile.bytes(of: path, limit: 16 << 20) } catch {
      throw .data(path: path, problem: error.problem, remedy: "name a file with a label per line")
    }
    let lines = String(decoding: bytes, as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    guard lines.contains(where: { !$0.isEmpty }) else {
      throw .data(path: path, problem: "there is no label in it", remedy: "write one per line")
    }
    return lines
  }
}

/// Texts to choose from, each once.
private struct Labels {
  private(set) var texts: [String] = []
  private var places: [[UInt8]: Int] = [:]

  init(_ lines: [String]) {
    for line in lines where !line.isEmpty && place(of: line) == nil {
      places[Array(line.utf8)] = texts.count
      texts.append(line)
    }
  }

  func place(of text: String) -> Int? { places[Array(text.utf8)] }
}
