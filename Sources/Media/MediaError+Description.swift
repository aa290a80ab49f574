extension MediaError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cancelled:
      "interrupted"
    case .emptyFile(let source):
      "\(source): the file is empty"
    case .unknownFormat(let source):
      "\(source): not a picture in a known format; use JPEG, PNG or WebP"
    case .damaged(let source, let format, let problem):
      "\(source): damaged \(format.name) file: \(problem)"
    case .unsupported(let source, let format, let feature):
      "\(source): \(format.name) with \(feature) is not supported; save it as an ordinary "
        + "8-bit JPEG or PNG"
    case .tooManyPixels(let source, let width, let height, let limit):
      "\(source): \(width)×\(height) pixels are more than the limit of \(limit); "
        + "make the picture smaller or raise the limit"
    case .tooManyBytes(let source, let width, let height, let bytes, let limit):
      "\(source): decoding \(width)×\(height) pixels takes \(bytes) bytes, more than the limit "
        + "of \(limit); make the picture smaller or raise the limit"
    case .bitmapShape(let width, let height, let channels, let samples):
      "a picture of \(width)×\(height) pixels and \(channels) channels cannot have "
        + "\(samples) samples; channels are 1, 3 or 4, and no side is empty"
    case .proportion(let width, let height, let resizedWidth, let resizedHeight):
      "a picture of \(width)×\(height) pixels would be resized to \(resizedWidth)×\(resizedHeight) "
        + "for this model; crop it to a less extreme proportion"
    case .settings(let error):
      error.description
    case .encoding(let format, let problem):
      "the picture could not be written as \(format.name): \(problem)"
    }
  }
}
