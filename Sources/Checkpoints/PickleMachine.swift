/// Reads the pickles of PyTorch archives, and nothing else: a stack machine whose instructions make
/// plain data and whose globals are names on a short list (``PickleGlobal``).
///
/// Instructions: the Python module `pickletools`; the subset is what `torch.save` and
/// `torch.jit.save` write. No instruction calls anything, imports anything or recurses.
struct PickleMachine {
  /// Longest pickle, most memo entries, deepest stack and most containers.
  static let byteLimit = 64 << 20
  static let memoLimit = 1 << 20
  static let stackLimit = 1 << 20
  static let nodeLimit = 1 << 22
  /// Most tensors and most storages: three bytes of pickle can make one, which takes far more.
  static let tensorLimit = 1 << 19
  /// Longest name of a module or class.
  static let nameLimit = 512

  private(set) var nodes: [PickleNode] = []
  private(set) var storages: [TorchStorage] = []
  private(set) var tensors: [TorchTensor] = []

  let path: String
  private let isScript: Bool
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0
  private var stack: [PickleValue] = []
  /// Heights of the stack at which a mark was set.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var copiedItems = 0

  /// - Parameter isScript: whether TorchScript's own names are allowed.
  init(_ bytes: UnsafeRawBufferPointer, path: String, isScript: Bool) {
    self.bytes = bytes
    self.path = path
    self.isScript = isScript
  }

  func malformed(_ problem: String) -> CheckpointError {
    .malformed(path: path, thing: "data.pkl", problem: "\(problem), before byte \(position)")
  }

