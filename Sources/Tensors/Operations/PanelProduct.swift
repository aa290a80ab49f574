import CKernels

/// A matrix whose rows lie across a product's columns: panels of ``width`` columns, each
/// `[steps][width]` elements of four bytes.
struct WeightPanels {
  /// What one step sums.
  enum Element {
    case f32
    /// Two neighbours along the summed dimension, in bf16.
    case pair

    /// Steps over `count` of the summed dimension.
    func steps(over count: Int) -> Int { self == .f32 ? count : (count + 1) / 2 }
  }

  /// Columns of one panel: four vectors of the widest instruction set.
  static let width = 64
  static let elementBytes = 4

  let storage: Storage
  let columns: Int
  let steps: Int

  var count: Int { (columns + WeightPanels.width - 1) / WeightPanels.width }

  /// The elements of a panel from a step on.
  func panel(_ index: Int, from step: Int = 0) -> UnsafeMutableRawPointer {
    storage.base + (index * steps + step) * WeightPanels.width * WeightPanels.elementBytes
  }

  /// The columns of a panel; the last may have fewer.
  func range(_ index: Int) -> Range<Int> {
    index * WeightPanels.width..<min(columns, (index + 1) * WeightPanels.width)
  }
}

/// The rows that panels are multiplied by: ``WeightPanels/Element``s, `stride` from row to row.
private struct PanelRows {
  let base: UnsafeRawPointer
  let stride: Int

  func row(_ index: Int, from step: Int) -> UnsafeRawPointer {
    base + (index * stride + step) * WeightPanels.elementBytes
  }
}

/// One product of several with the same rows: by what, and what is done to its sums.
private struct PanelTarget {
  let panels: WeightPanels
  let out: Tensor
  let bias, addend: Tensor?
  let activation: gaze_activation?

  /// Steps that are summed before the next ones: that much of a panel stays in the second-level
  /// cache while all rows pass. The sums are the same for any number.
  private static let slab = 512

  /// Some rows by one panel.
  ///
  /// - Parameter next: the panel that the same thread most likely takes after it.
  func multiply(
    _ rows: PanelRows, _ range: Range<Int>, panel: Int, next: Int,
    by kernel: (UnsafePointer<gaze_outer_arguments>) -> Void, _ functions: gaze_kernel_table
  ) {
    let (columns, stride) = (panels.range(panel), panels.columns)
    let count = Int64(columns.count)
    let corner = out.floats + range.lowerBound * stride + columns.lowerBound
    let biases = bias.map { UnsafePointer($0.floats + columns.lowerBound) }
    if let addend {
      for row in 0..<range.count {
        let from = addend.floats + (range.lowerBound + row) * stride + columns.lowerBound
        guard let biases else {
          (corner + row * stride).update(from: from, count: columns.count)
          continue
        }
        functions.add(from, biases, corner + row * stride, count)
      }
    }
    for step in Swift.stride(from: 0, to: max(1, panels.steps), by: PanelTarget.slab) {
      let isFirst = step == 0 && addend == nil
      let end = min(panels.steps, step + PanelTarget.slab)
      let ahead = slab(after: end, of: panel, next: next)
      var arguments = gaze_outer_arguments(
        a: rows.row(range.lowerBound, from: step), a_row: rows.stride, a_step: 1,
        b: panels.panel(panel, from: step), b_step: WeightPanels.width, out: corner,
        out_stride: stride, bias: isFirst ? biases : nil,
        steps: Int64(end - step), rows: Int32(range.count), width: Int32(columns.count),
        accumulate: isFirst ? 0 : 1, ahead: ahead?.start, ahead_bytes: ahead?.byteCount ?? 0)
      kernel(&arguments)
    }
    guard let activation else { return }
    for row in 0..<range.count {
      functions.activate(corner + row * stride, corner + row * stride, count, activation)
    }
  }

  /// What is read once the steps of a panel before `step` are summed.
  private func slab(
    after step: Int, of panel: Int, next: Int
  ) -> (start: UnsafeRawPointer, byteCount: Int64)? {
    let (panel, step) = step < panels.steps ? (panel, step) : (next, 0)
    guard panel < panels.count else { return nil }
    let count = min(PanelTarget.slab, panels.steps - step) * WeightPanels.width
    return (
      UnsafeRawPointer(panels.panel(panel, from: step)), Int64(count * WeightPanels.elementBytes)
    )
  }
}

extension ExecutionContext {
  /// Rows that one task multiplies by all panels: with a panel they stay in the second-level cache.
  private static let rowBlock = 96
  /// Rows up to which each panel is multiplied by all of them at once.
  private static let fewRows = 1024

  /// The form in which products by `weight` under `precision` take it, or nil where it is read as
  /// it lies. Nothing is converted to f32 that its file stores smaller.
  func panelElement(of weight: Tensor, _ precision: Precision) -> WeightPanels.Element? {
    switch (precision, weight.elementType) {
    case (.f32, .f32): .f32
    case (.bf16, .f32), (.bf16, .f16), (.bf16, .q8_0), (.bf16, .q4_0): .pair
    default: nil
    }
  }

