import Media
import Models
import Tensors

/// What one tower reads, prepared for it.
private struct TowerInput {
  let content: EmbeddingCache.Content
  let image: ProcessedImage?
  let ids: [Int]
  let text: String?
  let tower: TowerDescription
}

extension LoadedModel {
  /// Attention in one tower, as a weight per patch or word.
  ///
  /// - Throws: ``EngineError``, before any computation when the request names a layer, head or
  ///   position that is not there.
  package func trace(
    _ request: TraceRequest, precision: Precision
  ) throws(EngineError) -> AttentionTrace {
    let input = try input(of: request)
    try check(request, input.tower)
    let layer = request.layer ?? (request.method == .raw ? .index(input.tower.layers - 1) : .all)
    let context = try context(request.method == .relevance ? .f32 : precision)
    let matrix: (values: [Float], score: Float?)
    do {
      matrix = switch request.method {
      case .raw: (try raw(request, layer, input, context), nil)
      case .rollout: (try rollout(request, layer, input, context), nil)
      case .relevance: try relevance(request, layer, context)
      }
    } catch let error as TensorError {
      throw EngineError(error)
    } catch let error as EngineError {
      throw error
    } catch {
      throw .trace("\(error)")
    }
    try verifyWeights()
    return try picture(matrix.values, request, layer, input, score: matrix.score)
  }

  // MARK: Requests

  private func input(of request: TraceRequest) throws(EngineError) -> TowerInput {
    guard let tower = bundle.model.towers.first(where: { $0.name == request.tower.rawValue })
    else { throw .trace("\(bundle.name) has no \(request.tower.rawValue) tower to trace") }
    switch request.tower {
    case .vision:
      guard let picture = request.picture else { throw .trace("a picture is needed") }
      return TowerInput(
        content: .picture(picture.sha256), image: try processed(picture), ids: [], text: nil,
        tower: tower)
    case .text:
      guard let text = request.text else { throw .trace("a text is needed: text=\"…\"") }
      let ids = try inputIDs(of: text)
      return TowerInput(content: .text(ids), image: nil, ids: ids, text: text, tower: tower)
    }
  }

  private func check(_ request: TraceRequest, _ tower: TowerDescription) throws(EngineError) {
    if case .index(let layer)? = request.layer, !(0..<tower.layers).contains(layer) {
      throw .trace("layer \(layer) is outside 0…\(tower.layers - 1), the layers of the \(tower.name) tower")
    }
    if case .index(let head) = request.head, !(0..<tower.heads).contains(head) {
      throw .trace("head \(head) is outside 0…\(tower.heads - 1), the heads of the \(tower.name) tower")
    }
    if request.method == .relevance {
      guard request.picture != nil, request.text != nil else {
        throw .trace("relevance explains the logit of a picture and a text; give text=\"…\"")
      }
      guard request.head == .mean else {
        throw .trace("relevance averages over heads; leave head= out")
      }
    }
  }

  // MARK: Matrices

  /// Probabilities of the wanted layers, from the cache where they are there.
  private func maps(
    _ layers: Range<Int>, _ input: TowerInput, _ context: ExecutionContext
  ) throws(TensorError) -> [Tensor] {
    func key(_ layer: Int) -> TraceCache.Key {
      .init(content: input.content, precision: context.precision, layer: layer)
    }
    let known = layers.compactMap { traces[key($0)] }
    if known.count == layers.count { return known }
    let taps = Taps(attention: { $0.tower == input.tower.name && layers.contains($0.layer) })
    context.taps = taps
    defer { context.taps = nil }
    _ = try embedded(input, context)
    for (site, map) in taps.attention { traces.store(map, for: key(site.layer)) }
    return taps.attention.map(\.probabilities)
  }

  private func embedded(
    _ input: TowerInput, _ context: ExecutionContext
  ) throws(TensorError) -> Tensor {
    guard let image = input.image else {
      return try bundle.model.embed(texts: [input.ids], in: context)
    }
    return try bundle.model.embed(pictures: [image], in: context)
  }

  private func raw(
    _ request: TraceRequest, _ layer: LayerChoice, _ input: TowerInput,
    _ context: ExecutionContext
  ) throws(TensorError) -> [Float] {
    let layers = range(layer, of: input.tower)
    // One pass gives every layer; only towers too large to keep are asked for one at a time.
    let combined = try maps(keepable(layers, input), input, context)
    let wanted = combined.count == layers.count ? combined[...] : combined[layers]
    let maps = wanted.map { AttentionMaps.combined($0, request.head) }
    guard maps.count > 1 else { return maps.first ?? [] }
    return maps[0].indices.map { i in
      maps.reduce(Float(0)) { $0 + $1[i] } / Float(maps.count)
    }
  }

  /// All layers when their maps fit the cache, otherwise those asked for.
  private func keepable(_ layers: Range<Int>, _ input: TowerInput) -> Range<Int> {
    let positions = input.tower.grid.map { $0.rows * $0.columns + input.tower.prefix }
      ?? input.ids.count
    let bytes = input.tower.layers * input.tower.heads * positions * positions * 4
    return bytes <= TraceCache.capacity / 2 ? 0..<input.tower.layers : layers
  }

