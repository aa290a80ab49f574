import Screen

/// Where everything is on a screen of a given size.
struct ReplLayout: Hashable {
  var session: Rect
  /// Empty when there is no preview or no room for it.
  var preview: Rect
  /// Drawn as a line between the two; empty unless the preview is at the right.
  var divider: Rect
  var status: Rect
  var input: Rect

  /// From this width on the preview stands at the right.
  static let wideColumns = 100
  /// Below this height there is no room for a preview above.
  static let tallRows = 16

  /// - Parameters:
  ///   - inputRows: the rows that the input line would like; it gets at most a third.
  ///   - previewRows: the rows that the preview needs at a width within a limit.
  init(
    screen: Rect, inputRows: Int, placement: PreviewPlacement, hasPreview: Bool,
    previewRows: (_ width: Int, _ limit: Int) -> Int
  ) {
    let inputCount = min(max(1, inputRows), max(1, screen.rows / 3))
    var rest = screen
    (rest, input) = rest.split(bottom: inputCount)
    (rest, status) = rest.split(bottom: rest.rows >= 2 ? 1 : 0)
    (session, preview, divider) = (rest, Rect(rows: 0, columns: 0), Rect(rows: 0, columns: 0))
    guard hasPreview else { return }
    switch Self.resolved(placement, screen) {
    case .right:
      let width = min(80, screen.columns * 2 / 5)
      (rest, preview) = rest.split(right: width)
      (session, divider) = rest.split(right: 1)
    case .above:
      let limit = rest.rows / 2
      (preview, session) = rest.split(top: previewRows(rest.columns, limit))
    case .auto, .hidden: break
    }
  }

  private static func resolved(_ placement: PreviewPlacement, _ screen: Rect) -> PreviewPlacement {
    guard placement == .auto else { return placement }
    if screen.columns >= wideColumns { return .right }
    return screen.rows >= tallRows ? .above : .hidden
  }
}
