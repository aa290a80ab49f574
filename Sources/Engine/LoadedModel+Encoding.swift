import Media
import Models
import Tensors

extension LoadedModel {
  /// Pictures that go through a tower together; more gain nothing and delay an interrupt.
  static let picturesPerBatch = 16
  /// Positions of texts that go through a tower together.
  static let positionsPerBatch = 1024

  /// Unit vectors of pictures, in order, how many came from the cache, and the time that the
  /// tower took: resizing is not part of it.
  func embeddings(
    of pictures: [StagedPicture], precision: Precision, usesCache: Bool,
    progress: (StageProgress) -> Void
  ) throws(EngineError) -> (vectors: [[Float]], cached: Int, milliseconds: Double) {
    var found: [String: [Float]] = [:]
    var cached = 0
    var spent = Duration.zero
    for picture in pictures where usesCache {
      let key = EmbeddingCache.Key(content: .picture(picture.sha256), precision: precision)
      if let vector = cache.find(key) {
        found[picture.sha256] = vector
        cached += 1
      }
    }
    var batch: [(sha256: String, image: ProcessedImage)] = []
    var seen = Set(found.keys)
    let missing = pictures.filter { seen.insert($0.sha256).inserted }
    for (index, picture) in missing.enumerated() {
      try checkInterrupt()
      let image = try processed(picture)
      if let first = batch.first,
        !first.image.canShareBatch(with: image) || batch.count == LoadedModel.picturesPerBatch
      {
        spent += try embed(batch, precision, into: &found)
        batch = []
        progress(StageProgress(stage: "encoding pictures", completed: index, total: missing.count))
      }
      batch.append((picture.sha256, image))
    }
    if !batch.isEmpty { spent += try embed(batch, precision, into: &found) }
    return (pictures.compactMap { found[$0.sha256] }, cached, spent.milliseconds)
  }

  /// For work between the kernels, which poll by themselves.
  ///
  /// - Throws: ``EngineError/cancelled`` when the user has interrupted.
  func checkInterrupt() throws(EngineError) {
    if runtime.cancellation.isCancelled { throw .cancelled }
  }

  /// The picture as the model's processor makes it.
  func processed(_ picture: StagedPicture) throws(EngineError) -> ProcessedImage {
    do { return try bundle.imageProcessor.process(picture.bitmap) } catch { throw .media(error) }
  }

  private func embed(
    _ batch: [(sha256: String, image: ProcessedImage)], _ precision: Precision,
    into found: inout [String: [Float]]
  ) throws(EngineError) -> Duration {
    let start = ContinuousClock().now
    let context = try context(precision)
    let rows = try vectors(of: "an image embedding") { () throws(TensorError) in
      try bundle.model.embed(pictures: batch.map(\.image), in: context)
    }
    for (entry, vector) in zip(batch, rows) {
      found[entry.sha256] = vector
      cache.store(
        vector, for: .init(content: .picture(entry.sha256), precision: precision))
    }
    return ContinuousClock().now - start
  }

  /// Unit vectors of texts, in order, and how many came from the cache.
  ///
  /// Texts of one length share a batch, so that none is padded.
  func embeddings(
    of texts: [String], precision: Precision, usesCache: Bool, progress: (StageProgress) -> Void
  ) throws(EngineError) -> (vectors: [[Float]], cached: Int) {
    var ids: [[Int]] = []
    for text in texts {
      try checkInterrupt()
      ids.append(try inputIDs(of: text))
    }
    var found: [[Int]: [Float]] = [:]
    var cached = 0
    for key in ids where usesCache {
      if let vector = cache.find(.init(content: .text(key), precision: precision)) {
        found[key] = vector
        cached += 1
      }
    }
    let missing = Dictionary(grouping: Set(ids).subtracting(found.keys), by: \.count)
    let total = missing.values.reduce(0) { $0 + $1.count }
    var completed = 0
    for (length, group) in missing.sorted(by: { $0.key < $1.key }) {
      // Sets have no order; results must not depend on chance.
      let ordered = group.sorted { $0.lexicographicallyPrecedes($1) }
      let perBatch = max(1, LoadedModel.positionsPerBatch / max(1, length))
      for start in stride(from: 0, to: ordered.count, by: perBatch) {
        let batch = Array(ordered[start..<min(ordered.count, start + perBatch)])
        let context = try context(precision)
        let rows = try vectors(of: "a text embedding") { () throws(TensorError) in
          try bundle.model.embed(texts: batch, in: context)
        }
        for (key, vector) in zip(batch, rows) {
          found[key] = vector
          cache.store(vector, for: .init(content: .text(key), precision: precision))
        }
        completed += batch.count
        progress(StageProgress(stage: "encoding labels", completed: completed, total: total))
      }
    }
    return (ids.compactMap { found[$0] }, cached)
  }

  /// The ids that the model is given for `text`.
  ///
  /// - Throws: ``EngineError/textTooLong(text:ids:limit:)``, ``EngineError/noTokens(text:)``.
  func inputIDs(of text: String) throws(EngineError) -> [Int] {
    let ids: [Int]
    do { ids = try bundle.tokenizer.encode(text).map { Int($0) } } catch {
      throw .tokenizer(error)
    }
    guard ids.count <= bundle.model.textPositions else {
      throw .textTooLong(text: text, ids: ids.count, limit: bundle.model.textPositions)
    }
    let input = bundle.model.inputIDs(from: ids)
    guard !input.isEmpty else { throw .noTokens(text: text) }
    return input
  }

  private func vectors(
    of what: String, _ compute: () throws(TensorError) -> Tensor
  ) throws(EngineError) -> [[Float]] {
    let tensor: Tensor
    do { tensor = try compute() } catch { throw EngineError(error) }
    try verifyWeights()
    let width = tensor.shape[1]
    let values = tensor.array
    guard values.allSatisfy(\.isFinite) else { throw .notFinite(what: what) }
    return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }
}
