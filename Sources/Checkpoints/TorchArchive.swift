import Tensors

/// A PyTorch archive (`torch.save` since 1.6) or a TorchScript archive (`torch.jit.save`).
///
/// Both are stored zips: `<root>/data.pkl` describes the objects, `<root>/data/<key>` holds the
/// bytes of each storage. TorchScript adds `<root>/constants.pkl` and code, which is never read.
struct TorchArchive {
  private let mapping: MappedFile
  private let zip: StoredZip
  private let root: String
  private let isScript: Bool
  private var machine: PickleMachine
  /// One per record, so that tensors over the same bytes share a storage.
  private var storages: [WeightName: Storage] = [:]
  private var store: WeightStore

  /// Keys under which programs put a state dictionary beside other things.
  static let wrappers = ["state_dict", "model_state_dict", "model"]
  /// Deepest nesting of modules, and most values looked at.
  static let depthLimit = 64
  static let visitLimit = 1 << 19
  /// Longest name of a tensor, in bytes.
  static let nameLimit = 512

  static func open(_ mapping: MappedFile) throws(CheckpointError) -> WeightStore {
    var archive = try TorchArchive(mapping)
    return try archive.read()
  }

  private init(_ mapping: MappedFile) throws(CheckpointError) {
    self.mapping = mapping
    let zip = try StoredZip(mapping)
    let pickles = zip.names.filter { name in
      name.text.utf8.hasSuffix("/data.pkl".utf8)
        && name.text.utf8.count { $0 == UInt8(ascii: "/") } == 1
    }
    guard let pickle = pickles.first, pickles.count == 1,
      let range = try zip.range(of: pickle.text)
    else {
      throw .unsupportedFormat(
        path: mapping.path,
        format: pickles.isEmpty ? "a zip archive without data.pkl" : "an archive of archives",
        remedy: "give a file that torch.save or torch.jit.save wrote")
    }
    root = String(pickle.text.prefix { $0 != "/" })
    isScript = zip.contains(root + "/constants.pkl")
    self.zip = zip
    machine = PickleMachine(
      UnsafeRawBufferPointer(rebasing: mapping.bytes[range]), path: mapping.path,
      isScript: isScript)
    store = WeightStore(source: mapping.path)
    if let order = try zip.range(of: root + "/byteorder"),
      !mapping.bytes[order].elementsEqual("little".utf8)
    {
      throw .unsupportedFormat(
        path: mapping.path, format: "a big-endian archive",
        remedy: "load it in PyTorch on this machine and save it again")
    }
  }

  private mutating func read() throws(CheckpointError) -> WeightStore {
    let whole = try machine.run()
    let wrapped = isScript ? nil : wrapped(in: whole)
    let metadata = wrapped.map { [WeightFile.Metadata(key: "wrapper", value: $0.key)] } ?? []
    var visits = 0
    try collect(wrapped?.value ?? whole, "", depth: 0, &visits)
    store.files = [
      WeightFile(
        path: mapping.path, format: isScript ? .torchScript : .torchArchive, metadata: metadata,
        mapping: mapping)
    ]
    return store
  }

  /// The state dictionary that a program put beside other things. Where tensors lie beside it,
  /// nothing is unwrapped: they would be lost.
  private func wrapped(in whole: PickleValue) -> (key: String, value: PickleValue)? {
    guard let pairs = dictionary(whole),
      !pairs.contains(where: { if case .tensor = $0.value { true } else { false } })
    else { return nil }
    for wrapper in TorchArchive.wrappers {
      for case (.text(wrapper), let value) in pairs where dictionary(value) != nil {
        return (wrapper, value)
      }
    }
    return nil
  }

  private func dictionary(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
    guard case .node(let index) = value, case .dictionary(let pairs) = machine.nodes[index] else {
      return nil
    }
    return pairs
  }

  // MARK: Names

  /// Adds every tensor below `value` under its dotted name.
  private mutating func collect(
    _ value: PickleValue, _ name: String, depth: Int, _ visits: inout Int
  ) throws(CheckpointError) {
    visits += 1
    for (thing, found, limit) in [
      ("the nesting of objects", depth, TorchArchive.depthLimit),
      ("the number of values", visits, TorchArchive.visitLimit),
    ] where found > limit {
      throw .overLimit(path: mapping.path, thing: thing, found: found, limit: limit)
    }
    switch value {
    case .tensor(let index):
      try store.insert(entry(machine.tensors[index], name), as: name)
    case .node(let index):
      switch machine.nodes[index] {
      case .dictionary(let pairs):
        for (key, value) in pairs {
          try collect(value, try joined(name, key), depth: depth + 1, &visits)
        }
      case .list(let items), .tuple(let items):
        for (index, item) in items.enumerated() {
          try collect(item, try joined(name, .int(index)), depth: depth + 1, &visits)
        }
      case .object(let state):
        try collect(state, name, depth: depth + 1, &visits)
      case .set: break
      }
    // Numbers, texts and flags beside the tensors are no weights.
    default: break
    }
  }

