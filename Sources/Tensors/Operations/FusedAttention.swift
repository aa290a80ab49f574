import CKernels

/// One sequence within a batch of them.
private struct SequenceSpan {
  let batch: Int
  /// Its own within the batch entry.
  let queries, keys: Range<Int>

  static func all(queries: Shape, keys: Shape, _ mask: AttentionMask) -> [SequenceSpan] {
    guard let segments = mask.segments else {
      return (0..<queries[0]).map {
        SequenceSpan(batch: $0, queries: 0..<queries[1], keys: 0..<keys[1])
      }
    }
    let hasOneQueryEach = queries[1] != keys[1]
    var first = 0
    return segments.enumerated().map { index, length in
      let keys = first..<first + length
      first += length
      return SequenceSpan(
        batch: 0, queries: hasOneQueryEach ? index..<index + 1 : keys, keys: keys)
    }
  }

  /// Where `x [B, T, H, D]` has a head's row at a position.
  func offset(of position: Int, in x: Tensor, head: Int) -> Int {
    batch * x.strides[0] + position * x.strides[1] + head * x.strides[2]
  }
}

/// What the kernels of attention and of its gradients are given.
private struct AttentionOperands {
  let query, key, value: Tensor
  let additive: Tensor?
  let mask: AttentionMask
  let scale: Float
  let sequences: [SequenceSpan]

  var heads: Int { query.shape[2] }
  var width: Int { query.shape[3] }

  /// The mask's first row for a sequence.
  func maskRow(_ sequence: SequenceSpan) -> UnsafePointer<Float>? {
    additive.map { additive in
      let plane = additive.shape.rank == 3 ? sequence.batch * sequence.queries.count : 0
      return UnsafePointer(additive.floats + plane * sequence.keys.count)
    }
  }

  /// The last key that the first query sees, or no limit.
  func causalLimit(_ sequence: SequenceSpan) -> Int {
    mask.isCausal ? sequence.keys.count - sequence.queries.count : Int(Int32.max)
  }
}

