import Screen
import Testing

/// A line with `|` for the cursor.
func shown(_ editor: LineEditor) -> String {
  let buffer = editor.buffer
  return String(buffer.characters[..<buffer.cursor]) + "|"
    + String(buffer.characters[buffer.cursor...])
}

@Suite struct LineEditorTests {
  @Test(arguments: [
    ("abc<left>x", "abx|c"), ("abc<C-a>x<C-e>y", "xabcy|"), ("a b c<A-b><A-b>x", "a x|b c"),
    ("foo bar<C-w>x", "foo x|"), ("foo bar<C-a><C-k><C-y><C-y>", "foo barfoo bar|"),
    ("foo bar<A-b><C-u>", "|bar"), ("한글<bs>국", "한국|"), ("한글<left><left>x", "x|한글"),
    ("가\u{301}<bs>", "|"), ("e\u{301}<left>", "|e\u{301}"), ("ab<left><C-h>", "|b"),
    ("ab<home><del>", "|b"), ("👨‍👩‍👧x<left><bs>", "|x"), ("foo.bar<C-a><A-f>", "foo|.bar"),
    ("foo bar<home><A-d>", "| bar"), ("ab<C-b><C-b><C-f>x", "ax|b"),
    ("one<C-j>two<up>x", "onex|\ntwo"), ("one<C-j>two<C-a>x", "one\nx|two"),
    ("one<C-j>two<up><end><C-k>", "one|two"),
  ])
  func editing(script: String, after: String) {
    let editor = LineEditor()
    editor.type(script)
    #expect(Array(shown(editor).unicodeScalars) == Array(after.unicodeScalars))
  }

  /// A mark that arrives as a key of its own joins the character before it.
  @Test func marksJoinWhatStandsBefore() {
    let editor = LineEditor()
    for scalar in "\u{1112}\u{1161}\u{11ab}".unicodeScalars {
      _ = editor.handle(.key(.plain(scalar)))
    }
    #expect(editor.buffer.characters.count == 1)
    #expect(shown(editor) == "한|")
    editor.type("<bs>")
    #expect(shown(editor) == "|")
  }

  @Test func deletingMayJoinNeighbours() {
    var buffer = LineBuffer("a")
    buffer.insert("x")
    buffer.insert("\u{301}")
    #expect(buffer.characters.count == 2)
    buffer.replace(with: "ab")
    buffer.moveLeft()
    buffer.insert("\u{301}")
    #expect(buffer.characters == ["a\u{301}", "b"])
    #expect(buffer.cursor == 1)
  }

  @Test func enterSendsTheLineAndClears() {
    let editor = LineEditor()
    var sent: [String] = []
    editor.onSubmit = { sent.append($0) }
    editor.type("hello<enter>다시<enter>")
    #expect(sent == ["hello", "다시"])
    #expect(editor.text == "")
  }

  @Test func anUnfinishedTextTakesMoreLines() {
    let editor = LineEditor()
    editor.isUnfinished = { !$0.hasSuffix("two\"\"\"") }
    var sent: [String] = []
    editor.onSubmit = { sent.append($0) }
    editor.type(":ask \"\"\"<enter>one<enter>two\"\"\"")
    #expect(sent.isEmpty)
    editor.type("<enter>")
    #expect(sent == [":ask \"\"\"\none\ntwo\"\"\""])
  }

  @Test func pastesAreTextAndNeverKeys() {
    let editor = LineEditor()
    var sent: [String] = []
    editor.onSubmit = { sent.append($0) }
    editor.type("ab<left>")
    #expect(editor.handle(.paste("1\n\u{1b}[A2\t3")))
    #expect(sent.isEmpty)
    #expect(shown(editor) == "a1\n\u{1b}[A2\t3|b")
  }

  @Test func hugePastesAreRefusedWhole() {
    let editor = LineEditor()
    var remarks: [String] = []
    editor.onRemark = { remarks.append($0) }
    _ = editor.handle(.paste("ab"))
    _ = editor.handle(.paste(String(repeating: "x", count: LineBuffer.byteLimit)))
    #expect(editor.text == "ab")
    #expect(remarks.count == 1)
    #expect(remarks.first?.contains("1048576 bytes") == true)
  }

  @Test func historyWalksBothWaysAndKeepsTheDraft() {
    let editor = LineEditor(history: History(["one", "two"]))
    editor.type("dra<up>")
    #expect(editor.text == "two")
    editor.type("<up><up>")
    #expect(editor.text == "one")
    editor.type("<down><down>")
    #expect(editor.text == "dra")
    editor.type("<down>")
    #expect(editor.text == "dra")
  }

  @Test(arguments: ["<bs>", "<C-w>x", "!"]) func aChangedEntryIsKeptAsTheDraft(change: String) {
    let editor = LineEditor(history: History(["one", "two"]))
    editor.type("<up>" + change)
    let draft = editor.text
    editor.type("<down>")
    #expect(editor.text == draft)
    editor.type("<up><up>")
    #expect(editor.text == "one")
    editor.type("<down><down>")
    #expect(editor.text == draft)
  }