  private func joined(_ name: String, _ key: PickleValue) throws(CheckpointError) -> String {
    let component: String
    switch key {
    case .text(let text): component = text
    case .int(let index): component = String(index)
    default:
      throw .malformed(
        path: mapping.path, thing: "dictionary \(name.quoted)",
        problem: "a key is neither text nor a number")
    }
    let full = name.isEmpty ? component : name + "." + component
    guard full.utf8.count <= TorchArchive.nameLimit else {
      throw .overLimit(
        path: mapping.path, thing: "the length of a tensor's name", found: full.utf8.count,
        limit: TorchArchive.nameLimit)
    }
    return full
  }

  // MARK: Tensors

  private mutating func entry(
    _ tensor: TorchTensor, _ name: String
  ) throws(CheckpointError) -> WeightEntry {
    let described = machine.storages[tensor.storage]
    let elementType = described.elementType
    let storage = try storage(described, of: name)
    guard tensor.strides.count == tensor.sizes.count, tensor.offset >= 0,
      tensor.strides.allSatisfy({ $0 >= 0 }), let shape = Shape(checking: tensor.sizes),
      elementType.byteCount(elements: shape.elementCount) != nil
    else {
      throw .malformed(
        path: mapping.path, thing: "tensor \(name.quoted)",
        problem: "no tensor can have sizes \(tensor.sizes), strides \(tensor.strides) and offset "
          + "\(tensor.offset)")
    }
    let end = try lastElement(tensor, shape, name) + 1
    guard end <= described.count else {
      throw .outOfRange(
        path: mapping.path, tensor: name, range: min(tensor.offset, end)..<end,
        limit: described.count)
    }
    guard shape.elementCount <= described.count else {
      throw .malformed(
        path: mapping.path, thing: "tensor \(name.quoted)",
        problem: "it repeats elements of its storage; save a contiguous() copy instead")
    }
    // An empty tensor may begin anywhere; its offset is of no use.
    let offset = shape.elementCount == 0 ? 0 : tensor.offset
    return WeightEntry(
      name: name, originalName: name, elementType: elementType, shape: shape, file: mapping.path,
      storage: storage, byteOffset: offset * elementType.blockBytes,
      strides: Shape(tensor.strides))
  }

  /// The position of the last element in its storage; -1 for an empty tensor.
  private func lastElement(
    _ tensor: TorchTensor, _ shape: Shape, _ name: String
  ) throws(CheckpointError) -> Int {
    guard shape.elementCount > 0 else { return -1 }
    var last = tensor.offset
    for (size, stride) in Swift.zip(tensor.sizes, tensor.strides) {
      let (reach, tooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow) = last.addingReportingOverflow(reach)
      guard !tooFar, !overflow, sum < Int.max else {
        throw .malformed(
          path: mapping.path, thing: "tensor \(name.quoted)",
          problem: "strides \(tensor.strides) reach beyond any storage")
      }
      last = sum
    }
    return last
  }

  private mutating func storage(
    _ described: TorchStorage, of tensor: String
  ) throws(CheckpointError) -> Storage {
    let record = WeightName(root + "/data/" + described.key)
    guard let range = try zip.range(of: record.text) else {
      throw .malformed(
        path: mapping.path, thing: "tensor \(tensor.quoted)",
        problem: "its record \(record.text.quoted) is missing")
    }
    guard let needed = described.elementType.byteCount(elements: described.count),
      needed <= range.count
    else {
      throw .malformed(
        path: mapping.path, thing: "record \(record.text.quoted)",
        problem: "it has \(range.count) bytes where \(described.count) elements of type "
          + "\(described.elementType.rawValue) should be")
    }
    if let known = storages[record] { return known }
    let storage = Storage(
      lending: mapping.base + range.lowerBound, byteCount: range.count, from: mapping)
    storages[record] = storage
    return storage
  }
}
