import Checkpoints
import JSONDocuments
import Media

/// Reads the small files beside the weights: configuration, tokenizer, image processor.
struct CheckpointFiles {
  let folder: CheckpointFolder
  let options: LoadOptions
  /// The largest `tokenizer.json` in use has some 35 MB.
  private static let largestFile = 200_000_000

  init(_ folder: CheckpointFolder, _ options: LoadOptions) {
    self.folder = folder
    self.options = options
  }

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
        source: path,
        feature: "a file of \(mapping.byteCount) bytes, where at most "
          + "\(CheckpointFiles.largestFile) are read,")
    }
    return Array(mapping.bytes)
  }

  /// A JSON file, or nil when the folder has none by that name.
  func optionalJSON(_ name: String) throws(ModelError) -> JSONDocument? {
    guard let bytes = try bytes(name) else { return nil }
    do { return try JSONDocument(bytes: bytes, source: name) } catch { throw .configuration(error) }
  }

  /// A JSON file that the family cannot do without.
  func json(_ name: String) throws(ModelError) -> JSONDocument {
    guard let document = try optionalJSON(name) else {
      throw .missingFile(
        name: name, folder: folder.path,
        remedy: "it is part of the checkpoint; download it into the same folder")
    }
    return document
  }

  /// The image processor that `processor_config.json` holds, else `preprocessor_config.json`: where
  /// transformers 5 saved into an older folder, both are there, and it reads the former.
  func imageProcessor() throws(ModelError) -> ImageProcessor {
    let newer = try optionalJSON("processor_config.json")
    let isNested = try configured { () throws(JSONError) in
      try newer?.root.member("image_processor") != nil
    }
    let document: JSONDocument
    if let newer, isNested {
      document = newer
    } else {
      document = try json("preprocessor_config.json")
    }
    do { return try ImageProcessor(huggingFace: document.root) } catch {
      throw .imageProcessor(error)
    }
  }

  /// The image processor that an `open_clip_config.json` describes.
  func imageProcessor(openCLIP root: JSONNode) throws(ModelError) -> ImageProcessor {
    do { return try ImageProcessor(openCLIP: root) } catch { throw .imageProcessor(error) }
  }
}
