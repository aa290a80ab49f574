import Checkpoints
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
    // One whose configuration is missing or broken is worth looking into all the more.
    let family = (try? ModelRegistry.family(of: folder)) ?? nil
    return CheckpointInspection(
      name: folder.name, summary: summary, family: family?.name,
      knownFamilies: ModelRegistry.families.map(\.summary))
  }
}
