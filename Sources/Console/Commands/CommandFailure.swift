import Engine

/// Why a command did not succeed: a stable code, what happened, and what helps.
package struct CommandFailure: Error, Equatable, Sendable {
  package let code: String
  package let message: String
  package let remedy: String?
  /// Whether it was a `:check` that did not hold or could not be made, which has an exit code of
  /// its own.
  package var isCheck: Bool { code.hasPrefix("check.") }
  /// Whether the user interrupted.
  package var isInterrupt: Bool { code == CommandFailure.interrupted }

  static let interrupted = "interrupted"

  package init(code: String, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  package init(_ error: EngineError) {
    self.init(code: error.code, error.description, remedy: error.remedy)
  }

  static func usage(_ message: String, _ signature: Signature, remedy: String? = nil) -> Self {
    CommandFailure(code: "usage", message, remedy: remedy ?? "usage: \(signature.usage)")
  }

  static func syntax(_ error: SyntaxError, usage: String) -> Self {
    CommandFailure(
      code: "syntax", "column \(error.column): \(error.message)", remedy: "usage: \(usage)")
  }
}
