import CCurses
import Foundation
import Screen

/// The terminal that the process runs in, drawn to and read from through ncurses.
///
/// curses keeps its state in globals, so there is at most one, and it belongs to the thread that
/// made it.
package final class CursesBackend: ScreenBackend {
  package let colors: TerminalColors
  /// Whether the terminal is sent UTF-8; without it everything is shown in ASCII.
  package let isUnicode: Bool
  private var pairs: PairTable
  private var decoder = KeyDecoder()
  private var isOpen = true

  /// Takes the terminal over: alternate screen, raw keys, bracketed paste.
  package init() throws(TerminalError) {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { throw .notATerminal }
    isUnicode = gaze_locale_open()
    let description = try Self.describe()
    gaze_guard_open(description.reset, Int32(description.reset.count))
    colors = description.colors
    guard Self.open(colors, description) else {
      gaze_guard_close()
      throw .unknownTerminal(description.name)
    }
    pairs = PairTable(limit: min(Int(gaze_curses_pairs()), 1 << 16))
  }

  /// Gives the terminal back as it was.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    gaze_curses_close()
    gaze_guard_close()
  }

  deinit { close() }

  // MARK: Start

  private struct Description {
    let name: String
    let colors: TerminalColors
    /// A description for direct colour, when the terminal has it but its own does not say so.
    let direct: String?
    /// What a crash handler sends.
    let reset: [CChar]
  }

  private static func describe() throws(TerminalError) -> Description {
    let name = ProcessInfo.processInfo.environment["TERM"] ?? ""
    guard gaze_terminfo_open() else { throw .unknownTerminal(name) }
    defer { gaze_terminfo_close() }
    guard gaze_terminfo_string("cup") != nil else { throw .cursorCannotMove(name) }
    let hasFlag = gaze_terminfo_flag("RGB") || gaze_terminfo_flag("Tc")
    let count = Int(gaze_terminfo_number("colors"))
    let colors = TerminalColors(
      environment: ProcessInfo.processInfo.environment, count: count, hasDirectFlag: hasFlag)
    let isDirectAlready = gaze_terminfo_flag("RGB") && count >= 1 << 24
    let needsEntry = colors == .direct && !isDirectAlready
    return Description(
      name: name, colors: colors,
      direct: needsEntry ? DirectColorEntry.hexadecimal(name: name) : nil, reset: resetBytes())
  }

  /// Ends a paste mode, attributes, the keypad mode and the alternate screen, shows the cursor.
  private static func resetBytes() -> [CChar] {
    var text = "\u{1b}[?2004l"
    for name in ["sgr0", "rmkx", "cnorm", "rmcup"] {
      guard let value = gaze_terminfo_string(name) else { continue }
      text += withoutPauses(String(cString: value))
    }
    return (text + "\r\n").utf8.map { CChar(bitPattern: $0) }
  }

  /// Descriptions of old terminals hold pauses such as `$<50/>`; a crash cannot wait.
  private static func withoutPauses(_ text: String) -> String {
    var kept = ""
    var rest = Substring(text)
    while let start = rest.firstIndex(of: "$") {
      kept += rest[..<start]
      rest = rest[start...]
      guard rest.hasPrefix("$<"), let end = rest.firstIndex(of: ">") else {
        kept.append(rest.removeFirst())
        continue
      }
      rest = rest[rest.index(after: end)...]
    }
    return kept + rest
  }

  /// Opens the screen, with the description for direct colour where that is needed and works.
  private static func open(_ colors: TerminalColors, _ description: Description) -> Bool {
    guard colors == .direct, let direct = description.direct else { return gaze_curses_open() }
    let name = "TERMINFO"
    let before = ProcessInfo.processInfo.environment[name]
    setenv(name, "hex:" + direct, 1)
    defer {
      // Programs started from here must find their own descriptions.
      if let before { setenv(name, before, 1) } else { unsetenv(name) }
    }
    if gaze_curses_open() { return true }
    if let before { setenv(name, before, 1) } else { unsetenv(name) }
    return gaze_curses_open()
  }

  // MARK: Drawing

  package var size: (rows: Int, columns: Int) {
    var (rows, columns): (Int32, Int32) = (0, 0)
    gaze_curses_size(&rows, &columns)
    return (Int(rows), Int(columns))
  }

  package func present(_ grid: Grid, cursor: Position?) {
    pairs.beginFrame()
    for row in 0..<grid.rows {
      var column = 0
      while column < grid.columns {
        let cell = grid[row, column]
        put(cell, row: row, column: column)
        column += max(1, Int(cell.width))
      }
    }
    gaze_curses_show(Int32(cursor?.row ?? -1), Int32(cursor?.column ?? 0))
  }

  /// Draws everything again at the next ``present(_:cursor:)``.
  package func invalidate() { gaze_curses_redraw() }

  /// Adopts the terminal's present size.
  package func adoptSize() { gaze_curses_resize() }

  /// Lends the terminal to `body`, which may run another program in it.
  package func lend(_ body: () -> Void) {
    gaze_curses_suspend()
    body()
    reclaim()
  }

  /// Sets the terminal's modes once more and draws everything again.
  package func reclaim() { gaze_curses_resume() }

  private func put(_ cell: Cell, row: Int, column: Int) {
    var attributes = UInt32(cell.style.attributes.rawValue)
    if colors.needsBold(for: cell.style.foreground) { attributes |= UInt32(GAZE_BOLD) }
    let pair = pair(for: cell.style)
    let scalars = shown(cell)
    put(scalars, row, column, attributes, pair)
    // A wide character replaced by a narrow one leaves its second column.
    if cell.width == 2, scalars[0] < 0x80 { put([0x20], row, column + 1, attributes, pair) }
  }

  private func put(
    _ scalars: [UInt32], _ row: Int, _ column: Int, _ attributes: UInt32, _ pair: Int
  ) {
    gaze_curses_put(
      Int32(row), Int32(column), scalars, Int32(scalars.count), attributes, Int32(pair))
  }

  /// The scalars to send for a cell: its own where the terminal and the C library agree with the
  /// grid about their width, else ASCII.
  private func shown(_ cell: Cell) -> [UInt32] {
    if cell.base.value < 0x7f, cell.marks.isEmpty { return [max(0x20, cell.base.value)] }
    guard isUnicode, gaze_wcwidth(cell.base.value) == Int32(cell.width) else {
      return [ASCIIFallback.scalar(for: cell.base).value]
    }
    return [cell.base.value]
      + cell.marks.map(\.value).filter { gaze_wcwidth($0) == 0 }
  }

  private func pair(for style: Style) -> Int {
    let foreground = colors.number(of: style.foreground)
    let background = colors.number(of: style.background)
    guard let entry = pairs.entry(foreground: foreground, background: background) else {
      return 0
    }
    if entry.isNew {
      gaze_curses_define_pair(Int32(entry.number), Int32(foreground), Int32(background))
    }
    return entry.number
  }

  // MARK: Keys

  /// Everything that has been typed, without waiting.
  package func readEvents() -> [InputEvent] {
    var events: [InputEvent] = []
    while true {
      let code = Int(gaze_curses_read())
      guard code != Int(GAZE_NO_KEY) else { break }
      events += decoder.feed(code)
    }
    return events + decoder.flush()
  }
}
