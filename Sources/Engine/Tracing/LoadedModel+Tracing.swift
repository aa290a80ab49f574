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

  /// Rows and columns of patches; nil for texts.
  var grid: (rows: Int, columns: Int)? {
    guard let image else { return nil }
    return image.patchGrid.map { ($0.rows, $0.columns) } ?? tower.grid
  }

  /// Positions of the tower, the class token included.
  var positions: Int { grid.map { tower.prefix + $0.rows * $0.columns } ?? ids.count }

  func site(_ layer: Int) -> LayerSite { LayerSite(tower: tower.name, layer: layer) }
}

/// Attention between the positions of a tower, and what the pool's query makes of them.
private struct TracedAttention {
  /// `[T, T]`; nil where only the pool is looked at.
  var matrix: [Float]?
  /// `[T]`; nil where one of the positions is asked about.
  var pool: [Float]?
  var score: Float?
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
    let pool = request.token == nil ? input.tower.pool : nil
    let last: LayerChoice = pool != nil ? .pool : .index(input.tower.layers - 1)
    let layer: LayerChoice = request.layer ?? (request.method == .raw ? last : .all)
    try check(request, layer, input)
    let context = try context(request.method == .relevance ? .f32 : precision)
    let traced: TracedAttention
    do {
      traced = switch request.method {
      case .raw: try raw(request, layer, pool, input, context)
      case .rollout: try rollout(request, layer, pool, input, context)
      case .relevance: try relevance(request, layer, pool, context)
      }
    } catch let error as TensorError {
      throw EngineError(error)
    } catch let error as EngineError {
      throw error
    } catch {
      throw .trace("\(error)")
    }
    try verifyWeights()
    return try picture(traced, request, layer, input)
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

