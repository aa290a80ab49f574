import CKernels

/// Which keys a query may see.
package struct AttentionMask {
  /// Query t of a sequence sees its keys up to t (counted from the end, when there are more keys
  /// than queries).
  package var isCausal: Bool
  /// Added to the scores: `[T, S]`, or `[B, T, S]`; −∞ hides a key.
  package var additive: Tensor?
  /// Where the keys of the batch's one entry are several sequences, one after another: how long
  /// each is. As many queries are theirs in the same order, or one query is each one's, and none
  /// sees another's keys. Texts of many lengths go through a tower so without padding.
  package var segments: [Int]?

  package init(isCausal: Bool = false, additive: Tensor? = nil, segments: [Int]? = nil) {
    self.isCausal = isCausal
    self.additive = additive
    self.segments = segments
  }

  package static let all = AttentionMask()
  package static let causal = AttentionMask(isCausal: true)
}

extension ExecutionContext {
  /// softmax(scale · Q Kᵀ + mask) V for every head (Vaswani et al. 2017).
  ///
  /// `query [B, T, H, D]`, `key` and `value [B, S, H, D]` to `[B, T, H · D]`. Fused: scores are
  /// never stored, unless a tap wants the probabilities at `site`; gradients compute them anew.
  ///
  /// - Throws: ``TensorError`` for shapes that do not fit, or when cancelled.
  package func attention(
    query: Tensor, key: Tensor, value: Tensor, scale: Float, mask: AttentionMask = .all,
    site: LayerSite
  ) throws(TensorError) -> Tensor {
    let (q, k, v) = (query.shape, key.shape, value.shape)
    guard q.rank == 4, k.rank == 4, k == v, q[0] == k[0], q[2] == k[2], q[3] == k[3],
      fits(mask, batch: q[0], queries: q[1], keys: k[1])
    else {
      throw .shapes(
        operation: "attention", found: [q, k, v] + (mask.additive.map { [$0.shape] } ?? []),
        expected: "[B, T, H, D] and twice [B, S, H, D], with a mask of [T, S] or [B, T, S]")
    }
    guard tape == nil || mask.additive?.isTracked != true else {
      throw .notDifferentiable(operation: "the mask of attention")
    }
    guard taps?.wants(site) ?? false, mask.segments == nil else {
      return try fusedAttention(query, key, value, scale: scale, mask: mask)
    }
    let scores = try headProducts(query, key)
    var probabilities = try softmax(
      scores, scale: scale, mask: try scoreMask(mask, batch: q[0], heads: q[2], q[1], k[1]))
    // Under a tape a wanted map is a variable, so that its gradient can be asked for without
    // following the pixels or the vocabulary below it.
    if let tape { probabilities = tape.watch(probabilities) }
    taps?.receive(probabilities, at: site)
    return try headSums(probabilities, value)
  }

  private func fits(_ mask: AttentionMask, batch: Int, queries: Int, keys: Int) -> Bool {
    if let segments = mask.segments {
      return batch == 1 && mask.additive == nil && segments.allSatisfy { $0 > 0 }
        && segments.reduce(0, +) == keys && (queries == keys || queries == segments.count)
    }
    guard let shape = mask.additive?.shape else { return true }
    return shape == [queries, keys] || shape == [batch, queries, keys]
  }

  /// `x` with channels that lie together, whatever its other strides.
  func withRows(_ x: Tensor) throws(TensorError) -> Tensor {
    x.elementType == .f32 && (x.strides[-1] == 1 || x.shape[-1] == 1) ? x : try contiguous(x)
  }

  // MARK: Explicit, for traces

