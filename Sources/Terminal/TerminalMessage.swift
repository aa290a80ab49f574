import Pictures
import Screen

/// What the session tells the terminal; pushed into its ``WakeQueue`` from any thread.
package enum TerminalMessage: Sendable {
  /// Adds whole lines to the session pane.
  case lines([StyledLine])
  /// Adds text to the line that is still being written; `\n` ends it.
  case text(String, Style)
  /// Adds a picture to the session pane.
  case picture(CellPicture)
  /// Shows a picture beside or above the session, or nothing.
  case preview(ScalablePicture?, caption: StyledLine)
  /// Replaces the facts in the status line.
  case status([StatusLine.Segment])
  /// Shows how far the running work is; nil when there is nothing to say.
  case progress(String?)
  /// Whether a command runs. A line or a key of the stepper counts as running until
  /// `.busy(false)`.
  case busy(Bool)
  /// Begins or, with nil, ends the stepper; the line says what is being looked at.
  case stepper(StyledLine?)
  case placement(PreviewPlacement)
  case focusNext
  /// Leaves the terminal with an exit code.
  case quit(Int32)
}

/// Where the preview goes.
package enum PreviewPlacement: String, CaseIterable, Hashable, Sendable {
  /// Right of the session when that is wide enough, else above it, else nowhere.
  case auto
  case right, above, hidden
}
