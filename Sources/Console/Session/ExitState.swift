/// What the process will end with: 130 interrupted, then what `:quit` asked for, then 3 for a
/// failed check, then 1 for any other failure that no check expected.
package struct ExitState: Sendable {
  package private(set) var isQuitting = false
  private var wish: Int32?
  private var checkFailed = false
  private var failures = 0
  private var interrupted = false
  /// Whether the last command failed and nothing has expected it yet.
  private var isUnsettled = false

  /// Whether a command failed in a way that `--bail` stops at.
  package var hasFailed: Bool { checkFailed || failures > 0 }

  /// A failure is handled when the very next line is a passing `:check error.code …`.
  mutating func note(_ record: Record, settling previous: Record?) {
    if isUnsettled {
      isUnsettled = false
      let expectsError = record.verb == Check.signature.name && record.failure == nil
      if !(expectsError && previous?.failure != nil) { failures += 1 }
    }
    guard let failure = record.failure else { return }
    if failure.isCheck {
      checkFailed = true
    } else if failure.code == "interrupted" {
      interrupted = true
    } else {
      isUnsettled = true
    }
  }

  /// Counts a failure that nothing can expect any more: the script has ended.
  package mutating func settle() {
    if isUnsettled { failures += 1 }
    isUnsettled = false
  }

  mutating func quit(_ code: Int32?) {
    isQuitting = true
    wish = code
  }

  package var code: Int32 {
    if interrupted { return 130 }
    if let wish { return wish }
    if checkFailed { return 3 }
    return failures > 0 || isUnsettled ? 1 : 0
  }
}
