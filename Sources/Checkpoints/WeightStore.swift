import Tensors

/// The named tensors of a checkpoint, whatever files they come from.
///
/// A value: transformations give another store over the same bytes. Names are compared as UTF-8
/// bytes. Opening a store reads headers only; a tensor's bytes are read when it is computed with.
///
///     let store = try WeightStore(file: "model.safetensors")
///     let scale = try store.tensor("logit_scale")
package struct WeightStore: Sendable {
  /// What errors call this store: the file or folder that the user asked for.
  package let source: String
  /// The files behind it, in the order in which they were read.
  package internal(set) var files: [WeightFile]
  var entries: [WeightName: WeightEntry]

  init(source: String, files: [WeightFile], entries: [WeightName: WeightEntry] = [:]) {
    self.source = source
    self.files = files
    self.entries = entries
  }

  /// A store without tensors, to which a test or a converter adds its own.
  package init(source: String) { self.init(source: source, files: []) }

  /// All names, sorted by bytes.
  package var names: [String] { entries.keys.sorted().map(\.text) }

  package var count: Int { entries.count }

  /// The bytes that all tensors take, each counted once per name.
  package var byteCount: Int { entries.values.reduce(0) { $0 + $1.byteCount } }

  package func contains(_ name: String) -> Bool { entries[WeightName(name)] != nil }

  /// What is known of a tensor without touching it, or nil when there is none by that name.
  package func entry(_ name: String) -> WeightEntry? { entries[WeightName(name)] }

  /// A tensor, contiguous and aligned.
  ///
  /// The elements stay where the file is mapped. Only those that lie there strided, transposed or
  /// unaligned are copied, anew at each call.
  ///
  /// - Throws: ``CheckpointError/noSuchTensor(name:source:)``, or
  ///   ``CheckpointError/cannotDerive(name:operation:problem:)`` when there is no memory for a copy.
  package func tensor(_ name: String) throws(CheckpointError) -> Tensor {
    try tensor(of: try existing(name))
  }

  /// The tensor of an entry of this store. Once it is copied, the file's pages are let go.
  func tensor(of entry: WeightEntry) throws(CheckpointError) -> Tensor {
    let tensor = try entry.tensor()
    if !entry.isInPlace { release(entry.storage.base, byteCount: entry.storage.byteCount) }
    return tensor
  }

  func existing(_ name: String) throws(CheckpointError) -> WeightEntry {
    guard let entry = entry(name) else { throw .noSuchTensor(name: name, source: source) }
    return entry
  }

  /// Lets go of the mapped pages under `tensor`, once a converted copy stands in for it.
  package func release(_ tensor: Tensor) {
    release(tensor.bytes, byteCount: tensor.byteCount)
  }

  /// Lets go of mapped pages; bytes that no file of this store holds are left alone.
  private func release(_ start: UnsafeMutableRawPointer, byteCount: Int) {
    let start = UInt(bitPattern: start)
    for file in files {
      let base = UInt(bitPattern: file.mapping.base)
      guard start >= base, start - base < UInt(file.byteCount) else { continue }
      let offset = Int(start - base)
      return file.mapping.release(offset..<min(offset + byteCount, file.byteCount))
    }
  }

  /// Checks that no file was changed since it was mapped.
  ///
  /// - Throws: ``CheckpointError/changed(path:)``.
  package func verifyUnchanged() throws(CheckpointError) {
    for file in files { try file.mapping.verifyUnchanged() }
  }
}

/// A file that holds weights.
package struct WeightFile: Sendable {
  package enum Format: String, Sendable {
    case safetensors = "safetensors"
    case torchArchive = "PyTorch archive"
    case torchScript = "TorchScript archive"
  }

  package let path: String
  package let format: Format
  /// What the file says about itself, such as `format: pt`, sorted by key.
  package let metadata: [Metadata]
  package let mapping: MappedFile

  package var byteCount: Int { mapping.byteCount }

  /// One remark of a file about itself.
  package struct Metadata: Sendable, Equatable {
    package let key: String
    package let value: String
  }
}

/// A tensor's name, compared by its UTF-8 bytes: `String` would merge names that differ.
struct WeightName: Hashable, Comparable, Sendable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: WeightName, b: WeightName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  static func < (a: WeightName, b: WeightName) -> Bool {
    a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(text.utf8.count)
  }
}
