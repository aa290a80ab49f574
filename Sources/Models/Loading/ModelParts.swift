import Checkpoints
import JSONDocuments
import Media
import Tokenizers

/// What a family gathers before the weights are read.
struct ModelParts {
  let files: CheckpointFiles
  /// The family's name in records.
  let family: String
  var tokenizer: TokenizerFiles
  let imageProcessor: ImageProcessor

  /// Which pictures a vision tower takes.
  enum PictureInput: Equatable {
    /// Whole ones with this side.
    case square(Int)
    /// Patches with this side, of pictures in any proportion.
    case patches(Int)
  }

  /// The model made from exactly the tensors of `store`, once the parts are found to belong
  /// together.
  ///
  /// - Parameter ignoring: tensors that may be left over; see ``WeightScope/load(_:ignoring:_:)``.
  func bundle<Model: DualEncoder>(
    _ store: WeightStore, ignoring: [String], text: TextConfiguration, pictures: PictureInput,
    _ build: (WeightScope) throws(CheckpointError) -> Model
  ) throws(ModelError) -> ModelBundle {
    try checkFit(text, pictures)
    let conversion = files.options.conversion
    let (model, held): (Model, WeightStore)
    do {
      model = try WeightScope.load(store, ignoring: ignoring, converting: conversion, build)
      held = try conversion?.applied(to: store) ?? store
    } catch {
      throw .weights(error)
    }
    return ModelBundle(
      name: files.folder.name, family: family, path: files.folder.path, model: model,
      tokenizer: tokenizer.tokenizer, imageProcessor: imageProcessor, store: held,
      notes: [tokenizer.note].compactMap(\.self))
  }

  private func checkFit(
    _ text: TextConfiguration, _ pictures: PictureInput
  ) throws(ModelError) {
    let source = files.folder.name
    guard tokenizer.tokenizer.idEnd <= text.vocabulary else {
      throw .unsupported(
        source: source,
        feature: "a tokenizer with ids up to \(tokenizer.tokenizer.idEnd - 1) beside a vocabulary "
          + "of \(text.vocabulary)")
    }
    guard !text.countsPadding || (0..<text.vocabulary).contains(text.padding.id) else {
      throw .unsupported(
        source: source,
        feature: "padding with id \(text.padding.id) beside a vocabulary of \(text.vocabulary)")
    }
    // An id that no text holds would leave each to its first position, which is the same for all.
    if case .firstID(let end) = text.pooling, !(0..<text.vocabulary).contains(end) {
      throw .unsupported(
        source: source,
        feature: "an end of text with id \(end) beside a vocabulary of \(text.vocabulary)")
    }
    try checkFit(pictures)
  }

  private func checkFit(_ pictures: PictureInput) throws(ModelError) {
    let source = files.folder.name
    switch (imageProcessor.resizing, pictures) {
    case (.patches(let found, _), .patches(let side)):
      guard found != side else { return }
      throw .unsupported(
        source: source,
        feature: "an image processor that cuts patches of \(found) pixels beside a patch_size of "
          + "\(side)")
    case (.patches, .square):
      throw .unsupported(
        source: source,
        feature: "an image processor that cuts patches beside a model of whole pictures")
    case (_, .patches):
      throw .unsupported(
        source: source, feature: "an image processor of whole pictures beside a model of patches")
    case (_, .square(let side)):
      // The reference refuses other sizes too, unless it is told to interpolate positions.
      guard let size = imageProcessor.outputSize else {
        throw .unsupported(
          source: source,
          feature: "an image processor that makes pictures of any size beside an image size of "
            + "\(side)")
      }
      guard size != (side, side) else { return }
      throw .unsupported(
        source: source,
        feature: "an image processor that makes \(size.width) × \(size.height) pixels beside an "
          + "image size of \(side)")
    }
  }
}

extension ImageProcessor {
  /// The size of everything it makes, or nil when that follows the picture.
  fileprivate var outputSize: (width: Int, height: Int)? {
    if let crop { return (crop.width, crop.height) }
    if case .exact(let width, let height) = resizing { return (width, height) }
    return nil
  }
}

extension CheckpointFiles {
  /// The weights under the names that `rename` gives them.
  func weights(
    _ naming: CheckpointFolder.Naming,
    _ rename: (WeightStore) throws(CheckpointError) -> WeightStore
  ) throws(ModelError) -> WeightStore {
    do { return try rename(try folder.weights(naming)) } catch { throw .weights(error) }
  }
}

/// Turns an error in a configuration into this module's.
func configured<Value>(
  _ read: () throws(JSONError) -> Value
) throws(ModelError) -> Value {
  do { return try read() } catch { throw .configuration(error) }
}
