import Checkpoints
import JSONDocuments

/// One family of models: how to recognise its checkpoints and how to load them.
package struct ModelFamily: Sendable {
  package let name: String
  package let summary: String
  /// Whether a checkpoint of this kind belongs to the family.
  let claims: @Sendable (_ kind: CheckpointKind) throws(JSONError) -> Bool
  let load: @Sendable (CheckpointFiles, CheckpointKind) throws(ModelError) -> ModelBundle
}

/// The families that Gaze can load. A new one is a folder beside this file and a row here.
package enum ModelRegistry {
  package static let families: [ModelFamily] = [.clip, .clipResNet, .siglip, .siglip2]

  /// Loads whatever family the checkpoint's own configuration announces.
  ///
  /// - Throws: ``ModelError``; nothing is half-loaded.
  package static func load(
    _ folder: CheckpointFolder, _ options: LoadOptions = LoadOptions()
  ) throws(ModelError) -> ModelBundle {
    let files = CheckpointFiles(folder, options)
    let kind = try files.kind()
    guard let family = try family(of: kind) else {
      throw .unknownFamily(
        source: folder.name, found: "\(kind)", known: families.map(\.summary))
    }
    return try family.load(files, kind)
  }

  /// The family that would load a checkpoint, nil when none claims it.
  ///
  /// - Throws: ``ModelError`` when its configuration is missing or broken.
  package static func family(of folder: CheckpointFolder) throws(ModelError) -> ModelFamily? {
    try family(of: try CheckpointFiles(folder, LoadOptions()).kind())
  }

  private static func family(of kind: CheckpointKind) throws(ModelError) -> ModelFamily? {
    try configured { () throws(JSONError) in
      for family in families where try family.claims(kind) { return family }
      return nil
    }
  }
}