  private func range(_ layer: LayerChoice, of tower: TowerDescription) -> Range<Int> {
    switch layer {
    case .index(let index): index..<index + 1
    case .all: 0..<tower.layers
    }
  }

  private func rollout(
    _ request: TraceRequest, _ layer: LayerChoice, _ input: TowerInput,
    _ context: ExecutionContext
  ) throws(TensorError) -> [Float] {
    var end = input.tower.layers
    if case .index(let last) = layer { end = last + 1 }
    return try AttentionMaps.rollout(
      try maps(0..<end, input, context), head: request.head, in: context
    ).array
  }

  /// Relevance of the pair's logit, minus the identity that it starts from.
  private func relevance(
    _ request: TraceRequest, _ layer: LayerChoice, _ context: ExecutionContext
  ) throws -> (values: [Float], score: Float?) {
    guard let picture = request.picture, let text = request.text else { return ([], nil) }
    let image = try processed(picture)
    let ids = try inputIDs(of: text)
    let first: Int
    if case .index(let index) = layer { first = index } else { first = 0 }
    let tower = request.tower.rawValue
    let taps = Taps(attention: { $0.tower == tower && $0.layer >= first })
    context.taps = taps
    defer { context.taps = nil }
    let model = bundle.model
    let (cosine, gradients) = try context.differentiate { _ throws(TensorError) in
      let vision = try model.embed(pictures: [image], in: context)
      return try context.linear(vision, weight: try model.embed(texts: [ids], in: context))
    }
    // The logit is an affine function of the cosine; its slope scales every gradient.
    let slope = model.similarity.logit(1) - model.similarity.logit(0)
    var pairs: [(probabilities: Tensor, gradient: Tensor)] = []
    for (site, map) in taps.attention {
      guard let gradient = gradients[map] else {
        throw EngineError.trace("the logit does not depend on the attention of \(site)")
      }
      pairs.append((map, try context.scaled(gradient, by: slope)))
    }
    guard !pairs.isEmpty else { throw EngineError.trace("no attention was traced") }
    let size = pairs[0].probabilities.shape[2]
    let relevance = try AttentionMaps.relevance(pairs, in: context)
    var values = relevance.array
    for i in 0..<size { values[i * size + i] -= 1 }
    return (values, model.similarity.logit(cosine.array[0]))
  }

  // MARK: Results

  /// The row of one position, cut to what can be drawn.
  private func picture(
    _ matrix: [Float], _ request: TraceRequest, _ layer: LayerChoice, _ input: TowerInput,
    score: Float?
  ) throws(EngineError) -> AttentionTrace {
    let positions = Int(Double(matrix.count).squareRoot().rounded())
    let token = request.token ?? (input.image == nil ? positions - 1 : 0)
    guard (0..<positions).contains(token) else {
      throw .trace("token \(token) is outside 0…\(positions - 1)")
    }
    let row = Array(matrix[token * positions..<(token + 1) * positions])
    let drawn: Range<Int>
    let shape: [Int]
    var pieces: [String] = []
    if let grid = input.tower.grid, let image = input.image {
      let size = image.patchGrid.map { ($0.rows, $0.columns) } ?? (grid.rows, grid.columns)
      drawn = input.tower.prefix..<positions
      shape = [size.0, size.1]
    } else {
      // The marks that begin and end a text are no words.
      let all = try self.pieces(of: input)
      let words = all.indices.filter { !all[$0].isSpecial }
      drawn = (words.first ?? 0)..<((words.last ?? -1) + 1)
      pieces = drawn.map { all[$0].piece }
      shape = [drawn.count]
    }
    let weights = Array(row[drawn])
    let total = row.reduce(0, +)
    return AttentionTrace(
      tower: request.tower, method: request.method, layer: layer, head: request.head,
      token: token, layers: input.tower.layers, heads: input.tower.heads, positions: positions,
      shape: shape, weights: weights,
      outside: total > 0 ? max(0, total - weights.reduce(0, +)) / total : 0,
      region: input.image?.region, pieces: pieces, score: score)
  }

  private func pieces(
    of input: TowerInput
  ) throws(EngineError) -> [(piece: String, isSpecial: Bool)] {
    do {
      let tokens = try bundle.tokenizer.encodeWithPlaces(input.text ?? "")
      return tokens.prefix(input.ids.count).map { ($0.piece, $0.isSpecial) }
    } catch {
      throw .tokenizer(error)
    }
  }
}

/// A picture as the model gets it.
package struct ModelView: Sendable {
  package let bitmap: Bitmap
  package let grid: (rows: Int, columns: Int)?
  /// Which part of the upright picture it is.
  package let region: SourceRegion
}

extension LoadedModel {
  /// The picture resized and cropped, and the patches that it is cut into.
  package func view(_ picture: StagedPicture) throws(EngineError) -> ModelView {
    let image = try processed(picture)
    let fixed = bundle.model.towers.first { $0.name == "vision" }?.grid
    return ModelView(
      bitmap: image.asModelSees,
      grid: image.patchGrid.map { ($0.rows, $0.columns) } ?? fixed, region: image.region)
  }
}
