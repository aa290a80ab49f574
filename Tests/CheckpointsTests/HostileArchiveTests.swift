import Foundation
import TestSupport
import Testing

@testable import Checkpoints

private func open(_ bytes: [UInt8]) throws -> WeightStore {
  let folder = try TemporaryFolder()
  defer { withExtendedLifetime(folder) {} }
  return try WeightStore(file: folder.write(bytes, to: "model.pt"))
}

/// What opening these bytes says, without the file's folder.
private func complaint(_ bytes: [UInt8]) -> String {
  do {
    _ = try open(bytes)
    return "no error"
  } catch {
    let text = "\(error)"
    return text.range(of: "model.pt: ").map { String(text[$0.upperBound...]) } ?? text
  }
}

/// What opening an archive with this pickle and one storage of four floats says.
private func complaint(pickle: [UInt8], isScript: Bool = false) -> String {
  complaint(
    ArchiveBuilder.torch(
      pickle, storages: ["0": [UInt8](repeating: 0, count: 16)], isScript: isScript
    ).bytes)
}

private let good = Pickle.whole(Pickle.dictionary([("w", Pickle.tensor(sizes: [4], strides: [1]))]))

@Suite struct HostileZipTests {
  private static func archive(_ change: (inout ArchiveBuilder) -> Void) -> [UInt8] {
    var archive = ArchiveBuilder.torch(good, storages: ["0": [UInt8](repeating: 1, count: 16)])
    change(&archive)
    return archive.bytes
  }

  @Test func acceptsOrdinaryAndWideArchives() throws {
    #expect(try open(Self.archive { _ in }).names == ["w"])
    #expect(try open(Self.archive { $0.isWide = true }).names == ["w"])
    #expect(try open(Self.archive { $0.comment = Array("a remark".utf8) }).names == ["w"])
    #expect(
      try open(
        Self.archive { $0.records.append(.init(name: "a/code/x.py", bytes: [9], method: 8)) }
      )
      .names == ["w"], "compressed code is nobody's concern")
  }

  @Test(arguments: [
    (
      "compressed pickle",
      "the compressed record 'a/data.pkl' is not read; zip the archive without "
        + "compression, or save it again with torch.save"
    ),
    ("compressed storage", "the compressed record 'a/data/0' is not read"),
    ("encrypted", "record 'a/data/0': it is encrypted"),
    ("twice", "record 'a/data/0': two records have this name"),
    ("nested", "claim the same bytes"),
    ("renamed", "its local header disagrees with the directory"),
    ("far", "there is no local header at byte 4000000000"),
    ("long", "the file has"),
    ("saturated", "its sizes in the directory do not fit together"),
    ("too many", "the directory lies outside the file"),
    ("too few", "its records take"),
    ("directory", "the directory lies outside the file"),
    ("no pickle", "a zip archive without data.pkl is not read"),
    ("two pickles", "an archive of archives is not read"),
    ("big", "a big-endian archive is not read"),
    ("no storage", "its record 'a/data/0' is missing"),
    ("short storage", "record 'a/data/0': it has 12 bytes where 4 elements of type f32 should be"),
    ("escape", #"record 'a/\u{1b}[2J': it is encrypted"#),
  ])
  func namesWhatIsWrong(_ trick: String, _ expected: String) {
    let bytes = Self.archive { archive in
      switch trick {
      case "compressed pickle": archive.records[0].method = 8
      case "compressed storage": archive.records[1].method = 8
      case "encrypted": archive.records[1].flags = 1
      case "twice": archive.records.append(archive.records[1])
      case "nested":
        // A record that lies, header and all, inside another.
        let inner = ArchiveBuilder(records: [.init(name: "a/data/1", bytes: [1, 2])]).bytes
        archive.records.insert(.init(name: "a/outer", bytes: inner), at: 0)
        archive.records.append(.init(name: "a/data/1", bytes: [1, 2], announcedOffset: 37))
      case "renamed": archive.records[1].localName = "a/data/9"
      case "far": archive.records[1].announcedOffset = 4_000_000_000
      case "long": archive.records[1].announcedSize = 1_000_000
      case "saturated": archive.records[1].announcedSize = .max
      case "too many": archive.announcedCount = 60_000
      case "too few": archive.announcedCount = 1
      case "directory": archive.announcedDirectory = 0xFFFF_FF00
      case "no pickle": archive.records.removeFirst()
      case "two pickles": archive.records.append(.init(name: "b/data.pkl", bytes: good))
      case "big": archive.records.append(.init(name: "a/byteorder", bytes: Array("big".utf8)))
      case "no storage": archive.records.removeLast()
      case "short storage": archive.records[1].bytes.removeLast(4)
      default: archive.records.append(.init(name: "a/\u{1B}[2J", bytes: [], flags: 1))
      }
    }
    let found = complaint(bytes)
    #expect(found.contains(expected), "\(found)")
  }

  @Test func refusesEveryTruncation() throws {
    let whole = Self.archive { _ in }
    for length in 0..<whole.count {
      #expect(throws: CheckpointError.self, "\(length) bytes") { try open(Array(whole[..<length])) }
    }
  }
}

