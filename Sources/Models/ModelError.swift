import Checkpoints
import JSONDocuments
import Media
import Tokenizers

/// Why a checkpoint did not become a model.
package enum ModelError: Error {
  /// A configuration file is broken or asks for something unknown.
  case configuration(JSONError)
  /// Tensors are missing, surplus, misshapen or unreadable.
  case weights(CheckpointError)
  case tokenizer(TokenizerError)
  case imageProcessor(MediaError)
  /// A file that the family needs is not in the checkpoint's folder.
  case missingFile(name: String, folder: String, remedy: String)
  /// No family loads this kind of checkpoint.
  case unknownFamily(source: String, found: String, known: [String])
  /// The configuration asks for a variant that Gaze does not compute.
  case unsupported(source: String, feature: String)
}

extension ModelError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .configuration(let error): "\(error)"
    case .weights(let error): "\(error)"
    case .tokenizer(let error): "\(error)"
    case .imageProcessor(let error): "\(error)"
    case .missingFile(let name, let folder, let remedy):
      "\(folder) has no \(name); \(remedy)"
    case .unknownFamily(let source, let found, let known):
      "\(source): \(found) is not a model that Gaze can load; it loads \(known.joined(separator: ", "))"
    case .unsupported(let source, let feature):
      "\(source): \(feature) is not supported"
    }
  }
}
