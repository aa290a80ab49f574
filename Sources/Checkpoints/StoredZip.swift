/// A zip archive, whose stored records are read where they lie.
///
/// Format: PKWARE APPNOTE 6.3, with the zip64 extension. Only the central directory and the local
/// headers are read. TorchScript compresses its code, which nobody asks for; a compressed record
/// is refused when it is asked for. Encrypted and multi-disk archives are refused, as are
/// records that share bytes, share names, or lie outside the file.
struct StoredZip {
  private struct Record {
    /// From the start of the file.
    let range: Range<Int>
    let isStored: Bool
  }

  private var records: [WeightName: Record] = [:]

  var names: some Collection<WeightName> { records.keys }

  func contains(_ name: String) -> Bool { records[WeightName(name)] != nil }

  /// Where the bytes of a record lie, or nil when there is none by that name.
  ///
  /// - Throws: ``CheckpointError/unsupportedFormat(path:format:remedy:)`` when it is compressed.
  func range(of name: String) throws(CheckpointError) -> Range<Int>? {
    guard let record = records[WeightName(name)] else { return nil }
    guard record.isStored else {
      throw .unsupportedFormat(
        path: path, format: "the compressed record \(name.quoted)",
        remedy: "zip the archive without compression, or save it again with torch.save")
    }
    return record.range
  }

  static let recordLimit = 1_000_000

  private let bytes: UnsafeRawBufferPointer
  private let path: String

  init(_ mapping: MappedFile) throws(CheckpointError) {
    bytes = mapping.bytes
    path = mapping.path
    let directory = try CentralDirectory(bytes, path: path)
    guard directory.count <= StoredZip.recordLimit else {
      throw .overLimit(
        path: path, thing: "the number of records", found: directory.count,
        limit: StoredZip.recordLimit)
    }
    var claimed: [(name: WeightName, range: Range<Int>)] = []
    var position = directory.range.lowerBound
    for _ in 0..<directory.count {
      let entry = try centralEntry(at: &position, end: directory.range.upperBound)
      let data = try dataRange(of: entry)
      guard data.upperBound <= directory.range.lowerBound else {
        throw malformed(entry.name.text, "it reaches into the directory of the archive")
      }
      claimed.append((entry.name, entry.headerOffset..<data.upperBound))
      let record = Record(range: data, isStored: entry.isStored)
      guard records.updateValue(record, forKey: entry.name) == nil else {
        throw malformed(entry.name.text, "two records have this name")
      }
    }
    guard position == directory.range.upperBound else {
      throw malformed(
        "directory",
        "its records take \(position - directory.range.lowerBound) bytes of "
          + "\(directory.range.count)")
    }
    claimed.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(claimed, claimed.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      throw .overlap(path: path, first: first.name.text, second: second.name.text)
    }
  }

  private struct Entry {
    let name: WeightName
    let byteCount: Int
    let headerOffset: Int
    let method: Int

    var isStored: Bool { method == 0 }
  }

  private func malformed(_ record: String, _ problem: String) -> CheckpointError {
    .malformed(path: path, thing: "record \(record.quoted)", problem: problem)
  }

  /// One record of the central directory; moves `position` behind it.
  private func centralEntry(
    at position: inout Int, end: Int
  ) throws(CheckpointError) -> Entry {
    guard end - position >= 46, bytes.u32(position) == 0x0201_4B50 else {
      throw malformed("directory", "no record at byte \(position)")
    }
    let header = position
    let (nameLength, extraLength) = (bytes.u16(header + 28), bytes.u16(header + 30))
    let length = 46 + nameLength + extraLength + bytes.u16(header + 32)
    guard length <= end - header else {
      throw malformed("directory", "the record at byte \(header) is cut off")
    }
    position += length
    let rawName = bytes[header + 46..<header + 46 + nameLength]
    guard let text = String(validating: rawName.map { $0 }, as: UTF8.self),
      !text.isEmpty, !rawName.contains(0)
    else { throw malformed("directory", "the name at byte \(header + 46) is not text") }
    guard bytes.u16(header + 8) & 0x2041 == 0 else { throw malformed(text, "it is encrypted") }
    let method = bytes.u16(header + 10)
    var fields = Zip64Fields(
      packed: bytes.u32(header + 20), unpacked: bytes.u32(header + 24),
      offset: bytes.u32(header + 42), disk: bytes.u16(header + 34))
    let extra = header + 46 + nameLength
    guard fields.widen(bytes, extra..<extra + extraLength), fields.disk == 0,
      method != 0 || fields.packed == fields.unpacked
    else { throw malformed(text, "its sizes in the directory do not fit together") }
    return Entry(
      name: WeightName(text), byteCount: fields.packed, headerOffset: fields.offset,
      method: method)
  }

