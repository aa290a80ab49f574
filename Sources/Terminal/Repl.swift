import Pictures
import Screen

/// The interactive session on a screen: it turns events and messages into state and state into a
/// grid. It knows neither curses nor threads, so tests drive it with values.
package final class Repl {
  /// What only the owner of the real terminal can do.
  package enum Request: Hashable, Sendable {
    case redraw
    case suspend
    case edit(String)
    case quit(Int32)
  }

  /// What the session behind the screen does one at a time.
  private enum Work {
    case line(String)
    case step(StepperKey)
    case end
  }

  let session = SessionPane()
  let preview = PreviewPane()
  let status = StatusLine()
  let editor: LineEditor
  let stepper = Stepper()
  let popup: CompletionPopup
  private let compositor = Compositor()
  private let host: TerminalHost
  private let historyFile: HistoryFile?

  private var screen: Rect
  private var facts: [StatusLine.Segment] = []
  private var progress: String?
  /// A remark in the status line that the next key removes.
  private var hint: String?
  private var prefix: (name: String, map: Keymap)?
  private var placement = PreviewPlacement.auto
  /// What waits for the running command to end.
  private var queued: [Work] = []
  private var requests: [Request] = []
  /// The layout of the present state, which several layers ask for in turn.
  private var known: (screen: Rect, layout: ReplLayout)?
  package private(set) var isBusy = false
  /// Whether the screen no longer shows the state.
  package private(set) var needsDrawing = true {
    didSet { known = nil }
  }

  package init(host: TerminalHost, rows: Int, columns: Int) {
    self.host = host
    screen = Rect(rows: rows, columns: columns)
    historyFile = host.historyPath.map { HistoryFile(path: $0) }
    editor = LineEditor(prompt: host.prompt)
    popup = CompletionPopup(editor)
    editor.completer = host.complete
    editor.isUnfinished = host.isUnfinished
    editor.onSubmit = { [unowned self] in send($0) }
    editor.onRemark = { [unowned self] in remark($0) }
    stepper.onKey = { [unowned self] in step($0) }
    loadHistory()
    stackLayers()
  }

  /// Back to front. The divider needs no component of its own: it is drawn with the layout.
  private func stackLayers() {
    compositor.layers = [
      .init(session) { [unowned self] in layout(on: $0).session },
      .init(preview) { [unowned self] in
        let rect = layout(on: $0).preview
        return rect.isEmpty ? nil : rect
      },
      .init(status) { [unowned self] in layout(on: $0).status },
      .init(editor) { [unowned self] in
        stepper.caption == nil && !session.isFocused ? layout(on: $0).input : nil
      },
      .init(popup) { [unowned self] in
        guard popup.rowCount > 0 else { return nil }
        let layout = layout(on: $0)
        return Rect(
          row: 0, column: layout.input.column, rows: layout.status.row, columns: $0.columns)
      },
      .init(stepper) { [unowned self] in stepper.caption == nil ? nil : layout(on: $0).input },
    ]
  }

  // MARK: Events

  /// Deals with a key or a paste.
  package func handle(_ event: InputEvent) {
    needsDrawing = true
    hint = nil
    if let prefix, case .key(let key) = event {
      self.prefix = nil
      if case .action(let action)? = prefix.map[key] {
        perform(action)
      } else {
        hint = "\(key.name) does nothing after \(prefix.name)"
      }
      return
    }
    if case .paste = event, session.isFocused { session.isFocused = false }
    if compositor.handle(event, screen: screen) { return }
    guard case .key(let key) = event else { return }
    switch Keymap.standard(.everywhere)[key] {
    case .action(let action): perform(action)
    case .prefix(_, let map): prefix = (key.name, map)
    case nil: typeIntoUnfocusedInput(event)
    }
  }

  /// A letter typed while the session pane has the focus goes to the input line, as it would
  /// otherwise be lost.
  private func typeIntoUnfocusedInput(_ event: InputEvent) {
    guard session.isFocused, stepper.caption == nil else { return }
    session.isFocused = false
    _ = editor.handle(event)
  }

  package func resize(rows: Int, columns: Int) {
    screen = Rect(rows: rows, columns: columns)
    needsDrawing = true
  }

  /// A signal that asks to interrupt, as Ctrl-C does.
  package func interrupt() { perform(.interrupt) }

  /// Takes back a text that was edited elsewhere.
  package func finishEditing(_ text: String) {
    editor.replace(with: text)
    needsDrawing = true
  }

  /// Shows a remark until the next key.
  package func remark(_ text: String) {
    hint = text
    needsDrawing = true
  }

  /// What is to be done outside, in order; asking empties the list.
  package func takeRequests() -> [Request] {
    defer { requests = [] }
    return requests
  }

  private func perform(_ action: Action) {
    needsDrawing = true
    switch action {
    case .interrupt: interruptOrClear()
    case .endOfInput: endInput()
    case .redraw: requests.append(.redraw)
    case .suspend: requests.append(.suspend)
    case .editExternally: if stepper.caption == nil { requests.append(.edit(editor.text)) }
    case .focusNext: session.isFocused.toggle()
    default: _ = session.perform(action)
    }
  }

  private func interruptOrClear() {
    if isBusy {
      host.interrupt()
      let count = queued.count
      queued = []
      hint = count > 0 ? "cancelling; \(count) waiting dropped" : "cancelling"
    } else if stepper.caption != nil {
      step(.quit)
    } else if !editor.isEmpty {
      editor.clear()
    } else {
      hint = "Ctrl-D or :quit leaves"
    }
  }

  private func endInput() {
    if stepper.caption != nil {
      step(.quit)
    } else if !editor.isEmpty {
      _ = editor.perform(.deleteForward)
    } else if isBusy {
      hint = "a command runs; Ctrl-C cancels it"
    } else {
      start(.end)
    }
  }

  private func step(_ key: StepperKey) { start(.step(key)) }

  // MARK: Input

  private func loadHistory() {
    guard let historyFile else { return }
    do {
      editor.history = try historyFile.load()
    } catch {
      hint = error.description
    }
  }

  /// Remembers a line and runs it, now or after what runs.
  private func send(_ line: String) {
    guard !line.allSatisfy(\.isWhitespace) else { return }
    session.scrollToBottom()
    if History.isWorthy(line), let historyFile {
      do {
        try historyFile.append(line)
      } catch {
        hint = error.description
      }
    }
    start(.line(line))
  }

  /// Runs it now or after what runs.
  private func start(_ work: Work) {
    guard !isBusy else { return queued.append(work) }
    isBusy = true
    switch work {
    case .line(let line):
      show(line)
      host.submit(line)
    case .step(let key): host.step(key)
    case .end: host.endInput()
    }
  }

  /// Shows a line that was typed, as it leaves the input.
  private func show(_ line: String) {
    let lines = line.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, text) in lines.enumerated() {
      let lead = index == 0 ? host.prompt : "… "
      session.append(StyledLine([Span(lead, .dim), Span(String(text), .bold)], hangingIndent: 2))
    }
  }

  // MARK: Messages

  /// Applies what the session says.
  package func apply(_ message: TerminalMessage) {
    needsDrawing = true
    switch message {
    case .lines(let lines): for line in lines { session.append(line) }
    case .text(let text, let style): session.extend(text, style: style)
    case .picture(let picture): session.append(picture)
    case .preview(let picture, let caption): preview.show(picture, caption: caption)
    case .status(let segments): facts = segments
    case .progress(let text): progress = text
    case .busy(let isBusy): setBusy(isBusy)
    case .stepper(let caption):
      stepper.caption = caption
      session.isFocused = false
    case .placement(let placement): self.placement = placement
    case .focusNext: session.isFocused.toggle()
    case .quit(let code): requests.append(.quit(code))
    }
  }

  private func setBusy(_ busy: Bool) {
    isBusy = busy
    guard !busy else { return }
    progress = nil
    if !queued.isEmpty { start(queued.removeFirst()) }
  }

  // MARK: Drawing

  /// The screen as it should be now, and the cursor.
  package func draw() -> (grid: Grid, cursor: Position?) {
    needsDrawing = false
    status.segments = statusSegments
    var grid = Grid(rows: screen.rows, columns: screen.columns)
    let divider = layout(on: screen).divider
    grid.fill(divider, with: Cell("│", style: .dim))
    compositor.render(into: &grid)
    return (grid, compositor.cursor(screen: screen))
  }

  private var statusSegments: [StatusLine.Segment] {
    var segments: [StatusLine.Segment] = []
    if let hint { segments.append(.init(hint, priority: 100)) }
    if let prefix { segments.append(.init(prefix.name + " …", priority: 99)) }
    if isBusy { segments.append(.init(progress ?? "running", style: .bold, priority: 90)) }
    if !queued.isEmpty { segments.append(.init("\(queued.count) waiting", priority: 80)) }
    return segments + facts
  }

  private func layout(on screen: Rect) -> ReplLayout {
    if let known, known.screen == screen { return known.layout }
    let layout = ReplLayout(
      screen: screen,
      inputRows: stepper.caption == nil
        ? editor.rowCount(width: screen.columns) : stepper.rowCount(width: screen.columns),
      placement: placement, hasPreview: !preview.isEmpty,
      previewRows: { preview.rows(width: $0, limit: $1) })
    known = (screen, layout)
    return layout
  }
}
