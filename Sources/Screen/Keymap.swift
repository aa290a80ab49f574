/// Bindings of keys to actions, kept in the order they were written, for help.
///
/// Entries stay a list instead of a dictionary, so that a key bound twice can be found by a test
/// rather than ending the program when the literal is built.
package struct Keymap: Sendable, ExpressibleByDictionaryLiteral {
  package indirect enum Node: Sendable {
    case action(Action)
    /// More keys follow; the name heads them in help.
    case prefix(String, Keymap)
  }

  package let entries: [(key: KeyEvent, node: Node)]

  package init(dictionaryLiteral elements: (KeyEvent, Node)...) {
    entries = elements.map { (key: $0.0, node: $0.1) }
  }

  /// What a key does, or nil.
  package subscript(key: KeyEvent) -> Node? { entries.first { $0.key == key }?.node }

  /// The action that a key has directly.
  package func action(for event: InputEvent) -> Action? {
    guard case .key(let key) = event, case .action(let action)? = self[key] else { return nil }
    return action
  }

  /// Every key sequence with its action, prefixes spelled out.
  package var bindings: [(keys: [KeyEvent], action: Action)] {
    entries.flatMap { entry -> [(keys: [KeyEvent], action: Action)] in
      switch entry.node {
      case .action(let action): [([entry.key], action)]
      case .prefix(_, let map): map.bindings.map { ([entry.key] + $0.keys, $0.action) }
      }
    }
  }

  /// Keys that are bound more than once at the same level.
  package var duplicates: [KeyEvent] {
    var seen: Set<KeyEvent> = []
    var twice: [KeyEvent] = []
    for entry in entries {
      if !seen.insert(entry.key).inserted { twice.append(entry.key) }
      if case .prefix(_, let map) = entry.node { twice += map.duplicates }
    }
    return twice
  }
}

/// What a key can do.
package enum Action: String, CaseIterable, Hashable, Sendable {
  case submit, insertNewline
  case deleteBackward, deleteForward, deleteWordBackward, deleteWordForward
  case killToLineStart, killToLineEnd, yank
  case moveLeft, moveRight, moveWordLeft, moveWordRight, moveToLineStart, moveToLineEnd
  case moveUp, moveDown, historyPrevious, historyNext
  case searchHistory, searchNewer, accept, cancel
  case complete, completePrevious
  case interrupt, endOfInput, redraw, focusNext, editExternally, suspend
  case scrollPageUp, scrollPageDown, scrollUp, scrollDown, scrollToTop, scrollToBottom
  case stepNextToken, stepPreviousToken, stepPreviousHead, stepNextHead
  case stepUpLayer, stepDownLayer, stepMethod, stepOverlay, stepExport, stepRepeat, stepQuit

  /// What the action does, for help.
  package var help: String {
    switch self {
    case .submit: "send the line"
    case .insertNewline: "begin another line"
    case .deleteBackward: "delete the character before the cursor"
    case .deleteForward: "delete the character under the cursor"
    case .deleteWordBackward: "delete the word before the cursor"
    case .deleteWordForward: "delete the word after the cursor"
    case .killToLineStart: "cut to the start of the line"
    case .killToLineEnd: "cut to the end of the line"
    case .yank: "insert what was cut"
    case .moveLeft: "one character left"
    case .moveRight: "one character right"
    case .moveWordLeft: "one word left"
    case .moveWordRight: "one word right"
    case .moveToLineStart: "to the start of the line"
    case .moveToLineEnd: "to the end of the line"
    case .moveUp: "line above, or older input"
    case .moveDown: "line below, or newer input"
    case .historyPrevious: "older input"
    case .historyNext: "newer input"
    case .searchHistory: "search the history"
    case .searchNewer: "search towards newer input"
    case .accept: "take it"
    case .cancel: "leave without taking it"
    case .complete: "complete the word"
    case .completePrevious: "the completion before"
    case .interrupt: "cancel what runs"
    case .endOfInput: "quit, on an empty line"
    case .redraw: "draw the screen again"
    case .focusNext: "move the focus to the other pane"
    case .editExternally: "edit the line in $EDITOR"
    case .suspend: "suspend to the shell"
    case .scrollPageUp: "scroll a page up"
    case .scrollPageDown: "scroll a page down"
    case .scrollUp: "scroll a row up"
    case .scrollDown: "scroll a row down"
    case .scrollToTop: "scroll to the first row"
    case .scrollToBottom: "scroll to the last row"
    case .stepNextToken: "next token"
    case .stepPreviousToken: "previous token"
    case .stepPreviousHead: "previous head"
    case .stepNextHead: "next head"
    case .stepUpLayer: "layer above"
    case .stepDownLayer: "layer below"
    case .stepMethod: "change the method"
    case .stepOverlay: "overlay on or off"
    case .stepExport: "export the map"
    case .stepRepeat: "repeat the last step"
    case .stepQuit: "leave the stepper"
    }
  }
}
