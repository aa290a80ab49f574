/// The input line: editing, history, search and completion.
///
/// It decides nothing about what the text means: lines go to `onSubmit`, completions come from
/// `completer`.
package final class LineEditor: Component {
  package internal(set) var buffer = LineBuffer()
  package var history: History
  package let prompt: String
  /// Called with each line sent, after it has entered the history.
  package var onSubmit: (String) -> Void = { _ in }
  /// Whether a text is not a whole input yet, so that Enter begins another line.
  package var isUnfinished: (_ text: String) -> Bool = { _ in false }
  /// Called with what the user should know, such as why a text was not taken.
  package var onRemark: (String) -> Void = { _ in }
  /// The completions of a text at a cursor (a UTF-8 offset).
  package var completer: (_ text: String, _ cursor: Int) -> [Completion] = { _, _ in [] }

  /// Where in the history the text came from, and what was being typed before.
  private var recall: (index: Int, draft: String)?
  var search: Search?
  var completions: CompletionList?
  /// The first row shown when the text has more rows than its rectangle.
  var firstRow = 0
  /// The layout last made, and what it was made of.
  var known: (width: Int, prompt: String, buffer: LineBuffer, layout: Layout)?

  /// An incremental search: what is looked for and where it was found.
  struct Search {
    var query = ""
    var found: Int?
    var draft: String
  }

  package init(history: History = History(), prompt: String = "> ") {
    self.history = history
    self.prompt = prompt
  }

  package var text: String { buffer.text }
  package var isEmpty: Bool { buffer.isEmpty && search == nil }

  /// Replaces the text, as after editing it elsewhere.
  package func replace(with text: String) {
    leaveModes()
    buffer.replace(with: text)
  }

  /// Empties the line.
  package func clear() { replace(with: "") }

  private func leaveModes() {
    recall = nil
    search = nil
    completions = nil
  }

  package func handle(_ event: InputEvent) -> Bool {
    if case .paste(let text) = event {
      completions = nil
      if search != nil { endSearch(keeping: true) }
      insert(text)
      return true
    }
    if search != nil, handleSearch(event) { return true }
    if completions != nil, handleCompletion(event) { return true }
    if let action = Keymap.standard(.input).action(for: event) { return perform(action) }
    guard case .key(let key) = event, case .scalar(let scalar) = key.key, key.modifiers.isEmpty
    else { return false }
    insert(String(scalar))
    if completions != nil { refreshCompletions() }
    return true
  }

  /// Carries out an action of the input line; false when it is none.
  package func perform(_ action: Action) -> Bool {
    switch action {
    case .submit: submit()
    case .insertNewline: insert("\n")
    case .deleteBackward: buffer.deleteBackward()
    case .deleteForward: buffer.deleteForward()
    case .deleteWordBackward: buffer.deleteWordBackward()
    case .deleteWordForward: buffer.deleteWordForward()
    case .killToLineStart: buffer.killToLineStart()
    case .killToLineEnd: buffer.killToLineEnd()
    case .yank: buffer.yank()
    case .moveLeft: buffer.moveLeft()
    case .moveRight: buffer.moveRight()
    case .moveWordLeft: buffer.moveWordLeft()
    case .moveWordRight: buffer.moveWordRight()
    case .moveToLineStart: buffer.moveToLineStart()
    case .moveToLineEnd: buffer.moveToLineEnd()
    case .moveUp: if !buffer.moveLine(by: -1) { recallOlder() }
    case .moveDown: if !buffer.moveLine(by: 1) { recallNewer() }
    case .historyPrevious: recallOlder()
    case .historyNext: recallNewer()
    case .searchHistory:
      // The search changes the text under the list, whose offsets would then be wrong.
      completions = nil
      search = Search(draft: buffer.text)
    case .complete: complete()
    default: return false
    }
    if completions != nil, action != .complete { refreshCompletions() }
    return true
  }

  private func insert(_ text: String) {
    guard !buffer.insert(text) else { return }
    onRemark(
      "not inserted: the input line takes \(LineBuffer.byteLimit) bytes; longer texts belong in a "
        + "script")
  }

  private func submit() {
    if isUnfinished(buffer.text) {
      buffer.move(toUTF8Offset: .max)
      insert("\n")
      return
    }
    let line = buffer.text
    clear()
    history.append(line)
    onSubmit(line)
  }

  // MARK: History

  private func recallOlder() {
    forgetChangedRecall()
    let index = recall?.index ?? history.entries.count
    guard index > 0, !history.entries.isEmpty else { return }
    show(min(index, history.entries.count) - 1)
  }

  private func recallNewer() {
    forgetChangedRecall()
    guard let recall else { return }
    guard recall.index + 1 < history.entries.count else {
      buffer.replace(with: recall.draft)
      self.recall = nil
      return
    }
    show(recall.index + 1)
  }

  private func show(_ index: Int) {
    recall = (index, recall?.draft ?? buffer.text)
    buffer.replace(with: history.entries[index])
  }

  /// A recalled input that was changed since is what is being typed now, a draft like any other.
  private func forgetChangedRecall() {
    guard let recall else { return }
    let entry = history.entries.indices.contains(recall.index) ? history.entries[recall.index] : ""
    if !entry.utf8.elementsEqual(buffer.text.utf8) { self.recall = nil }
  }

  // MARK: Search

  private func handleSearch(_ event: InputEvent) -> Bool {
    switch Keymap.standard(.search).action(for: event) {
    case .submit:
      endSearch(keeping: true)
      submit()
    case .accept: endSearch(keeping: true)
    case .cancel: endSearch(keeping: false)
    case .searchHistory: find(before: search?.found ?? history.entries.count)
    case .searchNewer: find(after: search?.found ?? history.entries.count)
    case .deleteBackward:
      if search?.query.isEmpty == false { search?.query.removeLast() }
      find(before: history.entries.count)
    default:
      guard case .key(let key) = event, case .scalar(let scalar) = key.key, key.modifiers.isEmpty
      else {
        // Any other key ends the search and then does what it always does.
        endSearch(keeping: true)
        return false
      }
      search?.query.unicodeScalars.append(scalar)
      find(before: (search?.found).map { $0 + 1 } ?? history.entries.count)
    }
    return true
  }

  private func find(before index: Int) {
    guard let query = search?.query, !query.isEmpty else { return }
    if let found = history.search(query, before: index) { search?.found = found }
    showFound(query)
  }

  private func find(after index: Int) {
    guard let query = search?.query, !query.isEmpty else { return }
    if let found = history.search(query, after: index) { search?.found = found }
    showFound(query)
  }

  /// Shows what was found, unless it no longer matches a query that has grown.
  private func showFound(_ query: String) {
    guard let found = search?.found, history.search(query, before: found + 1) == found else {
      search?.found = nil
      return
    }
    buffer.replace(with: history.entries[found])
  }

  private func endSearch(keeping: Bool) {
    if !keeping, let draft = search?.draft { buffer.replace(with: draft) }
    search = nil
  }
}