  /// x Wᵀ + b for each map, its activation or addend included; and of pairs, the rows of x as the
  /// gradients need them.
  ///
  /// Each sum is over k in order, whatever the number of rows and threads.
  func panelSums(
    _ x: Tensor, _ maps: [LinearMap], as element: WeightPanels.Element
  ) throws(TensorError) -> (outputs: [Tensor], pairs: PairRows?) {
    let (count, k) = (x.shape.rowCount, x.shape.width)
    var targets: [PanelTarget] = []
    for map in maps {
      targets.append(
        PanelTarget(
          panels: try panels(of: map.weight, as: element),
          out: empty(x.shape.dropping(last: 1).appending(map.weight.shape[0])),
          bias: try map.bias.map { bias throws(TensorError) in try contiguous(bias) },
          addend: try map.addend.map { addend throws(TensorError) in try contiguous(addend) },
          activation: map.activation?.kernel))
    }
    let pairs = element == .pair ? pairRows(count, width: k) : nil
    let rows = pairs.map { PanelRows(base: UnsafeRawPointer($0.storage.base), stride: $0.stride) }
      ?? PanelRows(base: UnsafeRawPointer(x.floats), stride: k)
    let (functions, from) = (functions, x.floats)
    let kernel = element == .pair ? functions.outer_pairs : functions.outer
    func prepare(_ range: Range<Int>) {
      guard let pairs else { return }
      for row in range { pairs.fill(row, from: from + row * k, functions) }
    }
    // Few rows stay in a cache while panels stream past; of many, a block stays beside a panel.
    if count <= ExecutionContext.fewRows {
      if pairs != nil { try parallelRows(count, width: k) { prepare($0) } }
      let tasks = targets.flatMap { target in (0..<target.panels.count).map { (target, $0) } }
      // Where there are more threads than panels, they share the rows.
      let parts = max(1, min(count / 16, 2 * pool.threadCount / max(1, tasks.count)))
      try parallel(tasks.count * parts) { index in
        let ((target, panel), part) = (tasks[index / parts], index % parts)
        let range = count * part / parts..<count * (part + 1) / parts
        target.multiply(
          rows, range, panel: panel, next: panel + pool.threadCount, by: kernel, functions)
      }
    } else {
      let block = ExecutionContext.rowBlock
      try parallel((count + block - 1) / block) { index in
        let range = index * block..<min(count, (index + 1) * block)
        prepare(range)
        for target in targets {
          for panel in 0..<target.panels.count {
            target.multiply(rows, range, panel: panel, next: panel + 1, by: kernel, functions)
          }
        }
      }
    }
    withExtendedLifetime((x, targets)) {}
    return (targets.map(\.out), pairs)
  }

  /// `weight [N, K]` with k along the steps.
  private func panels(
    of weight: Tensor, as element: WeightPanels.Element
  ) throws(TensorError) -> WeightPanels {
    let (n, k, functions) = (weight.shape[0], weight.shape[1], functions)
    return try panels(of: weight, as: .panels(element), columns: n, steps: element.steps(over: k)) {
      panel, range, from in
      let (rows, count) = (from + range.lowerBound * k, Int32(range.count))
      switch element {
      case .f32:
        functions.transpose(
          rows, k, count, Int64(k), panel.assumingMemoryBound(to: Float.self), WeightPanels.width)
      case .pair:
        functions.pair_f32_columns(
          rows, k, count, Int64(k), panel.assumingMemoryBound(to: UInt32.self), WeightPanels.width)
      }
    }
  }

  /// `weight [N, K]` with pairs of n along the steps, for products by its transpose.
  func transposedPairs(of weight: Tensor) throws(TensorError) -> WeightPanels {
    let (n, k, functions) = (weight.shape[0], weight.shape[1], functions)
    let steps = WeightPanels.Element.pair.steps(over: n)
    return try panels(of: weight, as: .transposedPairs, columns: k, steps: steps) {
      panel, range, from in
      let out = panel.assumingMemoryBound(to: UInt32.self)
      for step in 0..<steps {
        let row = from + 2 * step * k + range.lowerBound
        functions.pair_f32_rows(
          row, 2 * step + 1 < n ? row + k : nil, out + step * WeightPanels.width,
          Int64(range.count))
      }
    }
  }

  /// Panels that are made once.
  ///
  /// - Parameter fill: writes one panel, of these columns, from the weight in f32.
  private func panels(
    of weight: Tensor, as form: PackedWeights.Form, columns: Int, steps: Int,
    fill: (UnsafeMutableRawPointer, Range<Int>, UnsafePointer<Float>) -> Void
  ) throws(TensorError) -> WeightPanels {
    let packed = try packedWeights.packed(weight, as: form) { () throws(TensorError) in
      let exact = try contiguous(weight.detached)
      let count = (columns + WeightPanels.width - 1) / WeightPanels.width
      let matrix = empty([count, max(1, steps) * WeightPanels.width], .i32)
      let panels = WeightPanels(storage: matrix.storage, columns: columns, steps: steps)
      try parallel(count) { fill(panels.panel($0), panels.range($0), exact.floats) }
      withExtendedLifetime(exact) {}
      return PackedWeight(matrix: matrix, scales: [], sums: [])
    }
    return WeightPanels(storage: packed.matrix.storage, columns: columns, steps: steps)
  }
}
