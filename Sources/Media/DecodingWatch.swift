import CCodecs

/// Asks the caller of a decoder, every so many bytes, whether the picture is still wanted.
final class DecodingWatch {
  /// Bytes worked on from one question to the next: some tens of microseconds.
  static let interval = 64 << 10

  private let isCancelled: () -> Bool
  private var count = 0

  init(unless isCancelled: @escaping () -> Bool) { self.isCancelled = isCancelled }

  /// - Parameter bytes: worked on since the last call.
  /// - Throws: ``MediaError/cancelled``.
  func check(after bytes: Int) throws(MediaError) {
    if isCancelled(after: bytes) { throw .cancelled }
  }

  /// Asks, however little has been done since the last question.
  func check() throws(MediaError) { try check(after: DecodingWatch.interval) }

  private func isCancelled(after bytes: Int) -> Bool {
    count &+= bytes
    guard count >= DecodingWatch.interval else { return false }
    count = 0
    return isCancelled()
  }

  /// Calls a decoder written in C, which asks in its turn.
  func lent<Result>(to decoder: (gaze_cancellation) -> Result) -> Result {
    withExtendedLifetime(self) {
      let context = Unmanaged.passUnretained(self).toOpaque()
      return decoder(
        gaze_cancellation(
          is_cancelled: { context, bytes in
            guard let context else { return false }
            let watch = Unmanaged<DecodingWatch>.fromOpaque(context).takeUnretainedValue()
            return watch.isCancelled(after: bytes)
          }, context: context))
    }
  }
}

extension gaze_failure {
  /// What a decoder that failed throws.
  func error(source: String, format: ImageFormat) -> MediaError {
    is_cancelled ? .cancelled : .damaged(source: source, format: format, problem: text)
  }

  /// The codec's sentence.
  var text: String {
    withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
