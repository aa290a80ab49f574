import Screen

/// What the terminal asks of the session behind it. Every closure is called on the thread of the
/// event loop and must return at once; answers come back as ``TerminalMessage`` values.
package struct TerminalHost {
  /// Runs a line. It counts as running until `.busy(false)`.
  package var submit: (String) -> Void
  /// Whether Enter is to begin another line, because a text is not a whole input yet.
  package var isUnfinished: (String) -> Bool
  /// Cancels what runs.
  package var interrupt: () -> Void
  /// The completions of a text at a cursor, a UTF-8 offset.
  package var complete: (_ text: String, _ cursor: Int) -> [Completion]
  /// Does what a key of the stepper asks for. It counts as running until `.busy(false)`.
  package var step: (StepperKey) -> Void
  /// The user has no more to say. The answer is `.quit`.
  package var endInput: () -> Void
  /// Where earlier inputs are kept; nil keeps none.
  package var historyPath: String?
  package var prompt: String

  package init(
    submit: @escaping (String) -> Void = { _ in },
    isUnfinished: @escaping (String) -> Bool = { _ in false },
    interrupt: @escaping () -> Void = {},
    complete: @escaping (_ text: String, _ cursor: Int) -> [Completion] = { _, _ in [] },
    step: @escaping (StepperKey) -> Void = { _ in },
    endInput: @escaping () -> Void = {},
    historyPath: String? = nil, prompt: String = "gaze> "
  ) {
    self.submit = submit
    self.isUnfinished = isUnfinished
    self.interrupt = interrupt
    self.complete = complete
    self.step = step
    self.endInput = endInput
    self.historyPath = historyPath
    self.prompt = prompt
  }
}
