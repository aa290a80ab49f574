extension LineEditor {
  /// Completes what can be completed: the only candidate, else what all share, else shows the list.
  func complete() {
    if completions != nil {
      selectCompletion(by: 1)
      return
    }
    let items = completer(buffer.text, buffer.cursorOffset)
    guard let first = items.first else { return }
    if items.count == 1 {
      apply(first)
      return
    }
    if let prefix = CompletionList.commonPrefix(of: items), isProgress(prefix, over: first.range) {
      buffer.replace(utf8Range: first.range, with: prefix)
    }
    completions = CompletionList(
      items: completer(buffer.text, buffer.cursorOffset), selected: nil)
  }

  /// Whether a prefix adds to what stands in a range. A longer text always does: a completer may
  /// also correct case, which a comparison of beginnings would miss.
  private func isProgress(_ prefix: String, over range: Range<Int>) -> Bool {
    prefix.utf8.count > range.count
  }

  func handleCompletion(_ event: InputEvent) -> Bool {
    switch Keymap.standard(.completion).action(for: event) {
    case .complete: selectCompletion(by: 1)
    case .completePrevious: selectCompletion(by: -1)
    case .cancel: completions = nil
    case .accept:
      guard let list = completions, let selected = list.selected else {
        completions = nil
        return false
      }
      apply(list.items[selected])
      completions = nil
    default:
      return false
    }
    return true
  }

  private func selectCompletion(by delta: Int) { completions?.select(by: delta) }

  private func apply(_ completion: Completion) {
    buffer.replace(utf8Range: completion.range, with: completion.replacement)
  }

  /// Asks again after the text has changed under an open list.
  func refreshCompletions() {
    let items = completer(buffer.text, buffer.cursorOffset)
    completions = items.isEmpty ? nil : CompletionList(items: items, selected: nil)
  }
}