  @Test func searchFindsNewestFirstAndCanBeCancelled() {
    let editor = LineEditor(history: History([":rank cat", ":load a", ":rank dog", ":show"]))
    editor.type("dr<C-r>rank")
    #expect(editor.text == ":rank dog")
    editor.type("<C-r>")
    #expect(editor.text == ":rank cat")
    editor.type("<C-s>")
    #expect(editor.text == ":rank dog")
    editor.type("<C-g>")
    #expect(editor.text == "dr")
    editor.type("<C-r>load<esc>!")
    #expect(shown(editor) == ":load a!|")
  }

  @Test func aFailedSearchSaysSoAndRecovers() {
    let editor = LineEditor(history: History([":rank cat"]))
    editor.type("<C-r>rax")
    #expect(draw(editor, rows: 1, columns: 40).lines[0].hasPrefix("no match `rax`: "))
    editor.type("<bs>")
    #expect(draw(editor, rows: 1, columns: 40).lines == ["search `ra`: :rank cat"])
    var sent: [String] = []
    editor.onSubmit = { sent.append($0) }
    editor.type("<enter>")
    #expect(sent == [":rank cat"])
  }

  @Test func unknownKeysAreLeftToOthers() {
    let editor = LineEditor()
    #expect(editor.type("<C-c><C-l><pgup><A-z>") == [false, false, false, false])
  }
}

@Suite struct CompletionTests {
  static let verbs = [":load", ":log", ":rank", ":layout"]

  private func editor() -> LineEditor {
    let editor = LineEditor()
    editor.completer = { text, cursor in
      let word = text.utf8.prefix(cursor).split(separator: UInt8(ascii: " ")).last ?? []
      let start = cursor - word.count
      return Self.verbs.filter { $0.utf8.starts(with: word) }
        .map { Completion(range: start..<cursor, replacement: $0, note: "a verb") }
    }
    return editor
  }

  @Test func theOnlyCandidateIsInserted() {
    let editor = editor()
    editor.type(":ra<tab>")
    #expect(shown(editor) == ":rank|")
  }

  @Test func whatAllShareIsInsertedAndTheListOpens() {
    let editor = editor()
    editor.type("한 :lo<tab>")
    let popup = CompletionPopup(editor)
    #expect(shown(editor) == "한 :lo|")
    #expect(popup.rowCount == 2)
    #expect(draw(popup, rows: 3, columns: 30).lines == ["", " :load a verb", " :log  a verb"])
    editor.type("<tab><tab><enter>")
    #expect(shown(editor) == "한 :log|")
    #expect(popup.rowCount == 0)
  }

  @Test func typingNarrowsTheListAndEscCloses() {
    let editor = editor()
    let popup = CompletionPopup(editor)
    editor.type(":l<tab>")
    #expect(popup.rowCount == 3)
    editor.type("o")
    #expect(popup.rowCount == 2)
    editor.type("<bs>a")
    #expect(popup.rowCount == 1)
    editor.type("<esc>")
    #expect(popup.rowCount == 0)
    #expect(shown(editor) == ":la|")
  }

  @Test func aSearchClosesTheList() {
    let editor = editor()
    editor.history = History([":rank cat"])
    editor.type(":l<tab><C-r>ca<esc>")
    #expect(CompletionPopup(editor).rowCount == 0)
    editor.type("<tab><enter>")
    #expect(shown(editor) == "|")
  }

  @Test func enterWithoutAChoiceSends() {
    let editor = editor()
    var sent: [String] = []
    editor.onSubmit = { sent.append($0) }
    editor.type(":l<tab><enter>")
    #expect(sent == [":l"])
  }
}

@Suite struct LineEditorDrawingTests {
  @Test func koreanWrapsWithoutSplittingACharacter() {
    let editor = LineEditor(prompt: "> ")
    editor.type("가나다라마")
    let grid = draw(editor, rows: 3, columns: 9)
    #expect(grid.lines == ["> 가나다", "라마", ""])
    #expect(editor.cursor(in: grid.bounds) == Position(row: 1, column: 4))
    editor.type("<C-a><right>")
    #expect(editor.cursor(in: grid.bounds) == Position(row: 0, column: 4))
  }

  @Test func theCursorHasACellAfterAFullRow() {
    let editor = LineEditor(prompt: "> ")
    editor.type("abcd")
    #expect(editor.rowCount(width: 6) == 2)
    #expect(editor.cursor(in: Rect(rows: 2, columns: 6)) == Position(row: 1, column: 0))
  }

  @Test func linesBelowTheFirstAreMarked() {
    let editor = LineEditor(prompt: "> ")
    editor.type("one<C-j>두<C-j>")
    let grid = draw(editor, rows: 3, columns: 20)
    #expect(grid.lines == ["> one", "… 두", "…"])
    #expect(editor.cursor(in: grid.bounds) == Position(row: 2, column: 2))
  }

  @Test func theRowOfTheCursorStaysInView() {
    let editor = LineEditor(prompt: "> ")
    editor.type("1<C-j>2<C-j>3<C-j>4")
    #expect(draw(editor, rows: 2, columns: 10).lines == ["… 3", "… 4"])
    editor.type("<up><up><up>")
    #expect(draw(editor, rows: 2, columns: 10).lines == ["> 1", "… 2"])
  }
}
