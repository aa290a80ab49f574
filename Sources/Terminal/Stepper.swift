import Pictures
import Screen

/// The bar in place of the input line while the stepper is active, and its keys.
final class Stepper: Component {
  /// What is being looked at; nil while the stepper is not active.
  var caption: StyledLine?
  var onKey: (StepperKey) -> Void = { _ in }

  func handle(_ event: InputEvent) -> Bool {
    guard caption != nil else { return false }
    if let action = Keymap.standard(.stepper).action(for: event), let key = StepperKey(action) {
      onKey(key)
      return true
    }
    // Text is swallowed, so that a mistyped letter does not end up in the hidden input line.
    switch event {
    case .paste: return true
    case .key(let key):
      if case .scalar = key.key { return key.modifiers.isEmpty }
      return false
    }
  }

  func render(into grid: inout Grid, in rect: Rect) {
    grid.fill(rect)
    guard let caption else { return }
    let rows = caption.rows(width: rect.columns).prefix(max(1, rect.rows - 1))
    var column = 0
    for (index, row) in rows.enumerated() { column = grid.put(cells: row, row: index, in: rect) }
    if rect.rows > 1 {
      grid.put(Self.hint, row: rows.count, in: rect, style: .dim)
    } else {
      grid.put(Self.hint, row: 0, column: column > 0 ? column + 2 : 0, in: rect, style: .dim)
    }
  }

  /// One row for the caption and the keys where both fit, else one for the keys and as many as the
  /// caption needs, within a limit.
  func rowCount(width: Int) -> Int {
    guard let caption, !caption.text.isEmpty else { return 1 }
    let together = Glyph.width(of: caption.text) + 2 + Glyph.width(of: Self.hint)
    guard together > width else { return 1 }
    return min(Self.captionRows, caption.rows(width: width).count) + 1
  }

  /// The most rows that the caption takes from the session.
  private static let captionRows = 3
  private static let hint =
    "n/p token ←/→ head ↑/↓ layer m method o overlay e export Enter again q leave"
}