  /// Runs to the end and returns the value that the pickle stands for.
  ///
  /// - Throws: ``CheckpointError`` naming a forbidden instruction or global, or the byte at which
  ///   the pickle makes no sense.
  mutating func run() throws(CheckpointError) -> PickleValue {
    guard bytes.count <= PickleMachine.byteLimit else {
      throw .overLimit(
        path: path, thing: "the pickle's length in bytes", found: bytes.count,
        limit: PickleMachine.byteLimit)
    }
    guard try byte() == 0x80, try byte() == 2 else {
      throw malformed("not a pickle of protocol 2")
    }
    while true {
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") {
        let result = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw malformed("values are left over") }
        return result
      }
      try perform(opcode)
      guard stack.count + marks.count <= PickleMachine.stackLimit else {
        throw limit("the depth of the stack", stack.count, PickleMachine.stackLimit)
      }
    }
  }

  private func limit(_ thing: String, _ found: Int, _ limit: Int) -> CheckpointError {
    .overLimit(path: path, thing: "in data.pkl, " + thing, found: found, limit: limit)
  }

  // MARK: Bytes

  private mutating func byte() throws(CheckpointError) -> UInt8 {
    guard position < bytes.count else { throw malformed("the pickle ends early") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func take(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= bytes.count - position else {
      throw malformed("\(count) bytes are announced and \(bytes.count - position) left")
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  private mutating func number<Word: FixedWidthInteger & BitwiseCopyable>(
    _: Word.Type
  ) throws(CheckpointError) -> Word {
    Word(littleEndian: try take(Word.bitWidth / 8).loadUnaligned(as: Word.self))
  }

  private mutating func text(_ count: Int) throws(CheckpointError) -> String {
    let raw = try take(count)
    guard let text = String(validating: raw.bindMemory(to: UInt8.self), as: UTF8.self) else {
      throw malformed("a text is not UTF-8")
    }
    return text
  }

  /// A name up to the end of its line.
  private mutating func line() throws(CheckpointError) -> String {
    let rest = bytes[position...].prefix(PickleMachine.nameLimit)
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
      throw malformed("a name has no end")
    }
    let name = try text(end - position)
    position += 1
    return name
  }

  /// A signed integer of up to eight bytes.
  private mutating func long() throws(CheckpointError) -> Int {
    let count = Int(try byte())
    guard count <= 8 else { throw limit("the bytes of an integer", count, 8) }
    var value = 0
    let raw = try take(count)
    for (index, byte) in raw.enumerated() { value |= Int(byte) << (8 * index) }
    guard count > 0, count < 8 else { return value }
    let unused = Int.bitWidth - 8 * count
    return (value << unused) >> unused
  }

  // MARK: Stack

  private mutating func pop() throws(CheckpointError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw malformed("a value is missing")
    }
    return value
  }

  private mutating func push(_ node: PickleNode) throws(CheckpointError) {
    guard nodes.count < PickleMachine.nodeLimit else {
      throw limit("the number of containers", nodes.count + 1, PickleMachine.nodeLimit)
    }
    nodes.append(node)
    stack.append(.node(nodes.count - 1))
  }

  /// The values above the last mark, which is removed.
  private mutating func popMarked() throws(CheckpointError) -> [PickleValue] {
    guard let height = marks.popLast(), height <= stack.count else {
      throw malformed("a mark is missing")
    }
    defer { stack.removeSubrange(height...) }
    return Array(stack[height...])
  }

  private mutating func popTuple(_ count: Int) throws(CheckpointError) {
    guard stack.count - (marks.last ?? 0) >= count else { throw malformed("a value is missing") }
    let items = Array(stack.suffix(count))
    stack.removeLast(count)
    try push(.tuple(items))
  }

  // MARK: Instructions

  private mutating func perform(_ opcode: UInt8) throws(CheckpointError) {
    switch opcode {
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "K"): stack.append(.int(Int(try number(UInt8.self))))
    case UInt8(ascii: "M"): stack.append(.int(Int(try number(UInt16.self))))
    case UInt8(ascii: "J"): stack.append(.int(Int(try number(Int32.self))))
    case 0x8A: stack.append(.int(try long()))
    case UInt8(ascii: "G"):
      stack.append(.double(Double(bitPattern: try number(UInt64.self).byteSwapped)))
    case UInt8(ascii: "X"): stack.append(.text(try text(Int(try number(UInt32.self)))))
    case UInt8(ascii: "U"): stack.append(.text(try text(Int(try byte()))))
    case UInt8(ascii: "c"): try pushGlobal()
    case UInt8(ascii: "}"): try push(.dictionary([]))
    case UInt8(ascii: "]"): try push(.list([]))
    case UInt8(ascii: ")"): try push(.tuple([]))
    case 0x8F: try push(.set)
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "t"): try push(.tuple(popMarked()))
    case 0x85: try popTuple(1)
    case 0x86: try popTuple(2)
    case 0x87: try popTuple(3)
    case UInt8(ascii: "q"): try remember(Int(try number(UInt8.self)))
    case UInt8(ascii: "r"): try remember(Int(try number(UInt32.self)))
    case UInt8(ascii: "h"): try recall(Int(try number(UInt8.self)))
    case UInt8(ascii: "j"): try recall(Int(try number(UInt32.self)))
    default: try performOnContainer(opcode)
    }
  }

  private mutating func performOnContainer(_ opcode: UInt8) throws(CheckpointError) {
    switch opcode {
    case UInt8(ascii: "a"): try append([try pop()])
    case UInt8(ascii: "e"): try append(try popMarked())
    case UInt8(ascii: "s"):
      let value = try pop()
      try set([try pop(), value])
    case UInt8(ascii: "u"): try set(try popMarked())
    case 0x81: try newObject()
    case UInt8(ascii: "R"): try reduce()
    case UInt8(ascii: "b"): try build()
    case UInt8(ascii: "Q"): try pushStorage()
    default: throw .forbiddenOpcode(path: path, opcode: opcode, position: position - 1)
    }
  }

  private mutating func remember(_ key: Int) throws(CheckpointError) {
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw malformed("nothing to remember")
    }
    memo[key] = value
    guard memo.count <= PickleMachine.memoLimit else {
      throw limit("the number of remembered values", memo.count, PickleMachine.memoLimit)
    }
  }

  private mutating func recall(_ key: Int) throws(CheckpointError) {
    guard let value = memo[key] else { throw malformed("value \(key) was never remembered") }
    stack.append(value)
  }

  private mutating func pushGlobal() throws(CheckpointError) {
    let (module, name) = (try line(), try line())
    guard let global = PickleGlobal(module: module, name: name, isScript: isScript) else {
      throw .forbiddenGlobal(path: path, name: module + "." + name)
    }
    stack.append(.global(global))
  }

  private mutating func append(_ values: [PickleValue]) throws(CheckpointError) {
    guard case .node(let index)? = stack.last, case .list(var items) = nodes[index] else {
      throw malformed("something is appended to what is not a list")
    }
    // Taken out while it grows, so that the array is not copied.
    nodes[index] = .set
    items += values
    nodes[index] = .list(items)
  }

  private mutating func set(_ values: [PickleValue]) throws(CheckpointError) {
    guard values.count % 2 == 0 else { throw malformed("a key has no value") }
    guard case .node(let index)? = stack.last, case .dictionary(var pairs) = nodes[index] else {
      throw malformed("a key is set in what is not a dictionary")
    }
    nodes[index] = .set
    for position in stride(from: 0, to: values.count, by: 2) {
      pairs.append((values[position], values[position + 1]))
    }
    nodes[index] = .dictionary(pairs)
  }

  /// `class(*arguments)` without a call: only TorchScript modules are made so, and stay plain.
  private mutating func newObject() throws(CheckpointError) {
    let arguments = try popTuple("arguments")
    guard case .global(.scriptClass) = try pop(), arguments.isEmpty else {
      throw malformed("an object is made of what is not a module")
    }
    try push(.object(state: .none))
  }

  private mutating func build() throws(CheckpointError) {
    let state = try pop()
    guard case .node(let index)? = stack.last else {
      throw malformed("a state is given to what has none")
    }
    switch nodes[index] {
    case .object: nodes[index] = .object(state: state)
    // An ordered dictionary's attributes, such as a state dictionary's `_metadata`, are no weights.
    case .dictionary: break
    default: throw malformed("a state is given to what has none")
    }
  }

  private mutating func reduce() throws(CheckpointError) {
    let arguments = try popTuple("arguments")
    guard case .global(let global) = try pop() else {
      throw malformed("something is called that is not a name")
    }
    switch (global, arguments.count) {
    case (.rebuildTensor, 5...7): try pushTensor(arguments)
    case (.rebuildParameter, 3):
      guard case .tensor = arguments[0] else { throw malformed("a parameter is not a tensor") }
      stack.append(arguments[0])
    case (.orderedDictionary, 0): try push(.dictionary([]))
    case (.orderedDictionary, 1): try push(.dictionary(pairs(of: arguments[0])))
    case (.size, 1): try push(.tuple(sequence(arguments[0], "a size")))
    case (.device, 1...2): stack.append(.none)
    case (.scriptList, 1): stack.append(arguments[0])
    case (.scriptTag, 2): stack.append(arguments[0])
    default: throw malformed("a call with \(arguments.count) arguments")
    }
  }

  private mutating func pairs(
    of value: PickleValue
  ) throws(CheckpointError) -> [(key: PickleValue, value: PickleValue)] {
    var pairs: [(key: PickleValue, value: PickleValue)] = []
    let items = try sequence(value, "an ordered dictionary's items")
    // The only instruction whose work is not bounded by its own bytes: one list can serve many.
    copiedItems += items.count
    guard copiedItems <= PickleMachine.nodeLimit else {
      throw limit("the number of copied items", copiedItems, PickleMachine.nodeLimit)
    }
    for item in items {
      let pair = try sequence(item, "an item")
      guard pair.count == 2 else { throw malformed("an item is not a key and a value") }
      pairs.append((pair[0], pair[1]))
    }
    return pairs
  }

  private mutating func popTuple(_ thing: String) throws(CheckpointError) -> [PickleValue] {
    guard case .node(let index) = try pop(), case .tuple(let items) = nodes[index] else {
      throw malformed("\(thing) are not a tuple")
    }
    return items
  }

  private func sequence(
    _ value: PickleValue, _ thing: String
  ) throws(CheckpointError) -> [PickleValue] {
    if case .node(let index) = value {
      switch nodes[index] {
      case .tuple(let items), .list(let items): return items
      default: break
      }
    }
    throw malformed("\(thing) is not a list")
  }

  // MARK: Tensors

  /// The storage of a persistent id `("storage", type, key, location, count)`.
  private mutating func pushStorage() throws(CheckpointError) {
    let id = try popTuple("a storage's parts")
    guard id.count == 5, case .text("storage") = id[0],
      case .global(.storageType(let element)) = id[1], case .text(let key) = id[2],
      case .text = id[3], case .int(let count) = id[4], count >= 0
    else { throw malformed("a persistent id is not that of a storage") }
    guard storages.count < PickleMachine.tensorLimit else {
      throw limit("the number of storages", storages.count + 1, PickleMachine.tensorLimit)
    }
    storages.append(TorchStorage(key: key, elementType: element.elementType, count: count))
    stack.append(.storage(storages.count - 1))
  }

  /// `_rebuild_tensor_v2(storage, offset, size, stride, …)`.
  private mutating func pushTensor(_ arguments: [PickleValue]) throws(CheckpointError) {
    guard case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1] else {
      throw malformed("a tensor is not made of a storage and an offset")
    }
    guard tensors.count < PickleMachine.tensorLimit else {
      throw limit("the number of tensors", tensors.count + 1, PickleMachine.tensorLimit)
    }
    tensors.append(
      TorchTensor(
        storage: storage, offset: offset, sizes: try integers(arguments[2], "a tensor's size"),
        strides: try integers(arguments[3], "a tensor's stride")))
    stack.append(.tensor(tensors.count - 1))
  }

  private func integers(
    _ value: PickleValue, _ thing: String
  ) throws(CheckpointError) -> [Int] {
    let items = try sequence(value, thing)
    guard items.count <= 64 else { throw limit("the axes of a tensor", items.count, 64) }
    var integers: [Int] = []
    for item in items {
      guard case .int(let integer) = item else { throw malformed("\(thing) is not of integers") }
      integers.append(integer)
    }
    return integers
  }
}
