/// What a grid is shown on.
package protocol ScreenBackend: AnyObject {
  var size: (rows: Int, columns: Int) { get }
  /// Shows the grid; the cursor is hidden when there is no position for it.
  func present(_ grid: Grid, cursor: Position?)
}

/// A screen that only remembers, for tests.
package final class MemoryBackend: ScreenBackend {
  package var size: (rows: Int, columns: Int)
  package private(set) var grid: Grid
  package private(set) var cursor: Position?
  package private(set) var frames = 0

  package init(rows: Int, columns: Int) {
    size = (rows, columns)
    grid = Grid(rows: rows, columns: columns)
  }

  package func present(_ grid: Grid, cursor: Position?) {
    self.grid = grid
    self.cursor = cursor
    frames += 1
  }

  /// The screen as text, one line a row, without trailing blanks.
  package var text: String { grid.lines.joined(separator: "\n") }
}
