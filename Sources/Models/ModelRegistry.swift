import Checkpoints
import JSONDocuments

/// One family of models: how to recognise its checkpoints and how to load them.
package struct ModelFamily: Sendable {
  package let name: String
  package let summary: String
  /// Whether a checkpoint with this `config.json` belongs to the family.
  let matches: @Sendable (_ configuration: JSONNode) throws(JSONError) -> Bool
  let load: @Sendable (CheckpointFolder, JSONNode) throws(ModelError) -> ModelBundle
}

/// The families that Gaze can load. A new one is a folder beside this file and a row here.
package enum ModelRegistry {
  package static let families: [ModelFamily] = [.clip]

  /// Loads whatever family the folder's `config.json` announces.
  ///
  /// - Throws: ``ModelError``; nothing is half-loaded.
  package static func load(_ folder: CheckpointFolder) throws(ModelError) -> ModelBundle {
    let reader = CheckpointFiles(folder)
    let document = try reader.json("config.json")
    let family = try family(of: document.root)
    guard let family else {
      throw .unknownFamily(
        source: folder.name, found: try describe(document.root), known: families.map(\.summary))
    }
    return try family.load(folder, document.root)
  }

  /// The family that a `config.json` belongs to, nil when none claims it.
  package static func family(of configuration: JSONNode) throws(ModelError) -> ModelFamily? {
    do throws(JSONError) {
      for family in families where try family.matches(configuration) { return family }
      return nil
    } catch {
      throw .configuration(error)
    }
  }

  private static func describe(_ configuration: JSONNode) throws(ModelError) -> String {
    do throws(JSONError) {
      return try configuration.member("model_type").map { node throws(JSONError) in
        "a model of type \"\(try node.asString())\""
      } ?? "a configuration without model_type"
    } catch {
      throw .configuration(error)
    }
  }
}
