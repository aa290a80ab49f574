/// A zip archive, valid unless a test says otherwise.
struct ArchiveBuilder {
  struct Record {
    var name: String
    var bytes: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    /// What the directory says, where that is not the truth.
    var announcedSize: UInt32?
    var announcedOffset: UInt32?
    var localName: String?
  }

  var records: [Record] = []
  /// Puts the true sizes and offsets into zip64 fields.
  var isWide = false
  var announcedCount: UInt16?
  var announcedDirectory: UInt32?
  var comment: [UInt8] = []

  /// An archive as PyTorch lays it out, with `pickle` as its description.
  static func torch(
    _ pickle: [UInt8], storages: [String: [UInt8]] = [:], isScript: Bool = false
  ) -> ArchiveBuilder {
    var archive = ArchiveBuilder()
    archive.records = [Record(name: "a/data.pkl", bytes: pickle)]
    for (key, bytes) in storages.sorted(by: { $0.key < $1.key }) {
      archive.records.append(Record(name: "a/data/" + key, bytes: bytes))
    }
    if isScript { archive.records.append(Record(name: "a/constants.pkl", bytes: [])) }
    return archive
  }

  var bytes: [UInt8] {
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for record in records {
      let (offset, name) = (file.count, Array(record.name.utf8))
      let localName = Array((record.localName ?? record.name).utf8)
      let size = record.announcedSize ?? UInt32(record.bytes.count)
      file +=
        littleEndian(UInt32(0x0403_4B50)) + littleEndian(UInt16(0)) + littleEndian(record.flags)
      file += littleEndian(record.method) + [UInt8](repeating: 0, count: 8)
      file += littleEndian(size) + littleEndian(size)
      file += littleEndian(UInt16(localName.count)) + littleEndian(UInt16(0))
      file += localName + record.bytes
      let place = record.announcedOffset ?? UInt32(offset)
      let extra: [UInt8] =
        isWide
        ? littleEndian(UInt16(1)) + littleEndian(UInt16(24)) + littleEndian(UInt64(size))
          + littleEndian(UInt64(size)) + littleEndian(UInt64(place)) : []
      directory += littleEndian(UInt32(0x0201_4B50)) + [UInt8](repeating: 0, count: 4)
      directory += littleEndian(record.flags) + littleEndian(record.method)
      directory += [UInt8](repeating: 0, count: 8)
      directory += littleEndian(isWide ? UInt32.max : size)
      directory += littleEndian(isWide ? UInt32.max : size)
      directory += littleEndian(UInt16(name.count)) + littleEndian(UInt16(extra.count))
      directory += [UInt8](repeating: 0, count: 10)
      directory += littleEndian(isWide ? UInt32.max : place) + name + extra
    }
    return file + directory + end(directoryOffset: file.count, directorySize: directory.count)
  }

  private func end(directoryOffset: Int, directorySize: Int) -> [UInt8] {
    let count = announcedCount ?? UInt16(records.count)
    let offset = announcedDirectory ?? UInt32(directoryOffset)
    var end: [UInt8] = []
    if isWide {
      end += littleEndian(UInt32(0x0606_4B50)) + littleEndian(UInt64(44)) + littleEndian(UInt32(0))
      end += littleEndian(UInt64(0)) + littleEndian(UInt64(count)) + littleEndian(UInt64(count))
      end += littleEndian(UInt64(directorySize)) + littleEndian(UInt64(offset))
      end += littleEndian(UInt32(0x0706_4B50)) + littleEndian(UInt32(0))
      end += littleEndian(UInt64(directoryOffset + directorySize)) + littleEndian(UInt32(1))
    }
    end += littleEndian(UInt32(0x0605_4B50)) + littleEndian(UInt32(0))
    end += littleEndian(isWide ? UInt16.max : count) + littleEndian(isWide ? UInt16.max : count)
    end += littleEndian(isWide ? UInt32.max : UInt32(directorySize))
    end += littleEndian(isWide ? UInt32.max : offset)
    return end + littleEndian(UInt16(comment.count)) + comment
  }
}

func littleEndian<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
  (0..<Word.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
}

/// Instructions of a pickle, as bytes.
enum Pickle {
  static let start: [UInt8] = [0x80, 2]
  static let stop = Array(".".utf8)

  /// A whole pickle of `body`.
  static func whole(_ body: [UInt8]...) -> [UInt8] { start + body.flatMap(\.self) + stop }

  static func int(_ value: Int) -> [UInt8] { [0x8A, 8] + littleEndian(value) }

  static func text(_ text: String) -> [UInt8] {
    Array("X".utf8) + littleEndian(UInt32(text.utf8.count)) + Array(text.utf8)
  }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    Array("c\(module)\n\(name)\n".utf8)
  }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] {
    Array("(".utf8) + items.flatMap(\.self) + Array("t".utf8)
  }

  static func call(_ function: [UInt8], _ arguments: [[UInt8]]) -> [UInt8] {
    function + tuple(arguments) + Array("R".utf8)
  }

  static func dictionary(_ pairs: [(String, [UInt8])]) -> [UInt8] {
    Array("}(".utf8) + pairs.flatMap { text($0.0) + $0.1 } + Array("u".utf8)
  }

  static func storage(
    type: String = "FloatStorage", key: [UInt8] = text("0"), count: Int
  ) -> [UInt8] {
    tuple([text("storage"), global("torch", type), key, text("cpu"), int(count)])
      + Array("Q".utf8)
  }

  static func tensor(
    storage: [UInt8] = storage(count: 4), offset: Int = 0, sizes: [Int], strides: [Int]
  ) -> [UInt8] {
    call(
      global("torch._utils", "_rebuild_tensor_v2"),
      [
        storage, int(offset), tuple(sizes.map(int)), tuple(strides.map(int)), [0x89],
        global("collections", "OrderedDict") + Array(")R".utf8),
      ])
  }
}
