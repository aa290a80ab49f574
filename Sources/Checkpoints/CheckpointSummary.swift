import Tensors

/// What a checkpoint holds, for `gaze inspect`: read from headers alone.
package struct CheckpointSummary: Sendable {
  /// One configuration file, as it stands in the folder.
  package struct Configuration: Sendable, Equatable {
    package let file: String
    package let text: String
  }

  /// One tensor.
  package struct Row: Sendable, Equatable {
    package let name: String
    package let elementType: ElementType
    package let shape: Shape
    package let byteCount: Int
    /// The name of the file that holds it.
    package let file: String
  }

  /// All tensors of one element type.
  package struct Total: Sendable, Equatable {
    package let elementType: ElementType
    package let tensors: Int
    package let elements: Int
    package let byteCount: Int
  }

  package let source: String
  package let configurations: [Configuration]
  /// In order of name, by bytes.
  package let rows: [Row]
  /// The largest first.
  package let totals: [Total]
  package let files: [WeightFile]

  package var elementCount: Int { totals.reduce(0) { $0 + $1.elements } }
  package var byteCount: Int { totals.reduce(0) { $0 + $1.byteCount } }

  /// The configuration files that say what a checkpoint is, and the longest that is shown.
  private static let configurationFiles = ["config.json", "open_clip_config.json"]
  private static let configurationLimit = 1 << 20

  /// The summary of the checkpoint in a folder.
  ///
  /// - Throws: ``CheckpointError`` when the weights or a configuration file cannot be read.
  package init(_ folder: CheckpointFolder) throws(CheckpointError) {
    var configurations: [Configuration] = []
    for file in CheckpointSummary.configurationFiles {
      guard let path = folder.path(of: file) else { continue }
      configurations.append(
        Configuration(file: file, text: try CheckpointSummary.configuration(path)))
    }
    self.init(try folder.weights(), configurations: configurations)
  }

  /// The summary of tensors that are open already.
  package init(_ store: WeightStore, configurations: [Configuration] = []) {
    source = store.source
    files = store.files
    self.configurations = configurations
    rows = store.names.compactMap { store.entry($0) }.map {
      Row(
        name: $0.name, elementType: $0.elementType, shape: $0.shape, byteCount: $0.byteCount,
        file: Paths.name(of: $0.file))
    }
    totals = Dictionary(grouping: rows, by: \.elementType)
      .map { type, rows in
        Total(
          elementType: type, tensors: rows.count,
          elements: rows.reduce(0) { $0 + $1.shape.elementCount },
          byteCount: rows.reduce(0) { $0 + $1.byteCount })
      }
      .sorted {
        ($0.byteCount, $1.elementType.rawValue) > ($1.byteCount, $0.elementType.rawValue)
      }
  }

  private static func configuration(_ path: String) throws(CheckpointError) -> String {
    let mapping = try MappedFile(path: path)
    guard mapping.byteCount <= configurationLimit else {
      throw .overLimit(
        path: path, thing: "the configuration's length in bytes", found: mapping.byteCount,
        limit: configurationLimit)
    }
    let bytes = mapping.bytes.bindMemory(to: UInt8.self)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(path: path, thing: "configuration", problem: "it is not UTF-8")
    }
    return text
  }
}
