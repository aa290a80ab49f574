#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension CheckpointError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotRead, .cannotWrite, .notARegularFile, .changed, .empty, .truncated, .overLimit,
      .unsupportedFormat:
      aboutFile
    case .malformed, .json, .elementType, .byteCount, .outOfRange, .overlap, .forbiddenGlobal,
      .forbiddenOpcode:
      aboutContents
    case .unsafeShardPath, .missingShard, .missingFromShard:
      aboutShards
    case .noSuchTensor, .duplicateTensor, .cannotDerive, .tensors:
      aboutTensors
    case .notFound, .invalidName, .noWeights:
      aboutNames
    }
  }

  private var aboutFile: String {
    switch self {
    case .cannotRead(let path, let operation, let reason):
      "\(path.escaped): cannot \(operation): \(reason)"
    case .cannotWrite(let path, let operation, let code):
      "\(path.escaped): cannot \(operation) it: \(CheckpointError.reason(code)); "
        + CheckpointError.remedy(code)
    case .notARegularFile(let path, let kind):
      "\(path.escaped): is \(kind), not a file that holds weights"
    case .changed(let path):
      "\(path.escaped): changed after it was loaded; load it again"
    case .empty(let path):
      "\(path.escaped): the file is empty; download it again"
    case .truncated(let path, let thing, let needed, let found):
      "\(path.escaped): \(thing.escaped) needs \(needed) bytes and the file has \(found); it is "
        + "incomplete, download it again"
    case .overLimit(let path, let thing, let found, let limit):
      "\(path.escaped): \(thing.escaped) is \(found), over the limit of \(limit); "
        + "this is not an ordinary weight file"
    case .unsupportedFormat(let path, let format, let remedy):
      "\(path.escaped): \(format) is not read; \(remedy)"
    default: ""
    }
  }

  private var aboutContents: String {
    switch self {
    case .malformed(let path, let thing, let problem):
      "\(path.escaped): \(thing.escaped): \(problem); the file is damaged or not a weight file"
    case .json(let error):
      error.description.escapedText
    case .elementType(let path, let tensor, let found):
      "\(path.escaped): tensor \(tensor.quoted) has elements of type \(found.quoted); convert it "
        + "to F32, F16 or BF16"
    case .byteCount(let path, let tensor, let expected, let found):
      "\(path.escaped): tensor \(tensor.quoted) takes \(expected) bytes by its shape and type and "
        + "has \(found); the file is damaged"
    case .outOfRange(let path, let tensor, let range, let limit):
      "\(path.escaped): tensor \(tensor.quoted) lies at bytes \(range.lowerBound)..<"
        + "\(range.upperBound), outside the \(limit) that are there; the file is damaged or "
        + "incomplete, download it again"
    case .overlap(let path, let first, let second):
      "\(path.escaped): \(first.quoted) and \(second.quoted) claim the same bytes; the file is "
        + "damaged"
    case .forbiddenGlobal(let path, let name):
      "\(path.escaped): the pickle asks for \(name.quoted), which is not needed for weights and is "
        + "never run; save a plain state dictionary, or take the safetensors file"
    case .forbiddenOpcode(let path, let opcode, let position):
      "\(path.escaped): the pickle has instruction 0x\(String(opcode, radix: 16)) at byte "
        + "\(position), which weight files do not use; save it again with torch.save, or take the "
        + "safetensors file"
    default: ""
    }
  }

  private var aboutShards: String {
    switch self {
    case .unsafeShardPath(let path, let shard):
      "\(path.escaped): the shard \(shard.quoted) is not a plain file name; shards lie beside "
        + "their index"
    case .missingShard(let path, let shard, let reason):
      "\(path.escaped): the shard \(shard.quoted) cannot be read: \(reason); download all shards"
    case .missingFromShard(let path, let shard, let tensors):
      "\(path.escaped): the shard \(shard.quoted) lacks \(tensors.count) of its tensors: "
        + tensors.prefix(TensorProblems.listed).map(\.quoted).joined(separator: ", ")
        + "; index and shards are of different checkpoints, download them again"
    default: ""
    }
  }

  private var aboutTensors: String {
    switch self {
    case .noSuchTensor(let name, let source):
      "\(source.escaped): holds no tensor \(name.quoted); `inspect` lists those it holds"
    case .duplicateTensor(let name, let source):
      "\(source.escaped): two tensors are named \(name.quoted)"
    case .cannotDerive(let name, let operation, let problem):
      "tensor \(name.quoted): cannot \(operation): \(problem.escaped)"
    case .tensors(let problems):
      problems.description
    default: ""
    }
  }

  private var aboutNames: String {
    switch self {
    case .notFound(let name, let lookedIn, let nearest):
      "no checkpoint \(name.quoted); looked in " + lookedIn.map(\.escaped).joined(separator: ", ")
        + (nearest.isEmpty
          ? "; give a folder, a file or a cached repository such as openai/clip-vit-base-patch32"
          : "; did you mean " + nearest.map(\.escaped).joined(separator: ", ") + "?")
    case .invalidName(let name, let problem):
      "\(name.quoted) names no checkpoint: \(problem.escaped)"
    case .noWeights(let path, let found):
      "\(path.escaped): " + aboutFiles(found)
    default: ""
    }
  }

  private func aboutFiles(_ found: [String]) -> String {
    guard !found.isEmpty else { return "the folder is empty; download the checkpoint into it" }
    let listed = found.prefix(8).map(\.escaped).joined(separator: ", ")
    let hidden = found.count > 8 ? " and \(found.count - 8) more" : ""
    return "holds no weights under a usual name (model.safetensors, pytorch_model.bin, …); found "
      + listed + hidden + "; if one of these holds them, give its path"
  }
}

extension CheckpointError {
  /// The system's words for one of its error numbers.
  static func reason(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }

  /// What to do when a file cannot be written.
  private static func remedy(_ code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT: "free some space, or name a folder on another disk"
    case EFBIG: "name a folder on a disk that takes files of this length"
    case EACCES, EPERM, EROFS: "name a folder that you may write to"
    case ENOENT, ENOTDIR: "make the folder first, or name one that is there"
    case EISDIR, ENOTEMPTY: "a folder has this name; name another file"
    default: "see to it, or name another folder"
    }
  }
}