  /// Where a record's bytes lie, behind its local header.
  private func dataRange(of entry: Entry) throws(CheckpointError) -> Range<Int> {
    let header = entry.headerOffset
    guard header <= bytes.count - 30, bytes.u32(header) == 0x0403_4B50 else {
      throw malformed(entry.name.text, "there is no local header at byte \(header)")
    }
    let nameLength = bytes.u16(header + 26)
    let start = header + 30 + nameLength + bytes.u16(header + 28)
    guard start <= bytes.count, entry.byteCount <= bytes.count - start else {
      throw .truncated(
        path: path, thing: "record \(entry.name.text.quoted)",
        needed: entry.byteCount, found: max(0, bytes.count - start))
    }
    guard bytes.u16(header + 8) == entry.method,
      bytes[header + 30..<header + 30 + nameLength].elementsEqual(entry.name.text.utf8)
    else { throw malformed(entry.name.text, "its local header disagrees with the directory") }
    return start..<start + entry.byteCount
  }
}

/// The directory at the end of an archive.
private struct CentralDirectory {
  let range: Range<Int>
  let count: Int

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(CheckpointError) {
    func malformed(_ problem: String) -> CheckpointError {
      .malformed(path: path, thing: "end of the archive", problem: problem)
    }
    // The end record is 22 bytes and a comment of up to 65,535, which must reach the end.
    let earliest = max(0, bytes.count - 22 - 0xFFFF)
    guard
      let end = stride(from: bytes.count - 22, through: earliest, by: -1).first(where: {
        $0 >= 0 && bytes.u32($0) == 0x0605_4B50 && $0 + 22 + bytes.u16($0 + 20) == bytes.count
      })
    else {
      throw .malformed(
        path: path, thing: "archive",
        problem: "its directory is missing; the download may have "
          + "been cut off")
    }
    var count = bytes.u16(end + 10)
    var (size, offset) = (bytes.u32(end + 12), bytes.u32(end + 16))
    var (disk, directoryEnd) = (bytes.u16(end + 4) | bytes.u16(end + 6), end)
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      guard end >= 20, bytes.u32(end - 20) == 0x0706_4B50,
        let wide = bytes.u64(end - 12), wide <= end - 20 - 56, bytes.u32(wide) == 0x0606_4B50,
        let wideCount = bytes.u64(wide + 32), let wideSize = bytes.u64(wide + 40),
        let wideOffset = bytes.u64(wide + 48)
      else { throw malformed("its 64-bit directory cannot be found") }
      (count, size, offset) = (wideCount, wideSize, wideOffset)
      disk = bytes.u32(wide + 16) | bytes.u32(wide + 20)
      directoryEnd = wide
    }
    guard disk == 0 else { throw malformed("it spans several disks") }
    guard offset <= directoryEnd, size <= directoryEnd - offset, count <= size / 46 else {
      throw malformed("the directory lies outside the file")
    }
    range = offset..<offset + size
    self.count = count
  }
}

/// The sizes of a directory record, some of which may be in its zip64 extra field.
private struct Zip64Fields {
  var packed: Int
  var unpacked: Int
  var offset: Int
  var disk: Int

  /// Takes saturated fields from the extra field with id 1; false when they are not there.
  mutating func widen(_ bytes: UnsafeRawBufferPointer, _ extra: Range<Int>) -> Bool {
    var position = extra.lowerBound
    while extra.upperBound - position >= 4 {
      let (id, length) = (bytes.u16(position), bytes.u16(position + 2))
      position += 4
      guard length <= extra.upperBound - position else { return false }
      if id == 1 { return take(bytes, position..<position + length) }
      position += length
    }
    return unpacked != 0xFFFF_FFFF && packed != 0xFFFF_FFFF && offset != 0xFFFF_FFFF
      && disk != 0xFFFF
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer, _ field: Range<Int>) -> Bool {
    var position = field.lowerBound
    /// The next wide value where the narrow one is saturated.
    func widened(_ value: Int) -> Int? {
      guard value == 0xFFFF_FFFF else { return value }
      guard field.upperBound - position >= 8 else { return nil }
      defer { position += 8 }
      return bytes.u64(position)
    }
    // The order is the format's.
    guard let unpacked = widened(unpacked), let packed = widened(packed),
      let offset = widened(offset)
    else { return false }
    (self.unpacked, self.packed, self.offset) = (unpacked, packed, offset)
    if disk == 0xFFFF {
      guard field.upperBound - position >= 4 else { return false }
      disk = bytes.u32(position)
    }
    return true
  }
}

/// Little-endian numbers. Callers check that the bytes are there.
extension UnsafeRawBufferPointer {
  fileprivate func u16(_ offset: Int) -> Int {
    Int(UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }

  fileprivate func u32(_ offset: Int) -> Int {
    Int(UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  /// Nil beyond the largest `Int`.
  fileprivate func u64(_ offset: Int) -> Int? {
    Int(exactly: UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
  }
}
