import Pictures

/// One piece of a session's output.
package enum SessionBlock: Hashable, Sendable {
  case line(StyledLine)
  case picture(CellPicture)

  var bytes: Int {
    switch self {
    case .line(let line): line.bytes
    case .picture(let picture): 64 + picture.cells.count * MemoryLayout<PictureCell>.stride
    }
  }

  /// The rows of the block in a pane of this width; a picture that is too wide is cut.
  func rows(width: Int) -> [[Cell]] {
    switch self {
    case .line(let line): line.rows(width: width)
    case .picture(let picture):
      (0..<picture.rows).map { row in
        (0..<min(width, picture.columns)).map { Cell(picture[row, $0]) }
      }
    }
  }

  func rowCount(width: Int) -> Int {
    switch self {
    case .line: rows(width: width).count
    case .picture(let picture): picture.rows
    }
  }
}

/// A session's output within a bound of memory, and the place in it that is being looked at.
///
/// Blocks are broken into rows only when they are looked at, so that neither a long session nor a
/// resize costs more than a screenful. The place is a row of a block rather than of the whole, so
/// that it stays put when the width changes or old blocks leave.
package struct Scrollback: Sendable {
  /// The number of a block, which it keeps when older ones leave, and a row in it.
  struct Place: Hashable, Sendable {
    var block: Int
    var row: Int
  }

  /// The most blocks and bytes that are kept.
  package let blockLimit: Int
  package let byteLimit: Int

  private var blocks: [SessionBlock] = []
  /// How many at the front of `blocks` have left; they are cut off in bulk.
  private var gone = 0
  /// The number of `blocks[0]`.
  private var base = 0
  private var bytes = 0
  /// The top row being looked at, or nil at the bottom.
  private(set) var top: Place?

  package init(blockLimit: Int = 20_000, byteLimit: Int = 16 << 20) {
    self.blockLimit = max(1, blockLimit)
    self.byteLimit = max(1, byteLimit)
  }

  private var numbers: Range<Int> { base + gone..<base + blocks.count }

  package var count: Int { blocks.count - gone }

  /// Whether the last row is in view and new ones will push it up.
  package var isAtBottom: Bool { top == nil }

  /// The blocks that are kept, the oldest first.
  package var kept: ArraySlice<SessionBlock> { blocks[gone...] }

  package mutating func append(_ block: SessionBlock) {
    blocks.append(block)
    bytes += block.bytes
    shrink()
  }

  /// Adds spans to the last line, or begins one when the last block is a picture.
  package mutating func extendLastLine(_ spans: [Span]) {
    guard count > 0, case .line(var line) = blocks[blocks.count - 1] else {
      append(.line(StyledLine(spans)))
      return
    }
    bytes -= line.bytes
    for span in spans {
      // One span per style keeps a line of a thousand tokens from becoming a thousand spans.
      if let last = line.spans.indices.last, line.spans[last].style == span.style {
        line.spans[last].text += span.text
      } else {
        line.spans.append(span)
      }
    }
    bytes += line.bytes
    blocks[blocks.count - 1] = .line(line)
    shrink()
  }

  private mutating func shrink() {
    while count > 1, count > blockLimit || bytes > byteLimit {
      bytes -= blocks[gone].bytes
      blocks[gone] = .line(StyledLine())
      gone += 1
    }
    if gone > 1024, gone > blocks.count / 2 {
      blocks.removeFirst(gone)
      base += gone
      gone = 0
    }
    if let place = top, place.block < numbers.lowerBound {
      top = Place(block: numbers.lowerBound, row: 0)
    }
  }

  private subscript(number: Int) -> SessionBlock { blocks[number - base] }

  /// The rows in view, at most `height`, the first at the top.
  package func visibleRows(width: Int, height: Int) -> [[Cell]] {
    guard height > 0, count > 0 else { return [] }
    let start = top ?? bottomTop(width: width, height: height)
    var rows: [[Cell]] = []
    for number in max(start.block, numbers.lowerBound)..<numbers.upperBound {
      let own = self[number].rows(width: width)
      let first = number == start.block ? min(start.row, max(0, own.count - 1)) : 0
      rows += own.dropFirst(first).prefix(height - rows.count)
      if rows.count >= height { break }
    }
    return rows
  }

  /// Moves the view by rows, up when negative, and follows the bottom again once it is reached.
  package mutating func scroll(by delta: Int, width: Int, height: Int) {
    guard count > 0, height > 0 else { return }
    let bottom = bottomTop(width: width, height: height)
    let place = moved(top ?? bottom, by: delta, width: width)
    let isBelow = (place.block, place.row) >= (bottom.block, bottom.row)
    top = isBelow ? nil : place
  }

  package mutating func scrollToTop(width: Int, height: Int) {
    guard count > 0 else { return }
    top = Place(block: numbers.lowerBound, row: 0)
    scroll(by: 0, width: width, height: height)
  }

  package mutating func scrollToBottom() { top = nil }

  /// The place whose row is at the top when the last row is at the bottom.
  private func bottomTop(width: Int, height: Int) -> Place {
    var left = height
    for number in numbers.reversed() {
      let rows = self[number].rowCount(width: width)
      if rows >= left { return Place(block: number, row: rows - left) }
      left -= rows
    }
    return Place(block: numbers.lowerBound, row: 0)
  }

  private func moved(_ place: Place, by delta: Int, width: Int) -> Place {
    var block = min(max(place.block, numbers.lowerBound), numbers.upperBound - 1)
    var row = place.row + delta
    while row < 0 {
      guard block > numbers.lowerBound else { return Place(block: block, row: 0) }
      block -= 1
      row += self[block].rowCount(width: width)
    }
    while true {
      let rows = self[block].rowCount(width: width)
      if row < rows { return Place(block: block, row: row) }
      guard block + 1 < numbers.upperBound else {
        return Place(block: block, row: max(0, rows - 1))
      }
      row -= rows
      block += 1
    }
  }
}
