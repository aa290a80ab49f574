import Tensors

/// How a family brings another naming or layout to its own, without touching any bytes.
extension WeightStore {
  /// The same tensors under other names; nil leaves a tensor out.
  ///
  /// - Throws: ``CheckpointError/duplicateTensor(name:source:)`` when two get the same name.
  package func renamed(
    _ rename: (String) -> String?
  ) throws(CheckpointError) -> WeightStore {
    var result = WeightStore(source: source, files: files)
    for name in entries.keys.sorted() {
      guard let entry = entries[name], let new = rename(name.text) else { continue }
      try result.insert(entry, as: new)
    }
    return result
  }

  /// Without the tensors called `names`, absent ones included.
  package func removing(_ names: String...) -> WeightStore {
    var result = self
    for name in names { result.entries[WeightName(name)] = nil }
    return result
  }

  /// With `tensor` under a new name; its bytes must not be written to afterwards.
  ///
  /// - Precondition: contiguous.
  /// - Throws: ``CheckpointError/duplicateTensor(name:source:)``.
  package func adding(_ name: String, _ tensor: Tensor) throws(CheckpointError) -> WeightStore {
    precondition(tensor.isContiguous, "only contiguous tensors are stored")
    let entry = WeightEntry(
      name: name, originalName: name, elementType: tensor.elementType, shape: tensor.shape,
      file: source, storage: tensor.storage,
      byteOffset: tensor.bytes - tensor.storage.base, strides: tensor.shape.contiguousStrides)
    return try inserting(entry, as: name)
  }

  /// Replaces `[R, …]` tensor `original` by its rows, cut into as many equal parts as there are
  /// names: an attention's stacked q, k and v. In place, because a file may hold very many.
  ///
  /// - Throws: ``CheckpointError/cannotDerive(name:operation:problem:)`` when the rows do not
  ///   divide.
  package mutating func split(
    _ original: String, into parts: [String]
  ) throws(CheckpointError) {
    let entry = try existing(original)
    guard entry.shape.rank > 0, !parts.isEmpty, entry.shape[0] % parts.count == 0 else {
      throw .cannotDerive(
        name: original, operation: "split the rows into \(parts.count) parts",
        problem: "its shape is \(entry.shape)")
    }
    let height = entry.shape[0] / parts.count
    entries[WeightName(original)] = nil
    for (index, part) in parts.enumerated() {
      try insert(entry.rows(index * height..<(index + 1) * height), as: part)
    }
  }

  /// With `[R, C]` tensor `original` replaced by its transpose `[C, R]`, under another name if one
  /// is given. The copy is made when the tensor is asked for.
  ///
  /// - Throws: ``CheckpointError/cannotDerive(name:operation:problem:)`` without two axes or with
  ///   quantised blocks.
  package func transposing(
    _ original: String, as name: String? = nil
  ) throws(CheckpointError) -> WeightStore {
    let entry = try existing(original)
    guard entry.shape.rank == 2, entry.elementType.blockElements == 1 else {
      throw .cannotDerive(
        name: original, operation: "transpose",
        problem: "it is \(entry.shape) of \(entry.elementType.rawValue)")
    }
    let (shape, strides) = (entry.shape, entry.strides)
    let turned = entry.viewed(as: [shape[1], shape[0]], strides: [strides[1], strides[0]])
    return try removing(original).inserting(turned, as: name ?? original)
  }

  /// With tensor `original` replaced by the same elements in another shape.
  ///
  /// - Throws: ``CheckpointError/cannotDerive(name:operation:problem:)`` when the counts differ or
  ///   the elements do not lie together.
  package func reshaping(
    _ original: String, to shape: Shape, as name: String? = nil
  ) throws(CheckpointError) -> WeightStore {
    let entry = try existing(original)
    guard
      shape.elementCount == entry.shape.elementCount,
      entry.strides == entry.shape.contiguousStrides
    else {
      throw .cannotDerive(
        name: original, operation: "reshape to \(shape)", problem: "its shape is \(entry.shape)")
    }
    return try removing(original).inserting(
      entry.viewed(as: shape, strides: shape.contiguousStrides), as: name ?? original)
  }

  private func inserting(
    _ entry: WeightEntry, as name: String
  ) throws(CheckpointError) -> WeightStore {
    var result = self
    try result.insert(entry, as: name)
    return result
  }

  mutating func insert(_ entry: WeightEntry, as name: String) throws(CheckpointError) {
    var entry = entry
    entry.name = name
    guard entries.updateValue(entry, forKey: WeightName(name)) == nil else {
      throw .duplicateTensor(name: name, source: source)
    }
  }
}

extension WeightEntry {
  fileprivate func rows(_ range: Range<Int>) -> WeightEntry {
    var part = shape
    part[0] = range.count
    // Rows of quantised blocks are whole blocks, since a row's width is.
    return viewed(as: part, strides: strides, skipping: range.lowerBound * strides[0])
  }
}
