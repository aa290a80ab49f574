import JSONDocuments

/// Why a picture could not be read, prepared or written. The wording is in
/// `MediaError+Description.swift`.
package enum MediaError: Error, Equatable {
  /// The user interrupted.
  case cancelled

  // A file. `source` is what the caller calls it, usually its path.

  /// The file holds no bytes.
  case emptyFile(source: String)
  /// The first bytes belong to no format that can be decoded.
  case unknownFormat(source: String)
  /// The file breaks the rules of its format; `problem` is the codec's own sentence if it has one.
  case damaged(source: String, format: ImageFormat, problem: String)
  /// The file is well-formed as far as can be seen, but needs something that is not supported.
  case unsupported(source: String, format: ImageFormat, feature: String)
  /// The header announces more pixels than the budget allows; nothing was allocated.
  case tooManyPixels(source: String, width: Int, height: Int, limit: Int)
  /// Decoding would take more bytes than the budget allows; nothing was allocated.
  case tooManyBytes(source: String, width: Int, height: Int, bytes: Int, limit: Int)

  // A picture in memory.

  /// Samples and dimensions do not belong together.
  case bitmapShape(width: Int, height: Int, channels: Int, samples: Int)
  /// Resizing a picture of this proportion as the settings say leaves nothing, or too much.
  case proportion(width: Int, height: Int, resizedWidth: Int, resizedHeight: Int)
  /// A picture could not be written; `problem` is the codec's own sentence.
  case encoding(format: ImageFormat, problem: String)

  // A checkpoint.

  /// The settings of an image processor cannot be followed; the reason names file and field.
  case settings(JSONError)
}
