/// Where a key is looked up.
package enum KeyContext: String, CaseIterable, Hashable, Sendable {
  case input, search, completion, pane, stepper, everywhere
}

extension Keymap {
  /// The keys of one context.
  package static func standard(_ context: KeyContext) -> Keymap {
    switch context {
    case .input: input
    case .search: search
    case .completion: completion
    case .pane: pane
    case .stepper: stepper
    case .everywhere: everywhere
    }
  }

  private static let input: Keymap = [
    .plain(.enter): .action(.submit),
    .alt(.enter): .action(.insertNewline),
    .control("j"): .action(.insertNewline),
    .plain(.backspace): .action(.deleteBackward),
    .control("h"): .action(.deleteBackward),
    .plain(.delete): .action(.deleteForward),
    .control("w"): .action(.deleteWordBackward),
    .alt(.backspace): .action(.deleteWordBackward),
    .alt("d"): .action(.deleteWordForward),
    .control("u"): .action(.killToLineStart),
    .control("k"): .action(.killToLineEnd),
    .control("y"): .action(.yank),
    .plain(.left): .action(.moveLeft),
    .control("b"): .action(.moveLeft),
    .plain(.right): .action(.moveRight),
    .control("f"): .action(.moveRight),
    .alt("b"): .action(.moveWordLeft),
    .alt(.left): .action(.moveWordLeft),
    .control(.left): .action(.moveWordLeft),
    .alt("f"): .action(.moveWordRight),
    .alt(.right): .action(.moveWordRight),
    .control(.right): .action(.moveWordRight),
    .plain(.home): .action(.moveToLineStart),
    .control("a"): .action(.moveToLineStart),
    .plain(.end): .action(.moveToLineEnd),
    .control("e"): .action(.moveToLineEnd),
    .plain(.up): .action(.moveUp),
    .plain(.down): .action(.moveDown),
    .control("p"): .action(.historyPrevious),
    .control("n"): .action(.historyNext),
    .control("r"): .action(.searchHistory),
    .plain(.tab): .action(.complete),
  ]

  private static let search: Keymap = [
    .plain(.enter): .action(.submit),
    .plain(.tab): .action(.accept),
    .plain(.escape): .action(.accept),
    .plain(.left): .action(.accept),
    .plain(.right): .action(.accept),
    .control("r"): .action(.searchHistory),
    .plain(.up): .action(.searchHistory),
    .control("s"): .action(.searchNewer),
    .plain(.down): .action(.searchNewer),
    .plain(.backspace): .action(.deleteBackward),
    .control("h"): .action(.deleteBackward),
    .control("g"): .action(.cancel),
    .control("c"): .action(.cancel),
  ]

  private static let completion: Keymap = [
    .plain(.tab): .action(.complete),
    .plain(.down): .action(.complete),
    .shift(.tab): .action(.completePrevious),
    .plain(.up): .action(.completePrevious),
    .plain(.enter): .action(.accept),
    .plain(.escape): .action(.cancel),
    .control("g"): .action(.cancel),
    .control("c"): .action(.cancel),
  ]

  private static let pane: Keymap = [
    .plain(.up): .action(.scrollUp),
    .plain("k"): .action(.scrollUp),
    .plain(.down): .action(.scrollDown),
    .plain("j"): .action(.scrollDown),
    .plain(" "): .action(.scrollPageDown),
    .plain("b"): .action(.scrollPageUp),
    .plain(.home): .action(.scrollToTop),
    .plain("g"): .action(.scrollToTop),
    .plain(.end): .action(.scrollToBottom),
    .plain("G"): .action(.scrollToBottom),
    .plain(.escape): .action(.focusNext),
    .plain(.enter): .action(.focusNext),
    .plain("q"): .action(.focusNext),
  ]

  private static let stepper: Keymap = [
    .plain("n"): .action(.stepNextToken),
    .plain("p"): .action(.stepPreviousToken),
    .plain(.left): .action(.stepPreviousHead),
    .plain(.right): .action(.stepNextHead),
    .plain(.up): .action(.stepUpLayer),
    .plain(.down): .action(.stepDownLayer),
    .plain("m"): .action(.stepMethod),
    .plain("o"): .action(.stepOverlay),
    .plain("e"): .action(.stepExport),
    .plain(.enter): .action(.stepRepeat),
    .plain("q"): .action(.stepQuit),
    .plain(.escape): .action(.stepQuit),
  ]

  private static let everywhere: Keymap = [
    .control("c"): .action(.interrupt),
    .control("d"): .action(.endOfInput),
    .control("l"): .action(.redraw),
    .control("z"): .action(.suspend),
    .control("g"): .action(.editExternally),
    .plain(.pageUp): .action(.scrollPageUp),
    .plain(.pageDown): .action(.scrollPageDown),
    .control("x"): .prefix(
      "window",
      [
        .plain("o"): .action(.focusNext),
        .control("o"): .action(.focusNext),
        .control("e"): .action(.editExternally),
      ]),
  ]
}