extension ExecutionContext {
  /// Attention whose scores never leave a cache; see ``attention(query:key:value:scale:mask:site:)``.
  func fusedAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, scale: Float, mask: AttentionMask
  ) throws(TensorError) -> Tensor {
    let operands = AttentionOperands(
      query: try withRows(query), key: try withRows(key), value: try withRows(value),
      additive: try mask.additive.map { m throws(TensorError) in try contiguous(m) }, mask: mask,
      scale: scale, sequences: SequenceSpan.all(queries: query.shape, keys: key.shape, mask))
    let (heads, width) = (operands.heads, operands.width)
    let y = empty([query.shape[0], query.shape[1], heads * width])
    let longest = operands.sequences.map(\.queries.count).max() ?? 0
    let rows = Int(functions.tile_rows)
    let tiles = (longest + rows - 1) / rows
    // Heads are shared out whole, so that a head's keys stay in one cache, unless they are few.
    let count = operands.sequences.count * heads
    let parts = max(1, min(tiles, 4 * pool.threadCount / max(1, count)))
    let scratchFloats = Int(gaze_attention_scratch(Int32(width)))
    let scratch = empty([count * parts, scratchFloats])
    let (out, work) = (y.floats, scratch.floats)
    try parallel(count * parts) { index in
      let (pair, part) = index.quotientAndRemainder(dividingBy: parts)
      attend(
        operands, operands.sequences[pair / heads], head: pair % heads, part: part, of: parts,
        out: out, scratch: work + index * scratchFloats)
    }
    withExtendedLifetime((operands, scratch)) {}
    return recorded(y, from: [query, key, value]) { gradient, context throws(TensorError) in
      try context.attentionGradients(gradient, operands)
    }
  }

  /// One part of the queries of one head of one sequence.
  private func attend(
    _ operands: AttentionOperands, _ sequence: SequenceSpan, head: Int, part: Int, of parts: Int,
    out: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let (q, k, v) = (operands.query, operands.key, operands.value)
    let (heads, width) = (operands.heads, operands.width)
    let tileRows = Int(functions.tile_rows)
    let (queries, keys) = (sequence.queries.count, sequence.keys.count)
    let tiles = (queries + tileRows - 1) / tileRows
    let limit = operands.causalLimit(sequence)
    let mask = operands.maskRow(sequence)
    for tile in tiles * part / parts..<tiles * (part + 1) / parts where !cancellation.isCancelled {
      let first = queries * tile / tiles
      let count = queries * (tile + 1) / tiles - first
      let query = sequence.queries.lowerBound + first
      let row = sequence.batch * q.shape[1] + query
      var arguments = gaze_attention_arguments(
        q: q.floats + sequence.offset(of: query, in: q, head: head), q_stride: q.strides[1],
        k: k.floats + sequence.offset(of: sequence.keys.lowerBound, in: k, head: head),
        k_stride: k.strides[1],
        v: v.floats + sequence.offset(of: sequence.keys.lowerBound, in: v, head: head),
        v_stride: v.strides[1],
        out: out + row * heads * width + head * width, out_stride: heads * width,
        mask: mask.map { $0 + first * keys }, mask_stride: keys,
        scratch: scratch, scale: operands.scale, rows: Int32(count), keys: Int32(keys),
        width: Int32(width),
        causal_limit: operands.mask.isCausal ? Int32(first + limit) : Int32.max)
      functions.attention(&arguments)
    }
  }

  /// With P the probabilities: dV = Pᵀ dY, dP = dY Vᵀ, dS = scale · P (dP − Σ dP P), dQ = dS K and
  /// dK = dSᵀ Q, by head.
  private func attentionGradients(
    _ gradient: Tensor, _ operands: AttentionOperands
  ) throws(TensorError) -> [Tensor?] {
    let dy = try contiguous(gradient)
    let (q, k, v) = (operands.query, operands.key, operands.value)
    let (heads, width) = (operands.heads, operands.width)
    let (dq, dk, dv) = (empty(q.shape), empty(k.shape), empty(v.shape))
    let (queries, keys) = (q.shape[1], k.shape[1])
    let scratchFloats = operands.sequences.map {
      Int(
        gaze_attention_gradient_scratch(
          Int32($0.queries.count), Int32($0.keys.count), Int32(width)))
    }.max() ?? 0
    // Contiguous runs of sequences and heads share one scratch.
    let count = operands.sequences.count * heads
    let parts = min(count, 16 * pool.threadCount)
    let scratch = empty([max(1, parts), scratchFloats])
    let functions = functions
    try parallel(parts) { part in
      for index in count * part / parts..<count * (part + 1) / parts
      where !cancellation.isCancelled {
        let (sequence, head) = (operands.sequences[index / heads], index % heads)
        let (firstQuery, firstKey) = (sequence.queries.lowerBound, sequence.keys.lowerBound)
        let query = (sequence.batch * queries + firstQuery) * heads * width + head * width
        let key = (sequence.batch * keys + firstKey) * heads * width + head * width
        var arguments = gaze_attention_gradient_arguments(
          q: q.floats + sequence.offset(of: firstQuery, in: q, head: head),
          q_stride: q.strides[1],
          k: k.floats + sequence.offset(of: firstKey, in: k, head: head), k_stride: k.strides[1],
          v: v.floats + sequence.offset(of: firstKey, in: v, head: head), v_stride: v.strides[1],
          dy: dy.floats + query, dy_stride: heads * width, dq: dq.floats + query,
          dk: dk.floats + key, dv: dv.floats + key, out_stride: heads * width,
          mask: operands.maskRow(sequence), mask_stride: sequence.keys.count,
          scratch: scratch.floats + part * scratchFloats, scale: operands.scale,
          queries: Int32(sequence.queries.count), keys: Int32(sequence.keys.count),
          width: Int32(width),
          causal_limit: Int32(operands.causalLimit(sequence)))
        functions.attention_backward(&arguments)
      }
    }
    withExtendedLifetime((operands, dy, scratch)) {}
    return [dq, dk, dv]
  }
}