  /// The mask as `[T, S]` or, when it differs by sequence, `[B, H, T, S]`.
  private func scoreMask(
    _ mask: AttentionMask, batch: Int, heads: Int, _ queries: Int, _ keys: Int
  ) throws(TensorError) -> Tensor? {
    guard mask.isCausal || mask.additive != nil else { return nil }
    let perBatch = mask.additive?.shape.rank == 3
    let combined = empty(perBatch ? [batch, heads, queries, keys] : [queries, keys])
    let additive = try mask.additive.map { m throws(TensorError) in try contiguous(m) }
    for plane in 0..<combined.elementCount / max(1, queries * keys) {
      let source = additive.map { $0.floats + (perBatch ? plane / heads * queries * keys : 0) }
      let target = combined.floats + plane * queries * keys
      for query in 0..<queries {
        for key in 0..<keys {
          let hidden = mask.isCausal && key > query + keys - queries
          target[query * keys + key] = hidden ? -.infinity : source?[query * keys + key] ?? 0
        }
      }
    }
    return combined
  }

  /// Q Kᵀ by head: `[B, T, H, D]` and `[B, S, H, D]` to `[B, H, T, S]`.
  func headProducts(_ query: Tensor, _ key: Tensor) throws(TensorError) -> Tensor {
    let (q, k) = (try withRows(query), try withRows(key))
    let (batch, queries, heads, width) = (q.shape[0], q.shape[1], q.shape[2], q.shape[3])
    let keys = k.shape[1]
    let y = empty([batch, heads, queries, keys])
    for index in 0..<batch * heads {
      let (b, h) = (index / heads, index % heads)
      let operands = DotOperands(
        dot: functions.dot_f32, rows: k.floats + b * k.strides[0] + h * k.strides[2],
        stride: k.strides[1], count: keys, k: width, owner: k.storage)
      try dotProduct(
        rows: q.floats + b * q.strides[0] + h * q.strides[2], rowStride: q.strides[1],
        rowCount: queries,
        [DotTarget(operands: operands, out: y.floats + index * queries * keys, outStride: keys)])
    }
    return recorded(y, from: [query, key]) { gradient, context throws(TensorError) in
      [
        query.isTracked ? try context.headSums(gradient, k.detached).reshaped(q.shape) : nil,
        key.isTracked
          ? try context.headSums(gradient, q.detached, transposed: true).reshaped(k.shape)
          : nil,
      ]
    }
  }

  /// P V by head: `[B, H, T, S]` and `[B, S, H, D]` to `[B, T, H · D]`.
  ///
  /// With `transposed`, Pᵀ V: `value [B, T, H, D]` to `[B, S, H · D]`; nothing is copied.
  func headSums(
    _ probabilities: Tensor, _ value: Tensor, transposed: Bool = false
  ) throws(TensorError) -> Tensor {
    let (p, v) = (try contiguous(probabilities), try withRows(value))
    let (batch, heads, width) = (p.shape[0], p.shape[1], v.shape[3])
    let plane = p.shape[2] * p.shape[3]
    let (queries, keys) = transposed ? (p.shape[3], p.shape[2]) : (p.shape[2], p.shape[3])
    let (rowStep, columnStep) = transposed ? (1, queries) : (keys, 1)
    let y = empty([batch, queries, heads * width])
    let kernel = functions.outer
    let (ps, vs, out) = (p.floats, v.floats, y.floats)
    try parallel(batch * heads) { index in
      let (b, h) = (index / heads, index % heads)
      var arguments = gaze_outer_arguments(
        a: ps + index * plane, a_row: rowStep, a_step: columnStep,
        b: vs + b * v.strides[0] + h * v.strides[2], b_step: v.strides[1],
        out: out + b * queries * heads * width + h * width, out_stride: heads * width, bias: nil,
        steps: Int64(keys), rows: Int32(queries), width: Int32(width), accumulate: 0,
        ahead: nil, ahead_bytes: 0)
      kernel(&arguments)
    }
    return recorded(y, from: [probabilities, value]) { gradient, context throws(TensorError) in
      let dy = try context.contiguous(gradient).reshaped([batch, queries, heads, width])
      let (p, v) = (p.detached, v.detached)
      let dp = !probabilities.isTracked
        ? nil : transposed ? try context.headProducts(v, dy) : try context.headProducts(dy, v)
      let dv = value.isTracked
        ? try context.headSums(p, dy, transposed: !transposed).reshaped(v.shape) : nil
      return [dp, dv]
    }
  }
}
