import Checkpoints
import JSONDocuments
import Media
import Tokenizers

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads the small files beside the weights: configuration, tokenizer, image processor.
struct CheckpointFiles {
  let folder: CheckpointFolder
  /// The largest `tokenizer.json` in use has some 35 MB.
  private static let largestFile = 200_000_000

  init(_ folder: CheckpointFolder) { self.folder = folder }

  /// The bytes of a file, or nil when the folder has none by that name.
  func bytes(_ name: String) throws(ModelError) -> [UInt8]? {
    guard let path = folder.path(of: name) else { return nil }
    let mapping: MappedFile
    do {
      mapping = try MappedFile(path: path)
    } catch {
      throw .weights(error)
    }
    guard mapping.byteCount <= CheckpointFiles.largestFile else {
      throw .unsupported(
        source: path, feature: "a file of \(mapping.byteCount) bytes, where at most \(CheckpointFiles.largestFile) are read,")
    }
    return Array(mapping.bytes)
  }

  /// A JSON file that the family cannot do without.
  func json(_ name: String) throws(ModelError) -> JSONDocument {
    guard let bytes = try bytes(name) else {
      throw .missingFile(
        name: name, folder: folder.path,
        remedy: "it is part of the checkpoint; download it into the same folder")
    }
    do { return try JSONDocument(bytes: bytes, source: name) } catch { throw .configuration(error) }
  }

  func tokenizer() throws(ModelError) -> Tokenizer {
    guard let bytes = try bytes("tokenizer.json") else {
      throw .missingFile(
        name: "tokenizer.json", folder: folder.path,
        remedy: "download it from the checkpoint's repository into the same folder")
    }
    do {
      return try Tokenizer(tokenizerJSON: bytes, source: "tokenizer.json")
    } catch {
      throw .tokenizer(error)
    }
  }

  /// The image processor of `preprocessor_config.json` or `processor_config.json`.
  func imageProcessor() throws(ModelError) -> ImageProcessor {
    let name = folder.contains("preprocessor_config.json")
      ? "preprocessor_config.json" : "processor_config.json"
    do {
      return try ImageProcessor(huggingFace: try json(name).root)
    } catch let error as MediaError {
      throw .imageProcessor(error)
    } catch let error as ModelError {
      throw error
    } catch {
      throw .unsupported(source: name, feature: "\(error)")
    }
  }
}
