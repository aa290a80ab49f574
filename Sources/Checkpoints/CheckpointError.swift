import JSONDocuments
import Tensors

/// Why a checkpoint could not be found, read or turned into a model.
///
/// Each case carries the thing, what was found and what was needed; the wording, with the
/// remedy, is in `CheckpointError+Description.swift`.
package enum CheckpointError: Error, Equatable {
  // MARK: Files

  /// The system refused an operation on a file; `reason` is its own wording.
  case cannotRead(path: String, operation: String, reason: String)
  /// The system refused to write a file; `code` is its error number. An earlier file is still there.
  case cannotWrite(path: String, operation: String, code: Int32)
  /// Not a regular file: a folder, FIFO, device or socket.
  case notARegularFile(path: String, kind: String)
  /// The file under a mapping is no longer what was mapped.
  case changed(path: String)
  /// The file has no bytes.
  case empty(path: String)
  /// The file ends before something that it announces.
  case truncated(path: String, thing: String, needed: Int, found: Int)
  /// Something in the file is beyond what Gaze accepts.
  case overLimit(path: String, thing: String, found: Int, limit: Int)
  /// A file in a format that is not read; `remedy` says what to do instead.
  case unsupportedFormat(path: String, format: String, remedy: String)

  // MARK: Contents

  /// A container whose structure is broken at `thing`.
  case malformed(path: String, thing: String, problem: String)
  /// JSON beside or inside a checkpoint that is not what it should be.
  case json(JSONError)
  /// A tensor with elements of a type that is not read.
  case elementType(path: String, tensor: String, found: String)
  /// A tensor whose bytes are not the product of its shape and element width.
  case byteCount(path: String, tensor: String, expected: Int, found: Int)
  /// A tensor that reaches outside the bytes it may use.
  case outOfRange(path: String, tensor: String, range: Range<Int>, limit: Int)
  /// Two tensors or records that claim the same bytes.
  case overlap(path: String, first: String, second: String)
  /// A pickle that asks for a class or function which is not on the short list of harmless ones.
  case forbiddenGlobal(path: String, name: String)
  /// A pickle that uses an instruction which no weight file needs.
  case forbiddenOpcode(path: String, opcode: UInt8, position: Int)

  // MARK: Sharded checkpoints

  /// An index that points outside its own folder.
  case unsafeShardPath(path: String, shard: String)
  /// A shard that the index names and the folder lacks.
  case missingShard(path: String, shard: String, reason: String)
  /// A tensor that the index places in a shard which does not hold it.
  case missingFromShard(path: String, shard: String, tensors: [String])

  // MARK: Stores and scopes

  /// A name that the store does not hold.
  case noSuchTensor(name: String, source: String)
  /// Two tensors under one name.
  case duplicateTensor(name: String, source: String)
  /// A view or copy of a tensor that its shape or type does not allow.
  case cannotDerive(name: String, operation: String, problem: String)
  /// What a model asked for and what the files hold do not agree.
  case tensors(TensorProblems)

  // MARK: Looking for a checkpoint

  /// Nothing by that name; `lookedIn` are the places in order, `nearest` similar names there.
  case notFound(name: String, lookedIn: [String], nearest: [String])
  /// A name that could not be a path or a repository.
  case invalidName(name: String, problem: String)
  /// A folder that holds no weights; `found` are its files.
  case noWeights(path: String, found: [String])
}
