extension WeightStore {
  /// Opens a weight file, or all shards of an index `….index.json`. The format of a weight file is
  /// told by its first bytes, never by its name. Only headers are read.
  ///
  /// - Throws: ``CheckpointError`` naming the file and what is wrong with it.
  package init(file path: String) throws(CheckpointError) {
    if path.utf8.hasSuffix(ShardIndex.ending.utf8) {
      self = try ShardIndex.open(MappedFile(path: path))
    } else {
      try self.init(singleFile: path)
    }
  }

  /// Opens a file that holds tensors itself.
  init(singleFile path: String) throws(CheckpointError) {
    let mapping = try MappedFile(path: path)
    switch FileSignature(mapping.bytes) {
    case .zip:
      self = try TorchArchive.open(mapping)
    case .other(let format, let remedy):
      throw .unsupportedFormat(path: path, format: format, remedy: remedy)
    case nil:
      self = try SafeTensors.open(mapping)
    }
  }
}

/// What the first bytes of a file say about its format.
enum FileSignature {
  case zip
  /// A format that is not read, and what to do about it.
  case other(format: String, remedy: String)

  /// Nil for anything else, which can only be safetensors: its first bytes are a length.
  init?(_ bytes: UnsafeRawBufferPointer) {
    let legacyRemedy =
      "load it in PyTorch and save it again with torch.save, or take the "
      + "safetensors file"
    let known: [(start: [UInt8], signature: FileSignature)] = [
      (Array("PK\u{3}\u{4}".utf8), .zip),
      ([0x80, 0x02], .other(format: "a bare pickle (PyTorch before 1.6)", remedy: legacyRemedy)),
      ([0x80, 0x03], .other(format: "a bare pickle", remedy: legacyRemedy)),
      ([0x80, 0x04], .other(format: "a bare pickle", remedy: legacyRemedy)),
      ([0x80, 0x05], .other(format: "a bare pickle", remedy: legacyRemedy)),
      (
        Array("GGUF".utf8),
        .other(format: "GGUF", remedy: "take the safetensors files of the same model")
      ),
      (
        [0x89] + Array("HDF".utf8),
        .other(format: "HDF5 (TensorFlow)", remedy: "take the safetensors file")
      ),
      (
        Array("version https://git-lfs".utf8),
        .other(format: "a Git LFS pointer", remedy: "fetch the file itself with git lfs pull")
      ),
      ([0x1F, 0x8B], .other(format: "a gzip archive", remedy: "unpack it first")),
    ]
    let found = known.first { bytes.starts(with: $0.start) }
    if case .zip = found?.signature {
      self = .zip
      return
    }
    // The same bytes may be the length of a safetensors header; then the upper half is zero.
    guard bytes.count < 8 || bytes[4..<8].contains(where: { $0 != 0 }) else { return nil }
    if let found {
      self = found.signature
    } else if bytes.dropFirst(257).starts(with: Array("ustar".utf8)) {
      self = .other(format: "a tar archive (PyTorch before 1.0)", remedy: legacyRemedy)
    } else if let first = bytes.first, [UInt8(ascii: "{"), UInt8(ascii: "<")].contains(first) {
      self = .other(format: "text", remedy: "give the weight file, or the folder that holds it")
    } else {
      return nil
    }
  }
}
