import Checkpoints
import JSONDocuments

/// What a checkpoint says it is, by which a family recognises its own.
enum CheckpointKind {
  /// A `config.json` of transformers.
  case huggingFace(JSONNode, modelType: String)
  /// An `open_clip_config.json`.
  case openCLIP(JSONNode)
  /// A TorchScript archive of OpenAI's, whose tensors tell the sizes.
  case openAI(WeightStore)
}

extension CheckpointKind: CustomStringConvertible {
  var description: String {
    switch self {
    case .huggingFace(_, let modelType): "a model of type \"\(modelType)\""
    case .openCLIP: "an OpenCLIP model of this kind"
    case .openAI: "a TorchScript archive of this kind"
    }
  }
}

extension CheckpointFiles {
  /// In order: the TorchScript archive that the user named; `config.json` with a `model_type`,
  /// unless the user named a file that only OpenCLIP reads; `open_clip_config.json`; the only
  /// weight file, if it is a TorchScript archive.
  ///
  /// - Throws: ``ModelError`` when none of these is there.
  func kind() throws(ModelError) -> CheckpointKind {
    let named = folder.namedFile
    if named != nil, let archive = try openAIArchive() { return .openAI(archive) }
    let prefersOpenCLIP = named.map { $0.utf8.starts(with: "open_clip_".utf8) } ?? false
    let openCLIP = try optionalJSON("open_clip_config.json")
    if let openCLIP, prefersOpenCLIP { return .openCLIP(openCLIP.root) }
    let configuration = try optionalJSON("config.json")
    do throws(JSONError) {
      if let root = configuration?.root, let type = try root.member("model_type") {
        return .huggingFace(root, modelType: try type.asString())
      }
      if let openCLIP { return .openCLIP(openCLIP.root) }
      if let root = configuration?.root {
        throw root.error("the key \"model_type\" is missing, which says what to load it as")
      }
    } catch {
      throw .configuration(error)
    }
    if let archive = try openAIArchive() { return .openAI(archive) }
    throw .missingFile(
      name: "config.json or open_clip_config.json", folder: folder.path,
      remedy: "it says what the weights are; download it into the same folder")
  }

  /// The weights, if they are a TorchScript archive that holds what only OpenAI's do.
  private func openAIArchive() throws(ModelError) -> WeightStore? {
    let store: WeightStore
    do { store = try folder.weights() } catch { throw .weights(error) }
    guard store.files.first?.format == .torchScript, OpenAIArchive.marks.allSatisfy(store.contains)
    else { return nil }
    return store
  }
}
