/// One verb: its arguments are its properties.
///
/// Parsing is `init`, with no effect on anything; `perform` acts on the session.
package protocol Command: Sendable {
  static var signature: Signature { get }
  init(_ arguments: Arguments) throws(CommandFailure)
  func perform(in session: isolated Session) async throws(CommandFailure) -> Outcome
}

/// What a command came to.
package struct Outcome: Sendable {
  package var result: any CommandResult
  /// Encodings that came from the cache.
  package var cached: Int
  package var warnings: [Warning]
  /// Whether the user interrupted it, and this is what there was by then.
  package var isInterrupted: Bool

  package init(
    _ result: any CommandResult, cached: Int = 0, warnings: [Warning] = [],
    isInterrupted: Bool = false
  ) {
    self.result = result
    self.cached = cached
    self.warnings = warnings
    self.isInterrupted = isInterrupted
  }
}

/// The data of one command: encoded as it is for JSON Lines, reported for eyes.
package protocol CommandResult: Encodable, Sendable {
  var report: Report { get }
  /// Whether there is something in it that `:check` or `:export` could ask about.
  var isAnswer: Bool { get }
}

extension CommandResult {
  package var isAnswer: Bool { true }
}

/// Something that went through but deserves notice.
package struct Warning: Codable, Equatable, Sendable {
  package let code: String
  package let message: String

  package init(code: String, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// The result of commands that only change the session.
package struct Done: CommandResult {
  private enum CodingKeys: CodingKey {}
  private let message: String?

  package init(_ message: String? = nil) { self.message = message }

  package var isAnswer: Bool { false }

  package var report: Report { Report(message.map { [.line(StyledText($0))] } ?? []) }
}
