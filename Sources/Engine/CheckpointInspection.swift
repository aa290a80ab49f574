import Checkpoints
import JSONDocuments
import Models

/// What a checkpoint holds, and which family of models would load it.
package struct CheckpointInspection: Sendable {
  package let name: String
  package let summary: CheckpointSummary
  /// Nil when no family claims it.
  package let family: String?
  /// The families that there are, for when none claims it.
  package let knownFamilies: [String]
}

extension ModelLoader {
  /// Looks into a checkpoint without loading it: only headers and configuration are read.
  ///
  /// - Throws: ``EngineError`` when it cannot be found or its headers are broken.
  package func inspect(_ name: String) throws(EngineError) -> CheckpointInspection {
    let folder: CheckpointFolder
    let summary: CheckpointSummary
    do {
      folder = try locator.locate(name)
      summary = try CheckpointSummary(folder)
    } catch { throw .checkpoint(error) }
    var family: ModelFamily?
    for configuration in summary.configurations where family == nil {
      let document: JSONDocument
      do {
        document = try JSONDocument(
          bytes: Array(configuration.text.utf8), source: configuration.file)
      } catch { throw .model(.configuration(error)) }
      do { family = try ModelRegistry.family(of: document.root) } catch { throw .model(error) }
    }
    return CheckpointInspection(
      name: folder.name, summary: summary, family: family?.name,
      knownFamilies: ModelRegistry.families.map(\.summary))
  }
}
