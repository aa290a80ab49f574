import JSONDocuments
import Tensors

/// A tensor on its way into a file.
package struct StoredTensor: Sendable {
  package let name: String
  package let tensor: Tensor
  /// As what its elements are written.
  package let elementType: ElementType

  /// - Parameter elementType: f32 elements may become bf16 or f16, rounded to nearest even; others
  ///   stay what they are, which is what nil means.
  package init(_ name: String, _ tensor: Tensor, as elementType: ElementType? = nil) {
    self.name = name
    self.tensor = tensor
    self.elementType = elementType ?? tensor.elementType
  }
}

/// Writes what ``SafeTensors`` reads, byte for byte as the reference library lays it out: wide
/// element types first, names in the order of their bytes, a header of a multiple of 8 bytes.
package enum SafeTensorsWriter {
  /// Replaces the file at `path` once all of it is on the disk. No more than a part of a tensor is
  /// copied in memory.
  ///
  /// - Throws: ``CheckpointError``; the earlier file is then still there.
  package static func write(
    _ tensors: [StoredTensor], metadata: [String: String] = [:], to path: String
  ) throws(CheckpointError) {
    let tensors = try inOrder(tensors, path)
    let header = try header(tensors, metadata, path)
    var file = try AtomicFile(replacing: path)
    let length = UInt64(header.utf8.count).littleEndian
    let written = withUnsafeBytes(of: length) { bytes in
      Result { () throws(CheckpointError) in try file.append(bytes) }
    }
    try written.get()
    try file.append(header)
    for tensor in tensors { try append(tensor, to: &file) }
    try file.commit()
  }

  // MARK: Header

  private static func inOrder(
    _ tensors: [StoredTensor], _ path: String
  ) throws(CheckpointError) -> [StoredTensor] {
    var names: Set<WeightName> = []
    for tensor in tensors {
      guard names.insert(WeightName(tensor.name)).inserted else {
        throw .duplicateTensor(name: tensor.name, source: path)
      }
      try check(tensor)
    }
    return tensors.sorted { a, b in
      let ranks = (a.elementType.safeTensorsRank, b.elementType.safeTensorsRank)
      return ranks.0 == ranks.1 ? WeightName(a.name) < WeightName(b.name) : ranks.0 < ranks.1
    }
  }

  private static func check(_ stored: StoredTensor) throws(CheckpointError) {
    let (tensor, type) = (stored.tensor, stored.elementType)
    func refused(_ problem: String) -> CheckpointError {
      .cannotDerive(name: stored.name, operation: "store it as \(type.rawValue)", problem: problem)
    }
    guard stored.name != "__metadata__" else { throw refused("the name means something else") }
    guard tensor.isContiguous else { throw refused("its elements do not lie together") }
    guard type.safeTensorsName != nil else { throw refused("the format has no such type") }
    let isRounded = tensor.elementType == .f32 && (type == .bf16 || type == .f16)
    guard type == tensor.elementType || isRounded else {
      throw refused("its elements are \(tensor.elementType.rawValue)")
    }
  }

  private static func header(
    _ tensors: [StoredTensor], _ metadata: [String: String], _ path: String
  ) throws(CheckpointError) -> String {
    var members: [(key: String, value: JSONValue)] = []
    if !metadata.isEmpty {
      let remarks = metadata.sorted { WeightName($0.key) < WeightName($1.key) }
      members.append(
        ("__metadata__", .object(remarks.map { (key: $0.key, value: .string($0.value)) })))
    }
    var end = 0
    for stored in tensors {
      let start = end
      end += stored.elementType.bytes(of: stored.tensor.elementCount)
      let shape = stored.tensor.shape.array.map { JSONValue.integer($0) }
      let entry: JSONValue = [
        "dtype": .string(stored.elementType.safeTensorsName ?? ""), "shape": .array(shape),
        "data_offsets": [.integer(start), .integer(end)],
      ]
      members.append((stored.name, entry))
    }
    var text = JSONValue.object(members).text()
    let count = text.utf8.count
    guard count + 8 <= SafeTensors.headerLimit else {
      throw .overLimit(
        path: path, thing: "the header's length in bytes", found: count,
        limit: SafeTensors.headerLimit)
    }
    // Aligned tensors can be used where the file is mapped.
    text += String(repeating: " ", count: (8 - count % 8) % 8)
    return text
  }

  // MARK: Elements

  /// Elements rounded at a time.
  private static let partCount = 1 << 16

  private static func append(
    _ stored: StoredTensor, to file: inout AtomicFile
  ) throws(CheckpointError) {
    let tensor = stored.tensor
    defer { withExtendedLifetime(tensor.storage) {} }
    guard stored.elementType != tensor.elementType else {
      return try file.append(UnsafeRawBufferPointer(start: tensor.bytes, count: tensor.byteCount))
    }
    let values = UnsafeBufferPointer(start: tensor.floats, count: tensor.elementCount)
    let round = stored.elementType == .bf16 ? Rounding.bf16 : Rounding.f16
    var part = [UInt16](repeating: 0, count: min(partCount, values.count))
    for start in stride(from: 0, to: values.count, by: partCount) {
      let range = start..<min(start + partCount, values.count)
      if let index = round(values[range], &part) {
        throw .cannotDerive(
          name: stored.name, operation: "store it as \(stored.elementType.rawValue)",
          problem: "\(values[index]) at element \(index) is beyond its greatest number")
      }
      let result = part.withUnsafeBytes { bytes in
        let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(2 * range.count))
        return Result { () throws(CheckpointError) in try file.append(bytes) }
      }
      try result.get()
    }
  }
}

extension ElementType {
  /// What a safetensors header calls this type, or nil when it has no word for it.
  fileprivate var safeTensorsName: String? {
    switch self {
    case .f64, .f32, .f16, .bf16, .i64, .i32, .i16, .i8, .u8, .bool: rawValue.uppercased()
    case .q8_0, .q4_0: nil
    }
  }

  /// Where the reference library puts tensors of this type: the widest first.
  fileprivate var safeTensorsRank: Int {
    let order: [ElementType] = [.i64, .f64, .f32, .i32, .bf16, .f16, .i16, .i8, .u8, .bool]
    return order.firstIndex(of: self) ?? order.count
  }
}
