import CLibArchive

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Reads a tar file through libarchive, from any header on, without holding more of it than a block.
///
/// Everything in it is hostile: names are only ever compared and shown, and no size is believed
/// before it was held against a limit and against what is there.
final class TarReader {
  struct Member: Equatable {
    /// As the archive writes it, repaired where it is not UTF-8.
    var name: String
    var isFile: Bool
    var size: Int
    /// Where its header begins, with the extensions that belong to it.
    var offset: Int64
  }

  private let archive: OpaquePointer
  private let file: TarFile
  private let origin: Int64

  /// - Parameter offset: the first byte of a header.
  init(path: String, offset: Int64 = 0) throws(Unusable) {
    file = try TarFile(path: path, offset: offset)
    origin = offset
    guard let archive = archive_read_new() else { throw Unusable("there is no memory to read it") }
    self.archive = archive
    archive_read_support_format_tar(archive)
    // The object outlives the archive: `deinit` frees that first.
    let client = Unmanaged.passUnretained(file).toOpaque()
    let opened = archive_read_open2(
      archive, client, nil, { TarFile.readBlock($1, $2) }, { TarFile.skip($1, $2) }, nil)
    guard opened == ARCHIVE_OK else { throw Unusable(Self.problem(of: archive)) }
  }

  deinit { archive_read_free(archive) }

  /// The next member, or nil after the last; what is left of the one before is jumped over.
  func next() throws(Unusable) -> Member? {
    var entry: OpaquePointer?
    let result = archive_read_next_header(archive, &entry)
    if result == ARCHIVE_EOF { return nil }
    guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let entry else {
      throw Unusable(Self.problem(of: archive))
    }
    let name = archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
    let link = archive_entry_hardlink(entry) != nil || archive_entry_symlink(entry) != nil
    return Member(
      name: name.map { String(cString: $0) } ?? "",
      isFile: archive_entry_filetype(entry) == S_IFREG && !link,
      size: Int(max(archive_entry_size(entry), 0)),
      offset: origin + archive_read_header_position(archive))
  }

  /// The data of the member that ``next()`` has just returned; the caller has looked at its size.
  func bytes(of member: Member) throws(Unusable) -> [UInt8] {
    var got = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: member.size) { buffer, filled in
      while filled < member.size, let base = buffer.baseAddress {
        got = archive_read_data(archive, base + filled, member.size - filled)
        if got <= 0 { break }
        filled += got
      }
    }
    guard got >= 0 else { throw Unusable(Self.problem(of: archive)) }
    guard bytes.count == member.size else { throw Unusable("the archive ends within a member") }
    return bytes
  }

  /// Reads the one member whose header begins at `offset`.
  ///
  /// - Throws: ``Unusable`` also when another member is there by now.
  static func member(
    of path: String, at offset: Int64, name: String, limit: Int
  ) throws(Unusable) -> [UInt8] {
    let reader = try TarReader(path: path, offset: offset)
    guard let member = try reader.next(), member.isFile, member.name.utf8.elementsEqual(name.utf8) else {
      throw Unusable("the shard has changed since it was listed")
    }
    guard member.size <= limit else {
      throw Unusable("has \(member.size) bytes, more than the limit of \(limit)")
    }
    return try reader.bytes(of: member)
  }

  private static func problem(of archive: OpaquePointer) -> String {
    archive_error_string(archive).map { String(cString: $0) } ?? "cannot be read as tar"
  }

  /// What a file is compressed with, by its first bytes.
  static func compression(of path: String) -> String? {
    guard let file = try? TarFile(path: path, offset: 0) else { return nil }
    let known: [(start: [UInt8], name: String)] = [
      ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x42, 0x5A, 0x68], "bzip2"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"),
    ]
    let first = file.block()
    return known.first { first.starts(with: $0.start) }?.name
  }
}

/// The bytes under an archive, as libarchive asks for them.
private final class TarFile {
  private let descriptor: CInt
  private var position: Int64
  private let size: Int64
  private let buffer: UnsafeMutableRawBufferPointer

  /// Most reads are of one header, before a jump.
  private static let blockBytes = 16 << 10

  init(path: String, offset: Int64) throws(Unusable) {
    try BoundedFile.check(path, limit: .max)
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system("cannot be opened") }
    var status = stat()
    size = fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
    position = offset
    buffer = .allocate(byteCount: Self.blockBytes, alignment: 16)
  }

  deinit {
    close(descriptor)
    buffer.deallocate()
  }

  /// The next bytes; empty at the end, nil when the system fails.
  private func read() -> UnsafeRawBufferPointer? {
    while true {
      let got = pread(descriptor, buffer.baseAddress, buffer.count, off_t(position))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { return nil }
      position += Int64(got)
      return UnsafeRawBufferPointer(rebasing: buffer[..<got])
    }
  }

  func block() -> [UInt8] { read().map(Array.init) ?? [] }

  /// Points at the next bytes; as a C callback: their count, -1 for a failure.
  static func readBlock(
    _ client: UnsafeMutableRawPointer?, _ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?
  ) -> Int {
    guard let client, let bytes,
      let block = Unmanaged<TarFile>.fromOpaque(client).takeUnretainedValue().read()
    else { return -1 }
    bytes.pointee = block.baseAddress
    return block.count
  }

  /// Jumps, not beyond the end: what is missing there libarchive then reads, and sees it missing.
  static func skip(_ client: UnsafeMutableRawPointer?, _ count: Int64) -> Int64 {
    guard let client else { return 0 }
    let file = Unmanaged<TarFile>.fromOpaque(client).takeUnretainedValue()
    let step = min(max(count, 0), max(file.size - file.position, 0))
    file.position += step
    return step
  }
}
