extension WeightStore {
  /// Opens a single weight file, whose format its first bytes tell.
  ///
  /// - Throws: ``CheckpointError`` naming the file and what is wrong with it.
  package init(file path: String) throws(CheckpointError) {
    let mapping = try MappedFile(path: path)
    self = try SafeTensors.open(mapping)
  }
}
