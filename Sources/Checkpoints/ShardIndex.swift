import JSONDocuments

/// A checkpoint cut into several files by an index: `model.safetensors.index.json` or
/// `pytorch_model.bin.index.json`, whose `weight_map` gives each tensor's file.
enum ShardIndex {
  /// What the name of an index ends in.
  static let ending = ".index.json"
  static let indexLimit = 100_000_000
  static let shardLimit = 4096

  /// Opens the shards that an index names, which must lie in its own folder.
  static func open(_ mapping: MappedFile) throws(CheckpointError) -> WeightStore {
    let path = mapping.path
    let folder = Paths.parent(of: path)
    var store = WeightStore(source: path)
    for (shard, names) in try shards(of: mapping) {
      let part: WeightStore
      do {
        part = try WeightStore(singleFile: Paths.joined(folder, shard))
      } catch .cannotRead(_, _, let reason) {
        throw .missingShard(path: path, shard: shard, reason: reason)
      } catch { throw error }
      let absent = names.filter { !part.contains($0.text) }
      guard absent.isEmpty else {
        throw .missingFromShard(path: path, shard: shard, tensors: absent.map(\.text))
      }
      store.files += part.files
      for name in names {
        try store.insert(part.existing(name.text), as: name.text)
      }
    }
    return store
  }

  /// The shards in order of name, each with its tensors in order of name.
  private static func shards(
    of mapping: MappedFile
  ) throws(CheckpointError) -> [(shard: String, names: [WeightName])] {
    guard mapping.byteCount <= indexLimit else {
      throw .overLimit(
        path: mapping.path, thing: "the index's length in bytes", found: mapping.byteCount,
        limit: indexLimit)
    }
    var shards: [WeightName: [WeightName]] = [:]
    do throws(JSONError) {
      let root = try JSONDocument(bytes: mapping.bytes, source: mapping.path).root
      let map = try root.required("weight_map")
      guard map.kind == .object else {
        throw map.error("expected an object, found \(map.kind.rawValue)")
      }
      try map.forEachMember { (key, value) throws(JSONError) in
        let shard = try value.asString()
        shards[WeightName(shard), default: []]
          .append(WeightName(String(decoding: key, as: UTF8.self)))
      }
    } catch { throw .json(error) }
    guard shards.count <= shardLimit else {
      throw .overLimit(
        path: mapping.path, thing: "the number of shards", found: shards.count, limit: shardLimit)
    }
    let ordered = shards.sorted { $0.key < $1.key }
    for (shard, _) in ordered where !Paths.isPlainName(shard.text) {
      throw .unsafeShardPath(path: mapping.path, shard: shard.text)
    }
    return ordered.map { ($0.key.text, $0.value.sorted()) }
  }
}