  private func check(
    _ request: TraceRequest, _ layer: LayerChoice, _ input: TowerInput
  ) throws(EngineError) {
    let tower = input.tower
    if case .index(let layer) = layer, !(0..<tower.layers).contains(layer) {
      throw .trace("layer \(layer) is outside 0…\(tower.layers - 1), the layers of the \(tower.name) tower")
    }
    if case .index(let head) = request.head, !(0..<tower.heads).contains(head) {
      throw .trace("head \(head) is outside 0…\(tower.heads - 1), the heads of the \(tower.name) tower")
    }
    if let token = request.token, !(0..<input.positions).contains(token) {
      throw .trace("token \(token) is outside 0…\(input.positions - 1)")
    }
    if layer == .pool {
      guard tower.pool != nil else {
        throw .trace("the \(tower.name) tower has no pool; its last layer is \(tower.layers - 1)")
      }
      guard request.method == .raw, request.token == nil else {
        throw .trace("the pool has one query and one map; leave token= and method= out")
      }
      guard !request.dropsSinks else {
        throw .trace(
          "sinks are found by what all positions attend to, and the pool has one query; give layer=")
      }
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

  /// Probabilities at the wanted sites, in the order of computation, from the cache where they are
  /// there.
  private func maps(
    _ sites: [LayerSite], _ input: TowerInput, _ context: ExecutionContext
  ) throws(TensorError) -> [Tensor] {
    func key(_ site: LayerSite) -> TraceCache.Key {
      .init(content: input.content, precision: context.precision, site: site)
    }
    let known = sites.compactMap { traces[key($0)] }
    if known.count == sites.count { return known }
    let wanted = Set(sites)
    let taps = Taps(attention: { wanted.contains($0) })
    context.taps = taps
    defer { context.taps = nil }
    _ = try embedded(input, context)
    for (site, map) in taps.attention { traces.store(map, for: key(site)) }
    return taps.attention.map(\.probabilities)
  }

  /// The maps of some layers, and that of the pool where it is wanted.
  private func maps(
    _ layers: Range<Int>, _ pool: LayerSite?, _ input: TowerInput, _ context: ExecutionContext
  ) throws(TensorError) -> (layers: [Tensor], pool: Tensor?) {
    var found = try maps(
      layers.map(input.site) + (pool.map { [$0] } ?? []), input, context)
    let last = pool == nil ? nil : found.popLast()
    return (found, last)
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
    _ request: TraceRequest, _ layer: LayerChoice, _ pool: LayerSite?, _ input: TowerInput,
    _ context: ExecutionContext
  ) throws(TensorError) -> TracedAttention {
    let layers = range(layer, of: input.tower)
    // One pass gives every layer; only towers too large to keep are asked for one at a time.
    let found = try maps(keepable(layers, input), pool, input, context)
    let wanted = found.layers.count == layers.count ? found.layers[...] : found.layers[layers]
    let combined = wanted.map { AttentionMaps.combined($0, request.head) }
    let weights = found.pool.map {
      AttentionMaps.combined($0, layer == .pool ? request.head : .mean)
    }
    guard combined.count > 1 else {
      return TracedAttention(matrix: combined.first, pool: weights)
    }
    let mean = combined[0].indices.map { i in
      combined.reduce(Float(0)) { $0 + $1[i] } / Float(combined.count)
    }
    return TracedAttention(matrix: mean, pool: weights)
  }

  /// All layers when their maps fit the cache, otherwise those asked for.
  private func keepable(_ layers: Range<Int>, _ input: TowerInput) -> Range<Int> {
    let bytes = input.tower.layers * input.tower.heads * input.positions * input.positions * 4
    return bytes <= TraceCache.capacity / 2 ? 0..<input.tower.layers : layers
  }

  private func range(_ layer: LayerChoice, of tower: TowerDescription) -> Range<Int> {
    switch layer {
    case .index(let index): index..<index + 1
    case .all: 0..<tower.layers
    case .pool: 0..<0
    }
  }

  private func rollout(
    _ request: TraceRequest, _ layer: LayerChoice, _ pool: LayerSite?, _ input: TowerInput,
    _ context: ExecutionContext
  ) throws(TensorError) -> TracedAttention {
    var end = input.tower.layers
    if case .index(let last) = layer { end = last + 1 }
    let found = try maps(0..<end, pool, input, context)
    let product = try AttentionMaps.rollout(found.layers, head: request.head, in: context)
    return TracedAttention(
      matrix: product.array, pool: found.pool.map { AttentionMaps.combined($0, request.head) })
  }

  /// Relevance of the pair's logit, minus the identity that it starts from.
  private func relevance(
    _ request: TraceRequest, _ layer: LayerChoice, _ pool: LayerSite?,
    _ context: ExecutionContext
  ) throws -> TracedAttention {
    guard let picture = request.picture, let text = request.text else { return TracedAttention() }
    let image = try processed(picture)
    let ids = try inputIDs(of: text)
    let first: Int
    if case .index(let index) = layer { first = index } else { first = 0 }
    let tower = request.tower.rawValue
    let taps = Taps(attention: { ($0.tower == tower && $0.layer >= first) || $0 == pool })
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
    var weights: [Float]?
    for (site, map) in taps.attention {
      guard let gradient = gradients[map] else {
        throw EngineError.trace("the logit does not depend on the attention of \(site)")
      }
      let pair = (probabilities: map, gradient: try context.scaled(gradient, by: slope))
      if site == pool { weights = AttentionMaps.weighted(pair) } else { pairs.append(pair) }
    }
    guard !pairs.isEmpty else { throw EngineError.trace("no attention was traced") }
    let size = pairs[0].probabilities.shape[2]
    var values = try AttentionMaps.relevance(pairs, in: context).array
    if weights != nil {
      values = AttentionMaps.normalised(values, size: size)
    } else {
      for i in 0..<size { values[i * size + i] -= 1 }
    }
    return TracedAttention(
      matrix: values, pool: weights, score: model.similarity.logit(cosine.array[0]))
  }

  // MARK: Results

  /// The weights that one query gives to the positions.
  private func queried(_ traced: TracedAttention, token: Int?, positions: Int) -> [Float]? {
    if let pool = traced.pool {
      guard let matrix = traced.matrix else { return pool }
      guard matrix.count == pool.count * pool.count else { return nil }
      return AttentionMaps.row(pool, through: matrix)
    }
    guard let matrix = traced.matrix, let token, matrix.count == positions * positions else {
      return nil
    }
    return Array(matrix[token * positions..<(token + 1) * positions])
  }

  /// The row of one position, cut to what can be drawn.
  private func picture(
    _ traced: TracedAttention, _ request: TraceRequest, _ layer: LayerChoice, _ input: TowerInput
  ) throws(EngineError) -> AttentionTrace {
    let positions = input.positions
    let pooled = input.image == nil ? positions - 1 : 0
    let token: Int? = traced.pool == nil ? request.token ?? pooled : nil
    guard let row = queried(traced, token: token, positions: positions), row.count == positions
    else {
      throw .trace("the model cuts this picture into other patches than its \(positions) positions")
    }
    guard row.allSatisfy(\.isFinite) else { throw .notFinite(what: "the attention") }
    let drawn: Range<Int>
    let shape: [Int]
    var pieces: [String] = []
    if let grid = input.grid {
      drawn = input.tower.prefix..<positions
      shape = [grid.rows, grid.columns]
    } else {
      // The marks that begin and end a text are no words.
      let (first, all) = try self.pieces(of: input)
      let words = all.indices.filter { !all[$0].isSpecial }
      let spoken = (words.first ?? 0)..<((words.last ?? -1) + 1)
      drawn = first + spoken.lowerBound..<first + spoken.upperBound
      pieces = spoken.map { all[$0].piece }
      shape = [drawn.count]
    }
    var weights = Array(row[drawn])
    let sinks = !request.dropsSinks
      ? nil
      : traced.matrix.map { AttentionMaps.sinks($0, among: drawn, positions: positions) }
    for sink in sinks ?? [] { weights[sink - drawn.lowerBound] = 0 }
    let (total, inside) = (row.reduce(0, +), weights.reduce(0, +))
    // Relevance has no scale of its own; over words it is divided by its sum, as its authors do.
    if request.method == .relevance, input.grid == nil, inside > 0 {
      weights = weights.map { $0 / inside }
    }
    return AttentionTrace(
      tower: request.tower, method: request.method, layer: layer, head: request.head,
      token: token, layers: input.tower.layers, heads: input.tower.heads, positions: positions,
      shape: shape, weights: weights,
      outside: total > 0 ? max(0, total - inside) / total : 0,
      sinks: sinks, region: input.image?.region, pieces: pieces, score: traced.score)
  }

  /// The position of a text's first token, and what its tokens are.
  private func pieces(
    of input: TowerInput
  ) throws(EngineError) -> (first: Int, tokens: [(piece: String, isSpecial: Bool)]) {
    do {
      let tokens = try bundle.tokenizer.encodeWithPlaces(input.text ?? "")
      // Where padding stands before a text, its tokens come last.
      let isLed = !zip(tokens, input.ids).allSatisfy { Int($0.id) == $1 }
      return (
        isLed ? max(0, input.ids.count - tokens.count) : 0,
        tokens.prefix(input.ids.count).map { ($0.piece, $0.isSpecial) }
      )
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
