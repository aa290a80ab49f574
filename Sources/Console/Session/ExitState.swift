/// What the process will end with: 130 interrupted, then what `:quit` asked for, then 2 for a
/// start that failed, 3 for a failed check, and 1 for any other failure that no check expected.
package struct ExitState: Sendable {
  package private(set) var isQuitting = false
  private var wish: Int32?
  private var hasFailedToStart = false
  private var checkFailed = false
  private var failures = 0
  private var isInterrupted = false
  /// Whether the last command failed and nothing has expected it yet.
  private var isUnsettled = false

  /// Takes note of a command. Only a passing `:check error.code …` right behind a failure makes
  /// it an expected one.
  mutating func note(_ record: Record) {
    if isUnsettled, !record.isExpectationMet { failures += 1 }
    isUnsettled = false
    if record.isInterrupt {
      isInterrupted = true
    } else if let failure = record.failure {
      if failure.isCheck { checkFailed = true } else { isUnsettled = true }
    }
  }

  /// Whether `--bail` stops a script before this statement: something failed, and the statement
  /// is not the check that may expect it.
  mutating func bails(before next: Statement?) -> Bool {
    if isUnsettled, !(next.map(Check.looksAtErrorCode) ?? false) { settle() }
    return checkFailed || failures > 0
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

  mutating func failToStart() { hasFailedToStart = true }
  /// The log that was asked for is not whole, whatever the commands came to.
  mutating func loseLog() { failures += 1 }
  mutating func interrupt() { isInterrupted = true }

  /// The user types on: what was interrupted before is over.
  package mutating func forgetInterrupt() { isInterrupted = false }

  package var code: Int32 {
    if isInterrupted { return 130 }
    if let wish { return wish }
    if hasFailedToStart { return 2 }
    if checkFailed { return 3 }
    return failures > 0 || isUnsettled ? 1 : 0
  }
}

extension Record {
  /// Whether this is a check of `error.code` that holds.
  fileprivate var isExpectationMet: Bool {
    guard case .success(let outcome) = outcome, let check = outcome.result as? CheckResult else {
      return false
    }
    return check.field == Check.errorCode
  }
}
