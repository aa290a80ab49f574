import JSONDocuments
import Tensors

/// The safetensors container: a JSON header, then the bytes of every tensor.
///
/// Layout (github.com/huggingface/safetensors): u64 little-endian header length N, N bytes of
/// `{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {…}}`, data from 8 + N.
/// Bytes between tensors are allowed, tensors that overlap are not.
enum SafeTensors {
  /// The longest header that is parsed, as in the reference implementation.
  static let headerLimit = 100_000_000

  static func open(_ mapping: MappedFile) throws(CheckpointError) -> WeightStore {
    let header = try headerRange(mapping)
    let document: JSONDocument
    do {
      document = try JSONDocument(
        bytes: UnsafeRawBufferPointer(rebasing: mapping.bytes[header]), source: mapping.path)
    } catch { throw .json(error) }
    guard document.root.kind == .object else {
      throw .malformed(path: mapping.path, thing: "header", problem: "it is not a JSON object")
    }
    var reader = HeaderReader(mapping: mapping, dataStart: header.upperBound)
    try document.root.forEachMember { (key, value) throws(CheckpointError) in
      try reader.read(String(decoding: key, as: UTF8.self), value)
    }
    return try reader.store()
  }

  private static func headerRange(_ mapping: MappedFile) throws(CheckpointError) -> Range<Int> {
    guard mapping.byteCount >= 8 else {
      throw .truncated(
        path: mapping.path, thing: "the header length", needed: 8, found: mapping.byteCount)
    }
    let announced = UInt64(littleEndian: mapping.bytes.loadUnaligned(as: UInt64.self))
    guard let length = Int(exactly: announced), length <= headerLimit else {
      throw .overLimit(
        path: mapping.path, thing: "the header's length in bytes",
        found: Int(clamping: announced), limit: headerLimit)
    }
    guard length <= mapping.byteCount - 8 else {
      throw .truncated(
        path: mapping.path, thing: "the header", needed: 8 + length, found: mapping.byteCount)
    }
    return 8..<8 + length
  }
}

/// Collects the entries of one header.
private struct HeaderReader {
  let mapping: MappedFile
  let dataStart: Int
  private var metadata: [WeightFile.Metadata] = []
  private var placed: [(entry: WeightEntry, range: Range<Int>)] = []

  init(mapping: MappedFile, dataStart: Int) {
    self.mapping = mapping
    self.dataStart = dataStart
  }

  mutating func read(_ name: String, _ value: JSONNode) throws(CheckpointError) {
    guard value.kind == .object else {
      throw malformed(name, "expected an object, found \(value.kind.rawValue)")
    }
    if name == "__metadata__" {
      try value.forEachMember { (key, value) throws(CheckpointError) in
        guard let text = try? value.asString() else {
          throw malformed(name, "every value must be a string")
        }
        metadata.append(.init(key: String(decoding: key, as: UTF8.self), value: text))
      }
    } else {
      try placed.append(tensor(name, value))
    }
  }

  private func tensor(
    _ name: String, _ value: JSONNode
  ) throws(CheckpointError) -> (entry: WeightEntry, range: Range<Int>) {
    let (type, lengths, offsets): (String, [Int], [Int])
    do throws(JSONError) {
      type = try value.required("dtype").asString()
      lengths = try integers(value.required("shape"), limit: Shape.maximumRank)
      offsets = try integers(value.required("data_offsets"), limit: 2)
    } catch {
      let field = error.path.dropFirst("$.".count)
      throw malformed(name, field.isEmpty ? error.problem : "\(field): \(error.problem)")
    }
    guard let elementType = ElementType(safeTensorsName: type) else {
      throw .elementType(path: mapping.path, tensor: name, found: type)
    }
    guard
      let shape = Shape(checking: lengths),
      let expected = elementType.byteCount(elements: shape.elementCount)
    else { throw malformed(name, "no tensor can have the shape \(lengths)") }
    guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0] else {
      throw malformed(name, "data_offsets \(offsets) are not a begin and an end")
    }
    let (range, limit) = (offsets[0]..<offsets[1], mapping.byteCount - dataStart)
    guard range.upperBound <= limit else {
      throw .outOfRange(path: mapping.path, tensor: name, range: range, limit: limit)
    }
    guard range.count == expected else {
      throw .byteCount(
        path: mapping.path, tensor: name, expected: expected, found: range.count)
    }
    let storage = Storage(
      lending: mapping.base + dataStart + range.lowerBound, byteCount: range.count, from: mapping)
    let entry = WeightEntry(
      name: name, originalName: name, elementType: elementType, shape: shape, file: mapping.path,
      storage: storage, byteOffset: 0, strides: shape.contiguousStrides)
    return (entry, range)
  }

  /// A short array of integers; its length is looked at before its elements are.
  private func integers(_ node: JSONNode, limit: Int) throws(JSONError) -> [Int] {
    guard node.count <= limit else {
      throw node.error("an array of \(node.count) numbers where at most \(limit) may be")
    }
    var integers: [Int] = []
    for element in try node.elements() { integers.append(try element.asInteger()) }
    return integers
  }

  private func malformed(_ name: String, _ problem: String) -> CheckpointError {
    .malformed(path: mapping.path, thing: "entry \(name.quoted)", problem: problem)
  }

  /// - Throws: ``CheckpointError/overlap(path:first:second:)``.
  func store() throws(CheckpointError) -> WeightStore {
    let file = WeightFile(
      path: mapping.path, format: .safetensors,
      metadata: metadata.sorted { WeightName($0.key) < WeightName($1.key) }, mapping: mapping)
    var store = WeightStore(source: mapping.path, files: [file])
    var last: (name: String, end: Int)?
    let inOrder = placed.filter { !$0.range.isEmpty }
      .sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (entry, range) in inOrder {
      if let last, range.lowerBound < last.end {
        throw .overlap(path: mapping.path, first: last.name, second: entry.name)
      }
      last = (entry.name, range.upperBound)
    }
    for (entry, _) in placed { try store.insert(entry, as: entry.name) }
    return store
  }
}

extension ElementType {
  /// The type that a safetensors header calls `name`, or nil when it is not read.
  init?(safeTensorsName name: String) {
    switch name {
    case "F64": self = .f64
    case "F32": self = .f32
    case "F16": self = .f16
    case "BF16": self = .bf16
    case "I64": self = .i64
    case "I32": self = .i32
    case "I16": self = .i16
    case "I8": self = .i8
    case "U8": self = .u8
    case "BOOL": self = .bool
    default: return nil
    }
  }
}