@Suite struct HostilePickleTests {
  @Test(arguments: [
    ("os", "system"), ("posix", "system"), ("__builtin__", "eval"), ("builtins", "exec"),
    ("builtins", "getattr"), ("subprocess", "Popen"), ("torch", "load"), ("torch.hub", "load"),
    ("torch", "FloatStorage.from_file"), ("torch.jit._pickle", "build_intlist"),
    ("__torch__.Module", "Net"), ("collections", "OrderedDict.fromkeys"), ("torch", "QInt8Storage"),
    ("numpy.core.multiarray", "_reconstruct"), ("", ""),
  ])
  func namesForbiddenGlobals(_ module: String, _ name: String) {
    let call = Pickle.call(Pickle.global(module, name), [Pickle.text("touch /tmp/owned")])
    let found = complaint(pickle: Pickle.whole(call))
    #expect(
      found.hasPrefix("the pickle asks for '\(module).\(name)', which is not needed"), "\(found)")
  }

  @Test func allowsNoForeignNamesInScripts() {
    for (module, name) in [("os", "system"), ("__torch__x", "y"), ("torch.jit._pickle", "restore")]
    {
      let found = complaint(pickle: Pickle.whole(Pickle.global(module, name)), isScript: true)
      #expect(found.contains("is never run"), "\(found)")
    }
  }

  @Test(
    arguments: Array("PioIFLSTVdlg012p\u{1}".utf8) + [
      0x82, 0x83, 0x84, 0x8B, 0x8C, 0x8E, 0x90, 0x91,
      0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x80, 0xFF,
    ])
  func refusesOtherInstructions(_ opcode: UInt8) {
    let found = complaint(pickle: Pickle.start + [opcode] + [UInt8](repeating: 10, count: 20))
    #expect(found.contains("instruction 0x\(String(opcode, radix: 16)) at byte 2"), "\(found)")
  }

  @Test(
    arguments: [
      ([], "the pickle ends early"), ([0x80, 4], "not a pickle of protocol 2"),
      (Pickle.start, "the pickle ends early"), (Pickle.whole(), "a value is missing"),
      (Pickle.whole([0x85]), "a value is missing"),
      (Pickle.whole(Array("t".utf8)), "a mark is missing"),
      (Pickle.whole(Array("R".utf8)), "a value is missing"),
      (Pickle.whole(Array("NNR".utf8)), "arguments are not a tuple"),
      (Pickle.whole(Array("N)R".utf8)), "something is called that is not a name"),
      (Pickle.whole(Array("N)".utf8), [0x81]), "an object is made of what is not a module"),
      (Pickle.whole(Array("Na".utf8)), "something is appended to what is not a list"),
      (Pickle.whole(Array("NNNs".utf8)), "a key is set in what is not a dictionary"),
      (Pickle.whole(Array("}(Nu".utf8)), "a key has no value"),
      (Pickle.whole(Array("NNb".utf8)), "a state is given to what has none"),
      (Pickle.whole(Array("NQ".utf8)), "a storage's parts are not a tuple"),
      (Pickle.whole(Array("(N(.".utf8)), "a value is missing"),
      (Pickle.whole(Array("NN".utf8)), "values are left over"),
      (Pickle.whole(Array("h".utf8), [7]), "value 7 was never remembered"),
      (Pickle.whole(Array("q".utf8), [7]), "nothing to remember"),
      (Pickle.whole(Array("X".utf8), littleEndian(UInt32.max)), "4294967295 bytes are announced"),
      (Pickle.whole(Array("U".utf8), [2, 0xC3, 0x28]), "a text is not UTF-8"),
      (Pickle.whole(Array("c".utf8) + [UInt8](repeating: 97, count: 2000)), "a name has no end"),
      (
        Pickle.whole([0x8A, 255] + [UInt8](repeating: 1, count: 255)),
        "in data.pkl, the bytes of an integer is 255, over the limit of 8"
      ),
      (
        Pickle.whole(Pickle.dictionary([("a", Pickle.int(1))]), Array("(NNu".utf8)),
        "a key is neither text nor a number"
      ),
      (
        Pickle.whole(Array("]".utf8), [0x85], Pickle.global("torch", "Size"), Array("NR".utf8)),
        "arguments are not a tuple"
      ),
    ] as [([UInt8], String)])
  func namesWhatMakesNoSense(_ pickle: [UInt8], _ expected: String) {
    let found = complaint(pickle: pickle)
    #expect(found.contains(expected), "\(found)")
  }

  @Test func survivesDepthAndCycles() {
    let deep = complaint(
      pickle: Pickle.whole(Array(")".utf8), [UInt8](repeating: 0x85, count: 400_000)))
    #expect(deep.contains("the nesting of objects is 65, over the limit of 64"), "\(deep)")
    let itself = Array("}q".utf8) + [0] + Pickle.text("a") + Array("h".utf8) + [0] + Array("s".utf8)
    #expect(complaint(pickle: Pickle.whole(itself)).contains("the nesting of objects is 65"))
    let marks = complaint(
      pickle: Pickle.start + [UInt8](repeating: UInt8(ascii: "("), count: 2_000_000))
    #expect(marks.contains("the depth of the stack"), "\(marks)")
  }

  @Test func survivesBombs() {
    // Each list holds the one before twice: 2^40 paths to the first.
    var doubling = Array("]q".utf8) + [0]
    for index in 0..<40 {
      doubling += Array("]q".utf8) + [UInt8(index + 1)] + Array("(h".utf8) + [UInt8(index)]
      doubling += Array("h".utf8) + [UInt8(index)] + Array("e".utf8)
    }
    let paths = complaint(
      pickle: Pickle.start + Array("(".utf8) + doubling + Array("t.".utf8))
    #expect(paths.contains("the number of values"), "\(paths)")

    var memo = Pickle.start + Array("N".utf8)
    for index in 0...PickleMachine.memoLimit {
      memo += [UInt8(ascii: "r")] + littleEndian(UInt32(index))
    }
    #expect(complaint(pickle: memo + Pickle.stop).contains("the number of remembered values"))

    // One list of items, made a dictionary of again and again.
    var copies = Array("](".utf8)
    for _ in 0..<5000 { copies += Array("NN".utf8) + [0x86] }
    copies += Array("eq".utf8) + [0]
    for _ in 0..<2000 {
      copies +=
        Pickle.global("collections", "OrderedDict") + Array("h".utf8) + [
          0, 0x85, UInt8(ascii: "R"),
        ]
    }
    let copied = complaint(pickle: Pickle.start + copies)
    #expect(copied.contains("the number of copied items"), "\(copied)")

    // One persistent id, resolved again and again.
    let id: [UInt8] = Array(Pickle.storage(count: 4).dropLast())
    var storages = Pickle.start + id + Array("q".utf8) + [0]
    let again: [UInt8] = [UInt8(ascii: "h"), 0, UInt8(ascii: "Q")]
    for _ in 0...PickleMachine.tensorLimit { storages += again }
    let resolved = complaint(pickle: storages)
    #expect(resolved.contains("the number of storages"), "\(resolved)")
  }

  @Test(
    arguments: [
      (0, [5], [1], "lies at bytes 0..<5, outside the 4"), (1, [4], [1], "lies at bytes 1..<5"),
      (0, [2, 2], [4, 1], "lies at bytes 0..<6"), (-1, [1], [1], "no tensor can have sizes"),
      (0, [-1], [1], "no tensor can have sizes"), (0, [2], [-1], "no tensor can have sizes"),
      (0, [2], [1, 1], "no tensor can have sizes"),
      (0, [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1], "no tensor"),
      (0, [.max, .max], [1, 1], "no tensor can have sizes"),
      (0, [.max], [1], "no tensor can have sizes"),
      (0, [0, 1 << 32, 1 << 32], [1, 1, 1], "no tensor can have sizes"),
      (0, [3], [.max], "reach beyond any storage"), (.max, [2], [1], "reach beyond any storage"),
      (.max, [1], [1], "reach beyond any storage"),
      (0, [5], [0], "it repeats elements of its storage"),
      (0, [1 << 30, 1 << 20], [0, 0], "it repeats elements of its storage"),
    ] as [(Int, [Int], [Int], String)])
  func keepsTensorsInTheirStorage(
    _ offset: Int, _ sizes: [Int], _ strides: [Int], _ expected: String
  ) {
    let tensor = Pickle.tensor(offset: offset, sizes: sizes, strides: strides)
    let found = complaint(pickle: Pickle.whole(Pickle.dictionary([("w", tensor)])))
    #expect(found.contains("'w'") && found.contains(expected), "\(found)")
  }

  @Test(
    arguments: [
      (Pickle.storage(count: -1), "a persistent id is not that of a storage"),
      (Pickle.storage(key: Pickle.int(0), count: 4), "a persistent id is not that of a storage"),
      (Pickle.storage(count: 5), "it has 16 bytes where 5 elements of type f32 should be"),
      (Pickle.storage(type: "DoubleStorage", count: 4), "4 elements of type f64 should be"),
      (Pickle.storage(count: .max), "elements of type f32 should be"),
      (
        Pickle.storage(key: Pickle.text("../../etc/passwd"), count: 4),
        "its record 'a/data/../../etc/passwd' is missing"
      ),
      (Array("N".utf8), "a tensor is not made of a storage and an offset"),
    ] as [([UInt8], String)])
  func checksStorages(_ storage: [UInt8], _ expected: String) {
    let tensor = Pickle.tensor(storage: storage, sizes: [1], strides: [1])
    let found = complaint(pickle: Pickle.whole(Pickle.dictionary([("w", tensor)])))
    #expect(found.contains(expected), "\(found)")
  }

  @Test func refusesTwoTensorsOfOneName() {
    let tensor = Pickle.tensor(sizes: [1], strides: [1])
    let inner = Pickle.dictionary([("b", tensor)])
    let found = complaint(pickle: Pickle.whole(Pickle.dictionary([("a.b", tensor), ("a", inner)])))
    #expect(found.contains("two tensors are named 'a.b'"), "\(found)")
  }

  @Test func unwrapsNothingThatHasTensorsBesideIt() throws {
    let tensor = Pickle.tensor(sizes: [1], strides: [1])
    let whole = Pickle.dictionary([
      ("state_dict", Pickle.dictionary([("w", tensor)])), ("scale", tensor),
    ])
    let store = try open(
      ArchiveBuilder.torch(
        Pickle.whole(whole), storages: ["0": [UInt8](repeating: 0, count: 16)]
      ).bytes)
    #expect(store.names == ["scale", "state_dict.w"])
  }
}
